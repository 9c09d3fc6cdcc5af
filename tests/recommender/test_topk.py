from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from recommender.topk import top_k


def test_best_first_ties_by_column_and_masked_left_out() -> None:
    scores = np.asarray([[1, 3, 3, 2], [-np.inf, 5, -np.inf, -np.inf]], np.float32)
    assert top_k(scores, 3).tolist() == [[1, 2, 3], [1, -1, -1]]


def test_a_tie_at_the_edge_keeps_the_lower_columns() -> None:
    scores = np.zeros((2, 100), np.float32)
    scores[0, 70] = 1
    assert top_k(scores, 3).tolist() == [[70, 0, 1], [0, 1, 2]]


def test_equals_a_full_sort_on_random_scores_with_many_ties() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        scores = rng.integers(0, 6, (7, 40)).astype(np.float32)
        scores[rng.random(scores.shape) < 0.2] = -np.inf
        full = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        full = np.where(np.isneginf(np.take_along_axis(scores, full, 1)), -1, full)
        assert top_k(scores, 10).tolist() == full.tolist()


def test_more_than_there_is_is_padded() -> None:
    assert top_k(np.asarray([[2, 1]], np.float32), 4).tolist() == [[0, 1, -1, -1]]
    assert top_k(np.zeros((0, 5), np.float32), 3).shape == (0, 3)
    assert top_k(np.zeros((2, 0), np.float32), 2).tolist() == [[-1, -1], [-1, -1]]


def test_nan_fails() -> None:
    with pytest.raises(UsageError, match="NaN"):
        top_k(np.asarray([[1, np.nan]], np.float32), 1)
