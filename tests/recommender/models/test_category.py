from __future__ import annotations

import pytest

from recommender.models.category import FLOOR, Category
from tests.recommender.makers import by_id, data_of, history_of, items_of

KINDS = {"hat1": "hat", "hat2": "hat", "shoe1": "shoe", "shoe2": "shoe", "shoe3": "shoe"}
ITEMS = items_of(categories=KINDS, more=["odd"])
DATA = data_of(ITEMS, [("a", "hat1", 1, 100), ("b", "hat1", 1, 100), ("c", "shoe1", 1, 100)], asof=100)
MEAN = 3 / 6


def scores(*events: tuple[str, float, float]) -> dict[str, float]:
    return by_id(ITEMS, Category(30.0).fit(DATA).score(history_of(ITEMS, events))[0].tolist())


def test_popularity_within_the_liked_categories_by_their_shares() -> None:
    got = scores(("hat2", 3.0, 1), ("shoe2", 1.0, 1))
    assert got["hat1"] == pytest.approx(0.75 * (2 + FLOOR * MEAN))
    assert got["shoe1"] == pytest.approx(0.25 * (1 + FLOOR * MEAN))


def test_a_product_nobody_chose_follows_those_that_were_chosen() -> None:
    got = scores(("hat1", 1.0, 1))
    assert got["hat1"] > got["hat2"] > 0
    assert got["shoe1"] == 0


def test_nothing_to_say_of_products_without_category_or_customers_without_likes() -> None:
    assert scores(("hat1", 1.0, 1))["odd"] == 0
    assert not any(scores(("odd", 1.0, 1)).values())
    assert not any(scores(("hat1", -1.0, 1)).values())
