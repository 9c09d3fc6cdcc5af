from __future__ import annotations

import math

import numpy as np
import pytest

from recommender.features import standings


def test_ranks_fall_by_the_logarithm() -> None:
    got = standings(np.asarray([[5.0, 9.0, 7.0, 0.0]], np.float32), 0.0, None, 4)[0]
    depth = math.log(5)
    assert got.tolist() == pytest.approx(
        [1 - math.log(3) / depth, 1.0, 1 - math.log(2) / depth, 0.0], abs=1e-6
    )


def test_equal_scores_share_their_mean_rank() -> None:
    got = standings(np.asarray([[4.0, 4.0, 1.0]], np.float32), 0.0, None, 3)[0]
    assert got[0] == got[1] == pytest.approx(1 - math.log(1.5) / math.log(4), abs=1e-6)


def test_what_is_barred_takes_no_rank_and_silence_is_no_candidate() -> None:
    scores = np.asarray([[9.0, 5.0, -1.0]], np.float32)
    got = standings(scores, 0.0, np.asarray([[True, False, False]]), 3)[0]
    assert got.tolist() == [0.0, 1.0, 0.0]


def test_only_the_depth_best_are_candidates() -> None:
    got = standings(np.arange(1, 101, dtype=np.float32)[None, :], 0.0, None, 10)[0]
    assert (got > 0).sum() == 10
    assert got.argmax() == 99


def test_nothing_to_say() -> None:
    assert not standings(np.zeros((2, 5), np.float32), 0.0, None, 3).any()
    assert standings(np.zeros((0, 5), np.float32), 0.0, None, 3).shape == (0, 5)
