"""Random, popularity, arrivals, trend, fall-back: hand-worked."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.histories import DAY
from recommender.items import Items
from recommender.models.arrivals import Arrivals
from recommender.models.base import Backed
from recommender.models.item_knn import ItemKnn
from recommender.models.popularity import Popularity
from recommender.models.random import Random
from recommender.models.trend import Trend
from tests.recommender.makers import best, by_id, data_of, history_of, items_of

ITEMS = items_of()


def test_popularity_halves_with_every_half_life() -> None:
    data = data_of(
        ITEMS,
        [("a", "shoe1", 1, 100), ("b", "shoe1", 1, 70), ("c", "hat1", 0.5, 40), ("c", "hat2", -1, 100)],
        asof=100,
    )
    scores = by_id(ITEMS, Popularity(30.0).fit(data).score(history_of(ITEMS, []))[0].tolist())
    assert scores == pytest.approx({"shoe1": 1.5, "hat1": 0.125, "hat2": 0, "shoe2": 0, "shoe3": 0})


def test_undecayed_popularity_counts() -> None:
    data = data_of(ITEMS, [("a", "shoe1", 1, 1), ("b", "shoe1", 1, 99), ("c", "hat1", 1, 100)], asof=100)
    scores = by_id(ITEMS, Popularity(float("inf")).fit(data).score(history_of(ITEMS, []))[0].tolist())
    assert (scores["shoe1"], scores["hat1"]) == (2.0, 1.0)


def test_random_differs_by_customer_and_by_seed_and_is_spread_evenly() -> None:
    items = items_of({}, more=[f"p{i}" for i in range(2000)])
    data = data_of(items, [("a", "p1", 1, 1), ("b", "p2", 1, 1)])
    told = data.histories(np.asarray([0, 1]), np.asarray([1.0, 1.0]))
    scores = Random(7).fit(data).score(told)
    assert abs(float(np.corrcoef(scores)[0, 1])) < 0.1
    assert not np.array_equal(scores, Random(8).fit(data).score(told))
    assert scores.mean() == pytest.approx(0.5, abs=0.02)
    assert np.histogram(scores, 4, (0, 1))[0].min() > 900


def test_new_arrivals_fade_and_have_to_be_there() -> None:
    items = items_of(
        {}, more=[f"p{i}" for i in range(10)], arrived={"p1": 100, "p2": 86, "p3": 101, "p4": 20}
    )
    scores = by_id(
        items, Arrivals(14.0, 45.0).fit(data_of(items, [])).score(history_of(items, []))[0].tolist()
    )
    assert scores["p1"] == 1.0
    assert scores["p2"] == pytest.approx(0.5)
    assert scores["p3"] == scores["p4"] == scores["p0"] == 0.0


def test_a_catalogue_imported_in_bulk_has_no_new_arrivals() -> None:
    items = items_of({}, more=[f"p{i}" for i in range(10)], arrived={f"p{i}": 99 for i in range(10)})
    assert not Arrivals().fit(data_of(items, [])).score(history_of(items, [])).any()


def test_trend_gives_a_new_product_the_standing_of_what_it_resembles() -> None:
    data = data_of(ITEMS, [("a", "shoe1", 1, 99), ("b", "shoe1", 1, 99), ("c", "hat1", 1, 99)])
    order = best(ITEMS, Trend(30.0, 0.1).fit(data).score(history_of(ITEMS, []))[0].tolist())
    assert order[:3] == ["shoe2", "hat2", "shoe3"]
    assert set(order[3:]) == {"shoe1", "hat1"}  # nothing comes from the product itself


def test_a_personal_model_is_backed_by_popularity_for_cold_customers_only() -> None:
    data = data_of(ITEMS, [("a", "shoe1", 1, 99), ("a", "shoe2", 1, 99), ("b", "hat1", 1, 99)])
    backed = Backed(ItemKnn(), Popularity(30.0)).fit(data)
    cold = history_of(ITEMS, [("hat2", -1.0, 99)])
    assert np.array_equal(backed.score(cold), Popularity(30.0).fit(data).score(cold))
    warm = by_id(ITEMS, backed.score(history_of(ITEMS, [("shoe1", 1.0, 99)]))[0].tolist())
    assert warm["shoe2"] > 0
    assert warm["hat1"] == 0


def test_arrived_is_kept_as_days() -> None:
    assert Items.build(["a"], arrived={"a": 2 * DAY}).arrived.tolist() == [2 * DAY]
