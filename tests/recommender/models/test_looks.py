from __future__ import annotations

import math

import numpy as np
import pytest

from recommender.models.looks import UNSEEN, Looks
from tests.recommender.makers import best, by_id, data_of, history_of, items_of

ITEMS = items_of(more=["blind"])
DATA = data_of(ITEMS, [])


def test_with_one_interest_the_score_is_the_cosine() -> None:
    got = by_id(ITEMS, Looks(mode="mean").fit(DATA).score(history_of(ITEMS, [("shoe1", 1.0, 1)]))[0].tolist())
    assert got["shoe1"] == pytest.approx(1.0, abs=1e-5)
    assert got["shoe2"] == pytest.approx(0.96, abs=1e-5)
    assert got["hat1"] == pytest.approx(0.0, abs=1e-5)
    assert got["blind"] == UNSEEN


def test_several_interests_are_a_soft_maximum() -> None:
    looks = Looks(mode="each", temperature=0.5, half_life=float("inf")).fit(DATA)
    got = by_id(ITEMS, looks.score(history_of(ITEMS, [("shoe1", 1.0, 1), ("hat1", 1.0, 1)]))[0].tolist())
    want = 0.5 * math.log(0.5 * math.exp(0.96 / 0.5) + 0.5 * math.exp(0.0))
    assert got["shoe2"] == pytest.approx(want, abs=1e-5)


def test_a_broad_taste_finds_both_sides_where_the_mean_finds_neither() -> None:
    asked = history_of(ITEMS, [("shoe1", 1.0, 1), ("hat1", 1.0, 1)])
    known = ("shoe1", "hat1", "blind")
    each = Looks(mode="each", temperature=0.02).fit(DATA).score(asked)[0].tolist()
    assert best(ITEMS, each, known)[:2] in (["shoe2", "hat2"], ["hat2", "shoe2"])
    assert by_id(ITEMS, each)["hat2"] > 0.9
    mean = Looks(mode="mean").fit(DATA).score(asked)[0].tolist()
    assert by_id(ITEMS, mean)["hat2"] < 0.75


def test_dislikes_push_away() -> None:
    looks = Looks(dislike=0.5, mode="mean").fit(DATA)
    liked = history_of(ITEMS, [("shoe3", 1.0, 1)])
    both = history_of(ITEMS, [("shoe3", 1.0, 1), ("hat2", -1.0, 1)])
    before, after = (by_id(ITEMS, looks.score(h)[0].tolist()) for h in (liked, both))
    assert after["hat1"] == pytest.approx(before["hat1"] - 0.5 * 0.96, abs=1e-5)
    assert after["shoe1"] == pytest.approx(before["shoe1"], abs=1e-5)


def test_without_a_taste_there_is_nothing_to_say() -> None:
    looks = Looks().fit(DATA)
    for events in ([], [("blind", 1.0, 1)], [("shoe1", -1.0, 1)]):
        assert (looks.score(history_of(ITEMS, events)) == UNSEEN).all()


def test_a_product_nobody_touched_is_found_by_its_looks() -> None:
    scores = Looks().fit(DATA).score(history_of(ITEMS, [("hat1", 1.0, 1)]))[0].tolist()
    assert best(ITEMS, scores, ("hat1",))[0] == "hat2"


def test_batches_with_and_without_taste_do_not_mix() -> None:
    data = data_of(ITEMS, [("a", "shoe1", 1, 1), ("b", "blind", 1, 1), ("c", "hat1", 1, 1)])
    told = data.histories(np.arange(3), np.full(3, data.asof))
    scores = Looks().fit(data).score(told)
    assert best(ITEMS, scores[0].tolist())[0] == "shoe1"
    assert (scores[1] == UNSEEN).all()
    assert best(ITEMS, scores[2].tolist())[0] == "hat1"
