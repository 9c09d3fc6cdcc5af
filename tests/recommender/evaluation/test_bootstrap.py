from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap

from recommender.evaluation import bootstrap
from recommender.evaluation.bootstrap import (
    RESAMPLES,
    intervals,
    intervals_of,
    paired,
    resampled_means,
    resampled_sums,
)


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
    assert found.p_value == pytest.approx(2 / (RESAMPLES + 1))


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


def test_ten_thousand_resamples_are_drawn_unless_told_otherwise() -> None:
    assert RESAMPLES == 10_000
    assert resampled_means(np.ones((3, 1)), 0).shape == (10_000, 1)


def test_resampled_means_are_those_of_a_plain_loop_over_drawn_customers() -> None:
    values = np.random.default_rng(5).normal(size=(23, 3))
    values[4, 1] = np.nan
    rng = np.random.default_rng(9)
    expected = []
    for _ in range(40):
        drawn = rng.integers(23, size=23)
        expected.append([np.nanmean(values[drawn, column]) for column in range(3)])
    assert resampled_means(values, 9, 40) == pytest.approx(np.asarray(expected))


def test_the_size_of_the_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(5).random((31, 2))
    whole = resampled_sums(values, 3, 200)
    monkeypatch.setattr(bootstrap, "CELLS", 100)
    assert resampled_sums(values, 3, 200) == pytest.approx(whole)
    monkeypatch.setattr(bootstrap, "CELLS", 1)
    assert resampled_sums(values, 3, 200) == pytest.approx(whole)


def test_every_resample_draws_as_many_customers_as_there_are() -> None:
    assert (resampled_sums(np.ones((17, 1)), 0, 500) == 17).all()


def test_intervals_agree_with_those_of_scipy() -> None:
    values = np.random.default_rng(3).exponential(1.0, 120)
    theirs = scipy_bootstrap(
        (values,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(4)
    ).confidence_interval
    ours = intervals({"m": values}, 7)["m"]
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_many_models_at_once_get_the_intervals_that_each_gets_alone() -> None:
    rng = np.random.default_rng(0)
    one, two = {"m": rng.random(40), "k": rng.random(40)}, {"m": rng.random(40)}
    together = intervals_of({"one": one, "two": two}, 7, 500)
    assert together["one"] == {name: pytest.approx(v) for name, v in intervals(one, 7, 500).items()}
    assert together["two"] == {name: pytest.approx(v) for name, v in intervals(two, 7, 500).items()}
    assert intervals_of({"one": one, "nobody": {"m": np.zeros(0)}}, 7, 500)["nobody"] == {}


def test_differences_that_cancel_but_for_rounding_count_as_nought() -> None:
    found = paired({"m": np.asarray([0.3, 0.1])}, {"m": np.asarray([0.1, 0.3])}, 7, 999)["m"]
    whole = paired({"m": np.asarray([3.0, 1.0])}, {"m": np.asarray([1.0, 3.0])}, 7, 999)["m"]
    assert found.p_value == whole.p_value == 1.0


def test_a_difference_that_nobody_has_is_null_in_json() -> None:
    gone = np.full(5, np.nan)
    found = paired({"m": gone}, {"m": gone}, 7, 100)["m"].as_json()
    assert found == {"difference": None, "interval": [None, None], "p_value": 1.0}
