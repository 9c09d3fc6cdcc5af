from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recommender import shortlist
from recommender.items import Bools, Floats, Ints
from recommender.shortlist import Shortlist, has_bfloat16, usable

pytestmark = pytest.mark.skipif(not has_bfloat16(), reason="this processor has no products in bfloat16")


def whole(customers: Floats, items: Floats, k: int, barred: Bools) -> list[list[int]]:
    """By sorting all scores, computed in double precision and rounded to float32."""
    scores = (customers.astype(np.float64) @ items.astype(np.float64).T).astype(np.float32)
    scores[barred] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.where(np.isneginf(np.take_along_axis(scores, order, 1)), -1, order).tolist()


def short(customers: Floats, items: Floats, k: int, barred: Bools) -> list[list[int]]:
    def bar(value: Any, table: NDArray[Any]) -> None:
        table[barred] = value

    return Shortlist.of(items).best(customers, k, bar).tolist()


def nothing(c: int, n: int) -> Bools:
    return np.zeros((c, n), np.bool_)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n", "d", "k"), [(1600, 1, 3), (2500, 7, 10), (4001, 64, 50), (3333, 30, 20)])
@pytest.mark.parametrize("offset", [0.0, -30.0, 30.0])
def test_equals_a_sort_of_all_scores(seed: int, n: int, d: int, k: int, offset: float) -> None:
    rng = np.random.default_rng(seed)
    items = rng.normal(size=(n, d)).astype(np.float32) * rng.gamma(1, 1, (n, 1)).astype(np.float32)
    customers = rng.normal(size=(40, d)).astype(np.float32)
    items[:, 0] += np.float32(offset)
    customers[:, 0] = 1
    barred = rng.random((40, n)) < rng.random((40, 1)) ** 3
    assert short(customers, items, k, barred) == whole(customers, items, k, barred)


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_equal_scores_keep_the_order_of_rows(levels: int) -> None:
    rng = np.random.default_rng(levels)
    items = rng.integers(-levels, levels + 1, (3000, 6)).astype(np.float32)
    customers = rng.integers(-levels, levels + 1, (60, 6)).astype(np.float32)
    customers[7] = 0  # of whom all scores are 0
    barred = rng.random((60, 3000)) < 0.1
    assert short(customers, items, 12, barred) == whole(customers, items, 12, barred)


@pytest.mark.parametrize("gap", [2.0**-9, 2.0**-14, 2.0**-20, 2.0**-23])
def test_scores_that_differ_in_their_last_digits_alone_are_told_apart(gap: float) -> None:
    rng = np.random.default_rng(3)
    n, k = 4000, 25
    place = rng.permutation(n)
    items = np.ones((n, 2), np.float32)
    items[:, 1] = np.where(place < 300, 1 - place * gap / 300, -1).astype(np.float32)
    customers = np.asarray([[0, 1], [1, 1], [3, 7], [-1, 1], [1e-3, 1e3]], np.float32)
    assert short(customers, items, k, nothing(5, n)) == whole(customers, items, k, nothing(5, n))


def rounded_against() -> tuple[Floats, Floats]:
    """Customers and products of which rounding to 8 digits takes from the best 20 all that it can, and adds
    to all others, which it so puts before them.
    """
    items = np.ones((4000, 64), np.float32)
    items[:, :8] = 1 + 2.0**-8 + 2.0**-16  # up to 1 + 2^-7
    items[37:3837:190] = 1
    items[37:3837:190, :32] = 1 + 2.0**-8 - 2.0**-16  # down to 1
    customers = np.ones((3, 64), np.float32)
    customers[:, 32:] = -1
    return customers, items


def test_what_is_rounded_down_most_is_not_lost() -> None:
    customers, items = rounded_against()
    found = short(customers, items, 20, nothing(3, 4000))
    assert found == [list(range(37, 3837, 190))] * 3 == whole(customers, items, 20, nothing(3, 4000))


def test_without_room_for_the_error_it_would_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = shortlist._widened
    monkeypatch.setattr(shortlist, "_widened", lambda factors, error, last: exact(factors, 0.0, last))
    monkeypatch.setattr(shortlist, "MOST", 1000)  # else they are so many that all are scored
    customers, items = rounded_against()
    assert short(customers, items, 20, nothing(3, 4000)) != whole(customers, items, 20, nothing(3, 4000))


def test_products_of_which_nothing_is_known_come_after_all_others() -> None:
    rng = np.random.default_rng(2)
    items = rng.normal(size=(2000, 8)).astype(np.float32)
    silent = rng.random(2000) < 0.99
    items[silent] = 0
    items[:, 7] = np.where(silent, np.float32(-1e6), 0)
    customers = rng.normal(size=(30, 8)).astype(np.float32)
    customers[:, 7] = 1
    assert short(customers, items, 30, nothing(30, 2000)) == whole(customers, items, 30, nothing(30, 2000))


@pytest.mark.parametrize("left", [0, 1, 4, 9, 30])
def test_where_almost_all_is_barred_the_rest_is_padded(left: int) -> None:
    rng = np.random.default_rng(left)
    items, customers = (rng.normal(size=(m, 5)).astype(np.float32) for m in (1000, 20))
    barred = np.ones((20, 1000), np.bool_)
    for row in barred:
        row[rng.choice(1000, left, replace=False)] = False
    assert short(customers, items, 9, barred) == whole(customers, items, 9, barred)


def test_the_answer_does_not_depend_on_who_is_asked_about_together() -> None:
    rng = np.random.default_rng(8)
    items, customers = (rng.normal(size=(m, 16)).astype(np.float32) for m in (2000, 90))
    asked = Shortlist.of(items)

    def answer(size: int) -> list[Ints]:
        parts = range(0, 90, size)
        return [row for first in parts for row in asked.best(customers[first : first + size], 20, _never)]

    assert np.array_equal(answer(90), answer(1))
    assert np.array_equal(answer(7), answer(90))


def _never(value: Any, table: NDArray[Any]) -> None:
    """Nothing is barred."""


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, 1e-30])
def test_factors_out_of_bounds_are_not_usable(value: float) -> None:
    factors = np.ones((3, 4), np.float32)
    assert usable(factors)
    assert usable(np.zeros((3, 4), np.float32))
    factors[1] = value
    assert not usable(factors)


def test_few_products_are_not_worth_a_first_look() -> None:
    items = np.ones((1599, 2), np.float32)
    assert not Shortlist.of(items).suits(50)
    assert Shortlist.of(np.ones((1600, 2), np.float32)).suits(50)
    assert not Shortlist.of(items).suits(0)
