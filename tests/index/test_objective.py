"""The strategies against their definitions, on numbers that can be checked by eye."""

from __future__ import annotations

import numpy as np
import pytest

from data.aspects import AspectLayout
from data.errors import UsageError
from index.objective import Linear, Weighted, make

PLAIN = AspectLayout.single("shape", 2)
EAST, NORTH = [1.0, 0.0], [0.0, 1.0]
CANDIDATES = np.asarray([[1, 0], [0, 1], [0.6, 0.8], [-1, 0]], np.float32)


def weighted(*vectors: list[float], weights: list[float] | None = None) -> Weighted:
    return Weighted(np.asarray(vectors, np.float32), np.asarray(weights or [1.0] * len(vectors), np.float32))


def test_one_example_scores_the_cosine() -> None:
    for strategy in ("average", "best", "sum"):
        objective = make(strategy, weighted(EAST), None, PLAIN, PLAIN.shares)
        np.testing.assert_allclose(objective.score(CANDIDATES), [1, 0, 0.6, -1], atol=1e-6)


def test_average_is_the_cosine_to_the_unit_mean() -> None:
    objective = make("average", weighted(EAST, NORTH), None, PLAIN, PLAIN.shares)
    half = 0.5**0.5
    np.testing.assert_allclose(objective.score(CANDIDATES), [half, half, 1.4 * half, -half], atol=1e-6)


def test_average_with_a_negative_moves_away_from_it() -> None:
    # 2 * (1, 0) - (0, 1) = (2, -1), of length sqrt 5
    objective = make("average", weighted(EAST), weighted(NORTH), PLAIN, PLAIN.shares)
    np.testing.assert_allclose(objective.score(CANDIDATES), np.asarray([2, -1, 0.4, -2]) / 5**0.5, atol=1e-6)


def test_best_takes_the_closest_example_and_the_closest_negative() -> None:
    objective = make("best", weighted(EAST), weighted(NORTH), PLAIN, PLAIN.shares)
    # (1, 0): 1 beats 0. (0, 1): 0 loses to 1, hence -1. (.6, .8): .6 loses to .8, hence -.64.
    # (-1, 0): -1 loses to 0, hence -0.
    np.testing.assert_allclose(objective.score(CANDIDATES), [1, -1, -0.64, 0], atol=1e-6)
    assert objective.bound(np.asarray([-0.5], np.float32)) == 0.0
    assert objective.bound(np.asarray([0.5], np.float32)) == pytest.approx(0.5)


def test_best_weighs_examples_by_the_largest_weight() -> None:
    objective = make("best", weighted(EAST, NORTH, weights=[4.0, 2.0]), None, PLAIN, PLAIN.shares)
    np.testing.assert_allclose(objective.score(CANDIDATES), [1, 0.5, 0.6, 0], atol=1e-6)
    assert objective.bound(np.asarray([0.3, 0.8], np.float32)) == pytest.approx(0.4)


def test_sum_adds_and_subtracts() -> None:
    objective = make(
        "sum", weighted(EAST, NORTH, weights=[2.0, 1.0]), weighted(NORTH, weights=[3.0]), PLAIN, PLAIN.shares
    )
    np.testing.assert_allclose(objective.score(CANDIDATES), [2, -2, 1.2 - 1.6, -2], atol=1e-6)
    assert objective.span == pytest.approx(6.0)


def test_weights_move_the_mean() -> None:
    objective = make("average", weighted(EAST, NORTH, weights=[3.0, 4.0]), None, PLAIN, PLAIN.shares)
    assert isinstance(objective, Linear)
    np.testing.assert_allclose(objective.query, [0.6, 0.8], atol=1e-6)


def test_best_explains_by_the_closest_example() -> None:
    objective = make("best", weighted(EAST, NORTH), None, PLAIN, PLAIN.shares)
    np.testing.assert_allclose(objective.nearest(CANDIDATES[:3]), [EAST, NORTH, NORTH], atol=1e-6)


def test_negatives_that_leave_nothing_are_an_error() -> None:
    away = weighted([2.0, 0.0])
    with pytest.raises(UsageError, match="nothing is left"):
        make("average", weighted(EAST), away, PLAIN, PLAIN.shares)
