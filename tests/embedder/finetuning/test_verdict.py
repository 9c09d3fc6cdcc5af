"""The verdict: as a written-out bootstrap and a full randomisation test say, and never more than they say."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from embedder.finetuning.verdict import judged, paired_difference


def test_a_clear_gain_is_told() -> None:
    draw = np.random.default_rng(0)
    frozen = draw.uniform(0.2, 0.6, 200)
    found = paired_difference(frozen + draw.normal(0.1, 0.05, 200), frozen, np.arange(200))
    assert found.low > 0.08
    assert found.p < 0.001
    verdict = judged(found, "tuned", "mAP@R")
    assert verdict.better is True
    assert "better" in verdict.text


def test_a_loss_is_told_and_noise_is_not() -> None:
    draw = np.random.default_rng(1)
    frozen = draw.uniform(0.2, 0.6, 200)
    worse = judged(paired_difference(frozen - 0.05, frozen, np.arange(200)), "tuned", "mAP@R")
    assert worse.better is False
    noise = judged(paired_difference(frozen + draw.normal(0, 0.1, 200), frozen, np.arange(200)), "t", "m")
    assert noise.better is None
    assert "cannot be told apart" in noise.text


def test_photos_of_one_product_are_no_independent_evidence() -> None:
    """Ten products of fifty photos that all gain or lose together say as little as ten photos."""
    gains = np.repeat([0.3, 0.2, -0.2, 0.25, -0.1, 0.3, -0.25, 0.1, 0.2, -0.1], 50)
    frozen = np.full(len(gains), 0.5)
    alone = paired_difference(frozen + gains, frozen, np.arange(len(gains)))
    together = paired_difference(frozen + gains, frozen, np.repeat(np.arange(10), 50))
    assert alone.p < 0.001 < 0.05 < together.p
    assert together.high - together.low > 3 * (alone.high - alone.low)
    assert together.products == 10


def test_the_p_value_is_that_of_all_sign_flips() -> None:
    gaps = np.array([0.4, 0.3, -0.1, 0.25, 0.2, -0.05, 0.1, 0.35])
    flips = [abs(np.dot(signs, gaps)) >= abs(gaps.sum()) - 1e-12 for signs in product((-1, 1), repeat=8)]
    found = paired_difference(0.5 + gaps, np.full(8, 0.5), np.arange(8), rounds=40_000)
    assert found.p == pytest.approx(np.mean(flips), abs=0.006)


def test_queries_without_a_value_are_left_out() -> None:
    tuned = np.array([0.6, np.nan, 0.7, 0.8])
    frozen = np.array([0.5, 0.5, 0.6, np.nan])
    assert paired_difference(tuned, frozen, np.arange(4)).mean == pytest.approx(0.1)
    nothing = paired_difference(np.full(3, np.nan), np.full(3, 0.5), np.arange(3))
    assert nothing.products == 0
    assert judged(nothing, "t", "m").better is None
