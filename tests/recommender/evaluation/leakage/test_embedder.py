"""What is known of the embedder's training, and what follows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recommender.evaluation.leakage import EmbedderTraining, check_embedder
from recommender.evaluation.splits import Fold, split
from tests.recommender.evaluation.shops import shop_with_arrivals

DATA = shop_with_arrivals()
FOLD = split(DATA, "time")
CUT = float(FOLD.until or 0)


def with_late(fold: Fold, name: str) -> Fold:
    """The same fold, where one product is known to have arrived after the cut."""
    arrived = fold.test.items.arrived.copy()
    arrived[fold.test.items.row_of[name]] = CUT + 1
    return replace(fold, test=replace(fold.test, items=fold.test.items.arriving(arrived)))


def status_of(training: EmbedderTraining | None, fold: Fold = FOLD) -> str:
    return check_embedder(training, fold).status


def test_what_is_not_known_is_said() -> None:
    assert status_of(None) == "not possible"
    found = check_embedder(EmbedderTraining("ours"), FOLD)
    assert found.status == "not possible"
    assert found.words.startswith("not known")


def test_an_embedder_that_never_saw_the_shop_passes() -> None:
    assert status_of(EmbedderTraining("bundled", finetuned=False)) == "passed"


def test_the_date_of_the_training_against_the_cut() -> None:
    assert status_of(EmbedderTraining("ours", True, until=CUT - 1)) == "passed"
    found = check_embedder(EmbedderTraining("ours", True, until=CUT), FOLD)
    assert found.status == "flagged"
    assert "not known on which products" in found.words
    assert status_of(EmbedderTraining("ours", True, until=0.0), split(DATA, "last")) == "not possible"


def test_products_from_after_the_cut_fail() -> None:
    fold = with_late(FOLD, "p003")
    found = check_embedder(EmbedderTraining("ours", True, products=("p001", "p003", "gone")), fold)
    assert (found.status, found.examples) == ("failed", ("p003",))
    assert status_of(EmbedderTraining("ours", True, products=("p001", "p002")), fold) == "passed"


def test_what_the_embedder_had_learnt_before_may_not_be_known() -> None:
    half = EmbedderTraining("ours", True, products=("p001", "p003"), complete=False)
    assert status_of(half) == "not possible", "no leak was seen, but not all could be looked at"
    assert status_of(half, with_late(FOLD, "p003")) == "failed", "a leak is one all the same"


def test_cold_products_whose_arrival_is_not_known_are_flagged() -> None:
    fold = split(DATA, "cold-natural")
    cold = fold.test.items.ids[int(np.unique(fold.test.wanted.indices)[0])]
    found = check_embedder(EmbedderTraining("ours", True, products=(cold, "p001")), fold)
    assert (found.status, found.examples) == ("flagged", (cold,))
