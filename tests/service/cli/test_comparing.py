"""`vitrine embedders compare`: what is printed, what is written, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from embedder.registry import open_folder
from tests.embedder.finetuning.shops import hidden_label
from tests.embedder.kit import tiny_folder
from tests.service.cli.conftest import Ran, Vitrine

USUAL = ("--label", "kind", "--methods", "colour,frozen,fixed", "--shares", "40,100", "--seeds", "1")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose stored vectors hide a label."""
    import torch

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("stored")
    base = tiny_folder(folder / "base")
    embedder = open_folder(base, runtime="torch")
    shop = hidden_label(folder / "shop", folder / "photos", embedder)
    shop.put_space(replace(shop.space(embedder.space), embedder=str(base)))
    shop.close()
    return folder / "shop"


@pytest.fixture
def compare(vitrine: Vitrine, stored: Path, monkeypatch: pytest.MonkeyPatch) -> Vitrine:
    """The command on that shop; costs are not measured, as that takes a process of its own."""
    monkeypatch.setattr("embedder.comparing.compare._costs", lambda *_: {})

    def run(*words: object) -> Ran:
        return vitrine("embedders", "compare", "--shop", stored, *words)

    return run


def test_the_table_then_transfer_then_the_verdict(compare: Vitrine, stored: Path, tmp_path: Path) -> None:
    done = compare(*USUAL, "--report", tmp_path / "report")
    assert done.code == 0, done.err
    for part in ("mAP@R of kind", "recall@1 of kind", "no labels", "40 %", "100 %"):
        assert part in done.out
    rows = {line.split()[0]: line for line in done.out.splitlines() if line.strip()}
    assert rows["fixed"].count("[") == 2
    assert rows["frozen"].count("[") == 1
    assert "Is a fine-tuned embedder worse than the frozen one?" in done.out
    assert done.out.splitlines()[-1] == f"report: {tmp_path / 'report' / 'report.html'}"
    again = compare(*USUAL, "--report", tmp_path / "report", "--json")
    assert again.json["cells"]["ran"] == []
    assert len(again.json["cells"]["known"]) == 4
    kept = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert again.json == {**kept, "report": str(tmp_path / "report")}


def test_what_was_not_run_for_want_of_time_is_said(compare: Vitrine, tmp_path: Path) -> None:
    done = compare(*USUAL, "--minutes", "0.000001", "--report", tmp_path / "report")
    assert done.code == 0, done.err
    assert "4 of 4 cells were not run for want of time" in done.err
    assert "Nothing can be said" in done.out


def test_a_member_that_is_missing_is_named(compare: Vitrine, tmp_path: Path) -> None:
    """The photos of this shop cannot be read, so what learns from them fails."""
    words = ("--label", "kind", "--shares", "100", "--seeds", "1", "--report", tmp_path / "report")
    done = compare(*words, "--methods", "fixed,full,joined")
    assert done.code == 0, done.err
    assert "joined is made of frozen, fixed, without full: failed: " in done.err
    assert "(at 100 %, seed 7)" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--label", "sleeve"), "no product has a value in column 'sleeve'"),
        (("--label", "kind", "--methods", "fixed,magic"), "there is no method magic"),
        (("--label", "kind", "--methods", "fixed,soup"), "soup is made of at least 2 of partial, full"),
        (("--label", "kind", "--methods", "fixed,,full"), "--methods wants names with commas"),
        (("--label", "kind", "--shares", "1,many"), "--shares wants numbers with commas"),
        (("--label", "kind", "--shares", "0"), "per cent"),
        (("--label", "kind", "--also", "kind"), "kind: a label is either learnt or only measured"),
        (("--label", "kind", "--split", "random"), "there is no split 'random'"),
        (("--label", "kind", "--backbones", "bundled", "--epochs", "3"), "--epochs would do nothing"),
        (("--label", "kind", "--minutes", "-1"), "minutes"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(compare: Vitrine, words: tuple[str, ...], said: str) -> None:
    done = compare(*words)
    assert done.code == 2
    assert said in done.err.splitlines()[-1]
    assert "bug" not in done.err


def test_backbones_have_a_table_of_quality_and_cost(
    vitrine: Vitrine, stored: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from embedder.comparing.costs import Cost
    from embedder.comparing.inference import Inference

    cost = Cost(64, 0.5, 2_000_000, Inference(123.0, None, "torch-cpu", "CPU"))
    monkeypatch.setattr("embedder.comparing.frozen.network_cost", lambda *_: cost)
    base = stored.parent / "base"
    words = ("--label", "kind", "--backbones", f"{base},nowhere", "--report", tmp_path)
    done = vitrine("embedders", "compare", "--shop", stored, *words)
    assert done.code == 0, done.err
    assert "123" in done.out
    assert "mAP@R of kind" in done.out
    assert "not run: nowhere: no embedder 'nowhere'" in done.err
    told = vitrine("embedders", "compare", "--shop", stored, *words, "--json").json
    assert [one["spec"] for one in told["backbones"]] == [str(base)]
    assert told["ran"] == []
