"""Diversity and calibration on lists that one can work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse

from recommender.evaluation.metrics import (
    calibration,
    category_diversity,
    category_tastes,
    intra_list_diversity,
)
from tests.recommender.makers import history_of, items_of


def test_diversity_is_the_mean_over_pairs_with_photos() -> None:
    vectors = np.asarray([[1, 0], [0, 1], [0.6, 0.8], [0, 0]], np.float32)
    has = np.asarray([True, True, True, False])
    got = intra_list_diversity(np.asarray([[0, 1, 2], [0, 3, -1]]), vectors, has, (2, 3))
    assert got["ild@2"][0] == pytest.approx(1.0)
    assert got["ild@3"][0] == pytest.approx(((1 - 0) + (1 - 0.6) + (1 - 0.8)) / 3, abs=1e-6)
    assert math.isnan(got["ild@3"][1])


def test_diversity_by_category_is_over_pairs_that_both_have_one() -> None:
    categories = np.asarray([0, 0, 1, -1])
    got = category_diversity(np.asarray([[0, 1, 2], [0, 3, 2], [3, 0, -1]]), categories, (2, 3))
    assert got["ild_category@2"][0] == 0
    assert got["ild_category@3"].tolist()[:2] == [pytest.approx(2 / 3), 1]
    assert math.isnan(got["ild_category@2"][1])
    assert math.isnan(got["ild_category@3"][2])


def test_diversity_by_category_agrees_with_looking_at_every_pair() -> None:
    rng = np.random.default_rng(0)
    categories = rng.integers(-1, 5, 60)
    top = np.stack([rng.permutation(60)[:20] for _ in range(30)])
    got = category_diversity(top, categories, (7, 20))
    for k in (7, 20):
        for row, value in zip(top[:, :k], got[f"ild_category@{k}"], strict=True):
            kinds = [categories[i] for i in row if categories[i] >= 0]
            pairs = [a != b for at, a in enumerate(kinds) for b in kinds[:at]]
            assert value == pytest.approx(np.mean(pairs))


def test_tastes_are_shares_of_the_liked_weight() -> None:
    items = items_of(categories={"shoe1": "shoe", "shoe2": "shoe", "hat1": "hat"})
    history = history_of(
        items, [("shoe1", 1, 1), ("shoe2", 0.5, 2), ("hat1", 0.5, 3), ("hat2", 9, 4), ("shoe3", -1, 5)]
    )
    assert items.category_names == ("hat", "shoe")
    assert category_tastes(history, items).toarray().tolist() == [[0.25, 0.75]]
    empty = category_tastes(history_of(items, [("hat2", 1, 1)]), items)
    assert empty.toarray().tolist() == [[0, 0]]


def test_a_list_like_the_history_is_calibrated() -> None:
    categories = np.asarray([0, 0, 1, 1, -1])
    tastes = sparse.csr_array(np.asarray([[0.5, 0.5], [1.0, 0.0], [0.0, 0.0], [0.5, 0.5]]))
    top = np.asarray([[0, 2], [2, 3], [0, 1], [4, -1]])
    got = calibration(top, categories, tastes, (1, 2))
    assert got["calibration@2"][0] == pytest.approx(0, abs=1e-12)
    # All in the other category: q' of the liked one is 0.01.
    assert got["calibration@2"][1] == pytest.approx(math.log(1 / 0.01))
    half = 0.5 * math.log(0.5 / (0.99 + 0.005)) + 0.5 * math.log(0.5 / 0.005)
    assert got["calibration@1"][0] == pytest.approx(half)
    assert np.isnan(got["calibration@2"][2:]).all()  # no taste, no category in the list
