"""`--split k-fold` and `leave-one-out` from the command line: finetune, its search, and compare."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from embedder.registry import open_folder
from tests.embedder.finetuning.shops import hidden_label
from tests.embedder.kit import own_cache, tiny_folder
from tests.service.cli.conftest import Vitrine

PRODUCTS = 40


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with own_cache(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose stored vectors hide a label."""
    import torch

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("folded")
    base = tiny_folder(folder / "base")
    embedder = open_folder(base, runtime="torch")
    shop = hidden_label(folder / "shop", folder / "photos", embedder, PRODUCTS)
    shop.put_space(replace(shop.space(embedder.space), embedder=str(base)))
    shop.close()
    return folder / "shop"


def words(shop: Path, *more: object) -> tuple[object, ...]:
    return ("finetune", "--shop", shop, "--label", "kind", "--epochs", 2, *more)


def test_folds_are_shown_one_by_one_with_whose_figures_they_are(vitrine: Vitrine, stored: Path) -> None:
    done = vitrine(*words(stored, "--split", "k-fold", "--folds", 3, "--name", "folded"))
    assert done.code == 0, done.err
    rows = [line.split() for line in done.out.splitlines() if line.split()[:1] in (["1"], ["2"], ["3"])]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert sum(int(row[1]) for row in rows) == 2 * (PRODUCTS - 4)
    for part in (
        "folded: fold by fold",
        "All figures are of the 3 trainings of the split k-fold, not of the weights that are kept",
        "kind: 72 of 72 tested photos have another product of their value to find",
        "mAP@R of kind, tuned minus frozen, fold by fold:",
        f"measured on {2 * (PRODUCTS - 4)}",
    ):
        assert part in done.out
    assert (
        "warning: it is not known whether" in done.err
    )  # the base's folder does not say what it learnt from
    kept = json.loads((stored / "models" / "folded" / "finetuning.json").read_text())
    assert kept["split"] == "k-fold"
    assert [fold["number"] for fold in kept["folds"]["folds"]] == [1, 2, 3]


def test_a_search_over_folds_is_nested(vitrine: Vitrine, stored: Path) -> None:
    asked = ("--split", "k-fold", "--folds", 2, "--search", 2, "--vary", "new-rate", "--sampler", "random")
    done = vitrine(*words(stored, *asked, "--name", "nested", "--json"))
    assert done.code == 0, done.err
    assert done.json["folds"]["nested"] is True
    assert "Nested: in each fold the settings were searched anew" in done.json["folds"]["text"]
    assert "The figures are nested" in done.json["search"]["text"]
    assert all(set(fold["settings"]) == {"new-rate"} for fold in done.json["folds"]["folds"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--folds", 3), "the split stratified has no number of folds; take the split k-fold"),
        (("--split", "k-fold", "--folds", 1), "there are at least 2 folds, not 1"),
        (
            ("--split", "k-fold", "--folds", 99),
            "36 products (near-duplicates count as one) make 2 to 36",
        ),
        (("--split", "leave-one-out"), "takes as many trainings; beyond 9 take the split k-fold"),
        (("--split", "random"), "there is no split 'random'; there are stratified"),
    ],
)
def test_what_cannot_be_split_so(
    vitrine: Vitrine, stored: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[object, ...], message: str
) -> None:
    monkeypatch.setattr("embedder.splits.folds.MOST_LEFT_OUT", 9)
    done = vitrine(*words(stored, *asked, "--name", "x"))
    assert done.code == 2
    assert message in done.err.strip().splitlines()[-1]


def test_compare_tests_every_product_once_over_the_folds(
    vitrine: Vitrine, stored: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("embedder.comparing.compare._costs", lambda *_: {})
    asked = ("--label", "kind", "--methods", "frozen,fixed", "--shares", "100", "--split", "k-fold")
    command = ("embedders", "compare", "--shop", stored, *asked, "--report", tmp_path / "report")
    told = vitrine(*command, "--seeds", "3", "--json").json
    assert told["design"]["split"] == "k-fold"
    counts = list(told["counts"].values()) if "counts" in told else list(told["facts"]["counts"].values())
    assert sum(count["test"] for count in counts) == 2 * (PRODUCTS - 4)
    assert all(sum(count[part] for part in ("train", "validation", "test")) == 72 for count in counts)
    for mean in told["means"]:
        assert mean["map_at_r"]["queries"] == 2 * (PRODUCTS - 4)
        assert mean["seeds"] == 3
    single = vitrine(*command, "--seeds", "1")
    assert single.code == 2
    assert "with the split k-fold every seed is a fold: take at least 2 seeds" in single.err
