"""Exploration: the propensities that are logged are the frequencies with which lists are really drawn."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from recommender.exploration import pool_size, shown_order


def test_without_exploration_the_best_are_shown_for_certain() -> None:
    order, propensities = shown_order(5, 3, 0.0, "any")
    assert order.tolist() == [0, 1, 2]
    assert propensities.tolist() == [1.0, 1.0, 1.0]
    assert pool_size(3, 0.0) == 3


@pytest.mark.parametrize(("ranked", "k", "epsilon"), [(6, 3, 0.3), (3, 3, 0.5), (2, 5, 0.1)])
def test_propensities_are_the_frequencies_of_simulated_answers(ranked: int, k: int, epsilon: float) -> None:
    draws, shown = 20_000, min(k, ranked)
    seen, told = np.zeros((shown, ranked)), np.zeros((shown, ranked))
    for draw in range(draws):
        order, propensities = shown_order(ranked, k, epsilon, f"answer {draw}")
        assert len(set(order.tolist())) == shown
        seen[np.arange(shown), order] += 1
        told[np.arange(shown), order] = propensities
    assert (told > 0).all(), "every product of the pool is shown at every position at some time"
    assert told.sum(axis=1) == pytest.approx(np.ones(shown))
    # Five standard deviations of a share of 20,000 draws.
    assert (np.abs(seen / draws - told) < 5 * np.sqrt(told * (1 - told) / draws) + 1e-12).all()
    formula = (1 - epsilon) * np.eye(shown, ranked) + epsilon / ranked
    assert told == pytest.approx(formula)


def test_the_same_answer_is_drawn_the_same_way_again() -> None:
    draws = [shown_order(20, 10, 0.5, f"a{n}")[0].tolist() for n in range(20)]
    assert draws == [shown_order(20, 10, 0.5, f"a{n}")[0].tolist() for n in range(20)]
    assert len({tuple(one) for one in draws}) > 5


def test_weighing_by_propensities_gives_the_value_of_another_ranking() -> None:
    """IPS on simulated clicks: the reversed ranking earns what it would have earned."""
    clicks = np.array([0.1, 0.2, 0.6, 0.9])
    reversed_ranking = np.array([3, 2])
    earned = []
    for draw in range(20_000):
        order, propensities = shown_order(4, 2, 0.5, f"answer {draw}")
        earned.append((clicks[order] * (order == reversed_ranking) / propensities).mean())
    assert np.mean(earned) == pytest.approx(clicks[reversed_ranking].mean(), abs=0.05)


def test_edges() -> None:
    order, propensities = shown_order(0, 5, 0.2, "none")
    assert (len(order), len(propensities)) == (0, 0)
    assert shown_order(1, 5, 0.3, "one")[1].tolist() == [1.0]
    for wrong in (-0.1, 0.6, float("nan")):
        with pytest.raises(UsageError, match="shuffled"):
            shown_order(3, 3, wrong, "x")
