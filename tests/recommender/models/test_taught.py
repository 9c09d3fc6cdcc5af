from __future__ import annotations

import numpy as np
import pytest

from recommender.models.taught import HeldBack, Likes, Negatives, hold_back, likes_in, likes_of
from tests.recommender.makers import data_of, history_of, items_of

ITEMS = items_of({}, more=["a", "b", "c", "d"])


def names(likes: Likes, row: int = 0) -> list[str]:
    return [ITEMS.ids[i] for i in likes.items[likes.starts[row] : likes.starts[row + 1]]]


def test_a_like_stands_once_where_it_was_last_confirmed() -> None:
    told = [("a", 0.1, 1), ("b", 1.0, 2), ("a", 1.0, 3), ("c", 1.0, 4), ("a", -0.2, 5)]
    assert names(likes_of(history_of(ITEMS, told), 4)) == ["b", "a", "c"]


def test_what_was_returned_or_disliked_on_balance_is_no_like() -> None:
    told = [("a", 0.5, 1), ("a", -0.6, 2), ("b", -1.0, 3), ("c", 1.0, 4)]
    assert names(likes_of(history_of(ITEMS, told), 4)) == ["c"]


def test_likes_of_many_are_those_of_each() -> None:
    data = data_of(ITEMS, [("u", "a", 1, 1), ("v", "b", 1, 2), ("u", "c", 1, 3), ("w", "d", -1, 3)])
    likes = likes_in(data)
    assert [names(likes, row) for row in range(3)] == [["a", "c"], ["b"], []]
    assert likes.matrix().toarray().sum() == 3
    assert sorted(ITEMS.ids[i] for i in likes.pool()) == ["a", "b", "c"]
    assert [names(likes.of(np.asarray([1, 0])), row) for row in range(2)] == [["b"], ["a", "c"]]


def test_the_last_like_of_some_is_held_back_and_not_taught() -> None:
    data = data_of(ITEMS, [(f"u{i}", name, 1, day) for i in range(10) for day, name in enumerate("abc")])
    likes = likes_in(data)
    held = hold_back(likes, seed=1)
    assert len(held) == 2
    assert len(held.taught.items) == len(likes.items) - 2
    assert [ITEMS.ids[i] for i in held.wanted] == ["c", "c"]
    assert [names(held.told, row) for row in range(2)] == [["a", "b"], ["a", "b"]]


def test_nobody_with_one_like_is_held_back() -> None:
    held = hold_back(likes_in(data_of(ITEMS, [("u", "a", 1, 1), ("v", "b", 1, 1)])), seed=1)
    assert len(held) == 0
    assert np.isnan(held.quality(np.zeros((0, 4), np.float32)))


def test_quality_is_the_gain_at_the_rank_among_what_is_not_told() -> None:
    told = Likes(np.asarray([0, 1]), np.asarray([0]), np.asarray([1.0]), 4)
    held = HeldBack(told, told, np.asarray([2]))
    assert held.quality(np.asarray([[9, 5, 3, 1]], np.float32)) == pytest.approx(1 / np.log2(3))
    assert held.quality(np.asarray([[9, 3, 3, 3]], np.float32)) == pytest.approx(
        1 / np.log2(3)
    )  # rank 2 of 3


def test_negatives_are_never_liked_and_come_from_the_pool_evenly() -> None:
    likes = likes_in(data_of(ITEMS, [("u", "a", 1, 1), ("v", "b", 1, 1), ("v", "c", 1, 1)]))
    owners = np.repeat([0, 1], 600)
    drawn = Negatives(likes, likes.pool()).draw(owners, np.random.default_rng(1))
    first = {ITEMS.ids[i]: int(n) for i, n in zip(*np.unique(drawn[:600], return_counts=True), strict=True)}
    assert set(first) == {"b", "c"}
    assert min(first.values()) > 240
    assert {ITEMS.ids[i] for i in drawn[600:]} == {"a"}
