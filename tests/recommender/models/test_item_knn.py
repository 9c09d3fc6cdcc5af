from __future__ import annotations

import math

import pytest

from recommender.models.item_knn import ItemKnn
from tests.recommender.makers import by_id, data_of, history_of, items_of

ITEMS = items_of({}, more=["a", "b", "c", "d"])
# a and b are liked together by two customers, a and c by one; d by nobody else.
DATA = data_of(
    ITEMS,
    [
        ("u1", "a", 1, 1),
        ("u1", "b", 1, 2),
        ("u2", "a", 1, 1),
        ("u2", "b", 1, 2),
        ("u3", "a", 1, 1),
        ("u3", "c", 1, 2),
        ("u4", "d", 1, 1),
    ],
)


def test_similarity_is_the_shrunk_cosine() -> None:
    fitted = ItemKnn(shrink=2.0, half_life=float("inf"), damp=False).fit(DATA)
    got = by_id(ITEMS, fitted.score(history_of(ITEMS, [("a", 1.0, 1)]))[0].tolist())
    assert got["b"] == pytest.approx(2 / (math.sqrt(3) * math.sqrt(2) + 2))
    assert got["c"] == pytest.approx(1 / (math.sqrt(3) * 1 + 2))
    assert got["a"] == got["d"] == 0.0


def test_a_history_adds_up_and_fades() -> None:
    fitted = ItemKnn(shrink=0.0, half_life=10.0, damp=False).fit(DATA)
    alone = by_id(ITEMS, fitted.score(history_of(ITEMS, [("b", 1.0, 0)]))[0].tolist())["a"]
    faded = by_id(ITEMS, fitted.score(history_of(ITEMS, [("b", 1.0, 0), ("d", 1.0, 10)]))[0].tolist())["a"]
    assert faded == pytest.approx(alone / 2)


def test_a_dislike_counts_against() -> None:
    fitted = ItemKnn().fit(DATA)
    assert by_id(ITEMS, fitted.score(history_of(ITEMS, [("a", -1.0, 0)]))[0].tolist())["b"] < 0


def test_customers_who_like_everything_say_less_of_a_pair() -> None:
    events = [("few", "a", 1.0, 1.0), ("few", "b", 1.0, 1.0)]
    events += [("many", name, 1.0, 1.0) for name in ("a", "c", "d")]
    damped = ItemKnn(shrink=1.0).fit(data_of(ITEMS, events))
    got = by_id(ITEMS, damped.score(history_of(ITEMS, [("a", 1.0, 0)]))[0].tolist())
    assert got["b"] > got["c"] > 0


def test_only_the_strongest_neighbours_are_kept() -> None:
    fitted = ItemKnn(neighbours=1, damp=False).fit(DATA)
    got = by_id(ITEMS, fitted.score(history_of(ITEMS, [("a", 1.0, 1)]))[0].tolist())
    assert got["b"] > 0
    assert got["c"] == 0


def test_liking_twice_is_liking_once() -> None:
    twice = data_of(ITEMS, [("u", "a", 1, 1), ("u", "a", 1, 2), ("u", "b", 1, 3)])
    once = data_of(ITEMS, [("u", "a", 1, 1), ("u", "b", 1, 3)])
    asked = history_of(ITEMS, [("a", 1.0, 1)])
    assert ItemKnn().fit(twice).score(asked).tolist() == ItemKnn().fit(once).score(asked).tolist()
