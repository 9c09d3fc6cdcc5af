from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UsageError
from recommender import topk
from recommender.items import Floats, Ints
from recommender.topk import best_columns, top_k


def sorted_whole(scores: Floats, k: int) -> Ints:
    """The same by sorting every row as a whole: by falling score, then by column."""
    columns = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    order = np.lexsort((columns, -scores), axis=1)[:, :k]
    shown = np.where(np.isneginf(np.take_along_axis(scores, order, 1)), -1, order)
    return np.pad(shown, ((0, 0), (0, k - shown.shape[1])), constant_values=-1)


def test_best_first_ties_by_column_and_masked_left_out() -> None:
    scores = np.asarray([[1, 3, 3, 2], [-np.inf, 5, -np.inf, -np.inf]], np.float32)
    assert top_k(scores, 3).tolist() == [[1, 2, 3], [1, -1, -1]]


def test_a_tie_at_the_edge_keeps_the_lower_columns() -> None:
    scores = np.zeros((2, 100), np.float32)
    scores[0, 70] = 1
    assert top_k(scores, 3).tolist() == [[70, 0, 1], [0, 1, 2]]


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    c=st.integers(1, 6),
    n=st.sampled_from([1, 2, 3, 7, 40, 333, 1500]),
    k=st.sampled_from([1, 2, 5, 12, 50]),
    levels=st.sampled_from([1, 2, 6, 50, 10_000]),
    masked=st.sampled_from([0.0, 0.3, 0.995]),
    order=st.sampled_from(["C", "F"]),
)
def test_equals_a_sort_of_the_whole_row(
    seed: int, c: int, n: int, k: int, levels: int, masked: float, order: str
) -> None:
    rng = np.random.default_rng(seed)
    scores = (rng.integers(0, levels, (c, n)) - levels // 2).astype(np.float32) / 3
    scores[rng.random(scores.shape) < masked] = -np.inf
    scores = np.asarray(scores, order=order)  # type: ignore[call-overload]
    assert top_k(scores, k).tolist() == sorted_whole(scores, k).tolist()
    width = min(k, n)
    whole = np.argsort(-scores, axis=1, kind="stable")[:, :width]
    assert best_columns(scores, width).tolist() == np.sort(whole, axis=1).tolist()


def test_rows_are_looked_at_in_blocks_that_leave_none_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topk, "CELLS", 1000)
    scores = np.random.default_rng(1).random((23, 300)).astype(np.float32)
    assert top_k(scores, 4).tolist() == sorted_whole(scores, 4).tolist()
    assert best_columns(scores, 4).tolist() == np.sort(sorted_whole(scores, 4), axis=1).tolist()


def test_both_zeros_are_one_score() -> None:
    scores = np.full((1, 900), -1, np.float32)
    scores[0, [5, 17, 300]] = [0.0, -0.0, 0.0]
    assert top_k(scores, 2).tolist() == [[5, 17]]


def test_the_best_may_all_lie_in_one_group() -> None:
    scores = np.zeros((1, 4000), np.float32)
    scores[0, 3::16] = np.arange(250, 0, -1)  # the groups of k = 2 are the columns modulo 16
    assert top_k(scores, 2).tolist() == [[3, 19]]


def test_a_tie_far_to_the_right_is_found() -> None:
    scores = np.zeros((1, 9000), np.float32)
    scores[0, 8000:8060] = 1
    assert top_k(scores, 50).tolist() == [list(range(8000, 8050))]


def test_infinity_is_the_best_of_scores() -> None:
    scores = np.zeros((1, 500), np.float32)
    scores[0, [9, 400]] = [1, np.inf]
    assert top_k(scores, 3).tolist() == [[400, 9, 0]]


def test_more_than_there_is_is_padded() -> None:
    assert top_k(np.asarray([[2, 1]], np.float32), 4).tolist() == [[0, 1, -1, -1]]
    assert top_k(np.zeros((0, 5), np.float32), 3).shape == (0, 3)
    assert top_k(np.zeros((2, 0), np.float32), 2).tolist() == [[-1, -1], [-1, -1]]
    assert top_k(np.zeros((2, 3), np.float32), 0).shape == (2, 0)


@pytest.mark.parametrize(("n", "k"), [(2, 1), (900, 3), (900, 400), (900, 900)])
def test_nan_fails_wherever_it_is(n: int, k: int) -> None:
    for column in (0, n // 2, n - 1):
        scores = np.zeros((3, n), np.float32)
        scores[1, column] = np.nan
        with pytest.raises(UsageError, match="NaN"):
            top_k(scores, k)
        with pytest.raises(UsageError, match="NaN"):
            best_columns(scores, k)


def test_scores_are_left_as_they_were() -> None:
    scores = np.random.default_rng(2).random((3, 700)).astype(np.float32)
    before = scores.copy()
    top_k(scores, 5)
    assert np.array_equal(scores, before)
