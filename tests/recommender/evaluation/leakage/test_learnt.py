"""Artefacts made from the wrong side of the cut."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recommender.evaluation.leakage import LearntFrom, check_learnt
from recommender.evaluation.splits import split
from tests.recommender.evaluation.shops import shop_with_arrivals

DATA = shop_with_arrivals()
FOLD = split(DATA, "time")
CUT = float(FOLD.until or 0)
WEEK = 7 * 86_400.0


def test_what_was_made_from_the_past_passes() -> None:
    record = LearntFrom.of("popularity", FOLD.fit, FOLD.fit.item_counts())
    found = check_learnt(record, FOLD)
    assert (found.status, found.compared) == ("passed", len(FOLD.fit.events))


def test_popularity_over_all_events_is_found() -> None:
    found = check_learnt(LearntFrom.of("popularity", DATA, DATA.item_counts()), FOLD)
    assert found.status == "failed"
    assert f"{len(FOLD.tested)} events from after the cut" in found.words


def test_counts_that_are_not_those_of_the_events_named_are_found() -> None:
    found = check_learnt(LearntFrom.of("IDF weights", FOLD.fit, DATA.item_counts()), FOLD)
    assert found.status == "failed"
    assert "whose count differs" in found.words
    other = check_learnt(LearntFrom.of("IDF weights", FOLD.fit, DATA.item_counts()[:5]), FOLD)
    assert other.status == "failed"


def test_features_as_of_a_moment_after_the_cut_are_found() -> None:
    late = replace(FOLD.fit, asof=CUT + 1)
    assert "as of which" in check_learnt(LearntFrom.of("features", late), FOLD).words


@pytest.mark.parametrize(
    ("opens", "closes", "features", "fault"),
    [
        (CUT - 2 * WEEK, CUT - WEEK, CUT - 2 * WEEK, ""),
        (CUT - WEEK, CUT, CUT - WEEK, ""),
        (CUT - WEEK, CUT + WEEK, CUT - WEEK, "windows of labels that end after the cut"),
        (CUT - WEEK, CUT, CUT, "events from after the first label"),
    ],
)
def test_labels_of_a_re_ranker(opens: float, closes: float, features: float, fault: str) -> None:
    record = LearntFrom.of("the re-ranker", DATA.until(features), labels=(opens, closes))
    found = check_learnt(record, FOLD)
    assert found.status == ("failed" if fault else "passed")
    assert fault in found.words


def test_products_that_should_be_cold_are_found_in_what_was_learnt() -> None:
    fold = split(DATA, "cold-items")
    whole = DATA.until(float(fold.until or 0))
    found = check_learnt(LearntFrom.of("features", whole), fold)
    assert found.status == "failed"
    assert "should be cold" in found.words
    assert check_learnt(LearntFrom.of("features", fold.fit), fold).status == "passed"


def test_without_a_cut_the_events_of_the_test_are_still_found() -> None:
    fold = split(DATA, "last")
    found = check_learnt(LearntFrom.of("popularity", DATA), fold)
    assert found.status == "failed"
    assert f"{len(fold.tested)} events that the test asks for" in found.words
