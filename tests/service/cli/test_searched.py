"""`vitrine finetune --search`: JSON for machines, tables for people, 2 for what cannot be searched."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cli.searched import show_search
from tests.embedder.finetuning.shops import striped
from tests.embedder.kit import own_cache, tiny_folder
from tests.service.cli.conftest import Vitrine


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with own_cache(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture(scope="module")
def shop_with_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of striped products; every test gives its embedders other names."""
    folder = tmp_path_factory.mktemp("striped")
    striped(folder / "shop", folder / "photos").close()
    tiny_folder(folder / "shop" / "models" / "tiny")
    return folder / "shop"


def words(shop: Path, *more: object) -> tuple[object, ...]:
    return ("finetune", "--shop", shop, "--embedder", "tiny", "--epochs", 2, *more)


def test_a_search_for_people_and_for_machines(vitrine: Vitrine, shop_with_model: Path) -> None:
    asked = ("--search", 3, "--sampler", "random", "--vary", "new-rate", "--vary", "dims=8,16,32")
    shown = vitrine(*words(shop_with_model, *asked, "--name", "a"))
    assert shown.code == 0, shown.err
    for part in (
        "a: the best settings, on validation",
        "new-rate",
        "what mattered most cannot be told: 3 trials were finished; 8 are needed to tell",
        "3 settings were tried (random: 3 finished)",
        "category on products held out",
        f"--shop {shop_with_model} --embedder a",
    ):
        assert part in shown.out
    assert "[I " not in shown.err
    assert logging.getLogger("optuna").getEffectiveLevel() >= logging.ERROR
    told = vitrine(*words(shop_with_model, *asked, "--name", "b", "--json"))
    assert told.code == 0, told.err
    search = told.json["search"]
    assert [varied["name"] for varied in search["varied"]] == ["new-rate", "dims"]
    assert len(search["trials"]) == 3
    best = search["trials"][search["best"] - 1]
    assert told.json["settings"]["goal"]["dims"] == best["values"]["dims"]
    assert told.json["settings"]["optimisation"]["new_rate"] == best["values"]["new-rate"]
    assert Path(told.json["folder"], "search.json").is_file()


def test_what_mattered_is_shown_where_it_can_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    trial = {"number": 1, "state": "finished", "value": 0.5, "values": {"new-rate": 3e-4}, "epochs": 2}
    search = {
        "text": "1 settings were tried",
        "varied": [{"name": "new-rate"}],
        "trials": [trial],
        "importances": {"new-rate": 0.7, "dims": 0.3},
        "importances_text": "by functional ANOVA over the 9 finished trials",
    }
    show_search({"name": "a", "search": search})
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines() if "0.7" in line] == [["new-rate", "0.7"]]
    assert "shares by functional ANOVA over the 9 finished trials" in out
    assert "0.0003" in out


def test_the_best_five_are_shown_best_first(vitrine: Vitrine, shop_with_model: Path) -> None:
    asked = ("--search", 6, "--sampler", "grid", "--vary", "dims=4,8,12", "--vary", "weight-decay=0,0.1")
    shown = vitrine(*words(shop_with_model, *asked))
    assert shown.code == 0, shown.err
    lines = shown.out.splitlines()
    first = next(i for i, line in enumerate(lines) if line.lstrip().startswith("trial")) + 2
    rows = [line.split() for line in lines[first : first + 6]]
    finished = sum(row != [] and row[0].isdigit() for row in rows)
    assert finished == 5
    values = [float(row[1]) for row in rows[:5]]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--search", 0), "a search tries at least 1 setting, not 0"),
        (("--sampler", "grid"), "say how to search: add --search N"),
        (("--search-minutes", 1), "say how to search: add --search N"),
        (("--vary", "dims"), "say how to search: add --search N"),
        (("--search", 3, "--sampler", "best"), "there is no sampler 'best'; there are tpe, random, grid"),
        (("--search", 3, "--vary", "colour"), "there is no setting 'colour' to vary"),
        (("--search", 3, "--vary", "rate"), "--vary rate would do nothing with --strategy fixed"),
        (("--search", 3, "--vary", "new-rate=0:1"), "--vary new-rate cannot be 0"),
    ],
)
def test_what_cannot_be_searched(
    vitrine: Vitrine, shop_with_model: Path, asked: tuple[object, ...], message: str
) -> None:
    done = vitrine(*words(shop_with_model, *asked))
    assert done.code == 2
    assert message in done.err.strip().splitlines()[-1]
