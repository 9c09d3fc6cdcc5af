"""Intervals: against SciPy, honest for products with several photos, and macro means by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from embedder.measures import Resampling, bootstrap, class_means, over_classes, over_queries


def test_as_scipys_bootstrap() -> None:
    values = np.random.default_rng(0).exponential(size=150)
    found = bootstrap(values, rounds=4000)
    told = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=1)
    assert found.mean == values.mean()
    assert found.low == pytest.approx(told.confidence_interval.low, abs=0.02)
    assert found.high == pytest.approx(told.confidence_interval.high, abs=0.02)


def test_photos_of_one_product_are_no_independent_evidence() -> None:
    once = np.random.default_rng(1).random(40)
    products = np.repeat(np.arange(40), 5)
    naive = bootstrap(np.repeat(once, 5))
    honest = bootstrap(np.repeat(once, 5), clusters=products)
    alone = bootstrap(once)
    assert (honest.low, honest.high) == pytest.approx((alone.low, alone.high), abs=1e-12)
    assert honest.high - honest.low > 2 * (naive.high - naive.low)


def test_intervals_of_clusters_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    products = np.repeat(np.arange(30), 4)
    held = {"honest": 0, "naive": 0}
    for round_ in range(150):
        values = np.repeat(rng.normal(size=30), 4) + 0.1 * rng.normal(size=120)
        for name, clusters in (("honest", products), ("naive", None)):
            found = bootstrap(values, rounds=200, seed=round_, clusters=clusters)
            held[name] += found.low <= 0 <= found.high
    assert held["honest"] / 150 > 0.88
    assert held["naive"] / 150 < 0.8


def test_several_measures_share_their_draws() -> None:
    rng = np.random.default_rng(3)
    values = rng.random((60, 2))
    both = over_queries(values, how=Resampling(rounds=300, seed=4))
    for place, found in enumerate(both):
        alone = bootstrap(values[:, place], rounds=300, seed=4)
        assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=1e-12)


def test_every_class_counts_the_same() -> None:
    values = np.array([[1.0], [1.0], [1.0], [0.0]])
    assert over_queries(values)[0].mean == 0.75
    found = over_classes(values, list("aaab"))[0]
    assert (found.mean, found.queries) == (0.5, 4)


def test_a_class_of_equal_values_adds_no_doubt() -> None:
    values = np.array([1.0] * 20 + [0.0] * 3)[:, None]
    found = over_classes(values, ["a"] * 20 + ["b"] * 3)[0]
    assert (found.low, found.high) == (0.5, 0.5)


def test_products_as_classes_are_drawn_as_wholes() -> None:
    rng = np.random.default_rng(5)
    values = rng.random(50)
    products = np.repeat(np.arange(50), 2)
    found = over_classes(np.repeat(values, 2)[:, None], products, products)[0]
    alone = bootstrap(values)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=1e-12)


def test_class_means_pass_over_what_has_no_value() -> None:
    counts, means = class_means(np.array([[1.0], [np.nan], [0.5], [np.nan]]), list("aabc"))
    assert counts.tolist() == [1, 1, 0]
    assert means[:2, 0].tolist() == [1.0, 0.5]
    assert np.isnan(means[2, 0])


def test_a_query_with_some_of_the_measures_is_refused() -> None:
    with pytest.raises(ValueError, match="every measure or in none"):
        over_queries(np.array([[1.0, np.nan], [0.0, 1.0]]))
