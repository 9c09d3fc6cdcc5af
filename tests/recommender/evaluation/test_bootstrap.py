from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation.bootstrap import intervals, paired, resampled_means


def test_intervals_are_those_of_the_normal_law_for_many_customers() -> None:
    values = np.random.default_rng(0).normal(0.3, 1.0, 2000)
    low, high = intervals({"m": values}, 7)["m"]
    error = values.std() / 2000**0.5
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for seed in range(150):
        low, high = intervals({"m": rng.exponential(1.0, 80)}, seed, 600)["m"]
        inside += low <= 1.0 <= high
    assert 0.86 <= inside / 150 <= 0.99


def test_the_same_seed_draws_the_same_customers_whatever_the_values() -> None:
    one = np.random.default_rng(0).random((50, 2))
    means = resampled_means(one, 3)
    assert np.array_equal(means, resampled_means(one, 3))
    assert resampled_means(np.concatenate([one, 2 * one], axis=1), 3)[:, 2:] == pytest.approx(2 * means)
    assert not np.array_equal(means, resampled_means(one, 4))


def test_a_metric_that_some_customers_lack_is_a_mean_over_the_others() -> None:
    values = np.asarray([[1.0], [3.0], [np.nan]])
    means = resampled_means(values, 0, 500)
    usable = means[np.isfinite(means)]
    assert usable.min() >= 1
    assert usable.max() <= 3
    assert usable.mean() == pytest.approx(2.0, abs=0.15)


def test_a_constant_difference_is_certain() -> None:
    base = np.random.default_rng(0).random(100)
    found = paired({"m": base + 0.1}, {"m": base}, 7)["m"]
    assert found.mean == pytest.approx(0.1)
    assert found.interval == pytest.approx((0.1, 0.1))
    assert found.p_value == pytest.approx(2 / 2001)


def test_pairing_sees_what_two_intervals_cannot() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(0, 1, 200)
    better = base + rng.normal(0.05, 0.1, 200)
    one, two = intervals({"m": base}, 7)["m"], intervals({"m": better}, 7)["m"]
    assert one[1] > two[0]  # the intervals overlap
    assert paired({"m": better}, {"m": base}, 7)["m"].p_value < 0.01


def test_equal_models_cannot_be_told_apart() -> None:
    values = np.random.default_rng(0).random(50)
    found = paired({"m": values}, {"m": values}, 7)["m"]
    assert (found.mean, found.interval, found.p_value) == (0.0, (0.0, 0.0), 1.0)


def test_false_alarms_are_about_as_rare_as_promised() -> None:
    rng = np.random.default_rng(2)
    alarms = sum(
        paired({"m": rng.random(60)}, {"m": rng.random(60)}, seed, 400)["m"].p_value < 0.05
        for seed in range(120)
    )
    assert alarms <= 15


def test_nobody_has_no_interval() -> None:
    assert intervals({"m": np.zeros(0)}, 7) == {}
    assert paired({"m": np.zeros(0)}, {"m": np.zeros(0)}, 7) == {}
