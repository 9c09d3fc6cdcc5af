"""Diversity against cases worked by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.mmr import distinct, mmr

# a and b are nearly the same (cosine .96), c is at right angles to a and has cosine .28 with b.
A, B, C = [1.0, 0.0], [0.96, 0.28], [0.0, 1.0]
VECTORS = np.asarray([A, B, C], np.float32)
RELEVANCE = np.asarray([0.9, 0.8, 0.5], np.float32)


def test_a_case_worked_by_hand() -> None:
    # After a: b is worth .5 * .8 - .5 * .96 = -.08, c is worth .5 * .5 - .5 * 0 = .25, so c comes before b.
    assert mmr(RELEVANCE, VECTORS, 3, 0.5) == [0, 2, 1]
    # At diversity .1: b .9 * .8 - .1 * .96 = .624, c .9 * .5 = .45, so b comes before c.
    assert mmr(RELEVANCE, VECTORS, 3, 0.1) == [0, 1, 2]
    # The two meet where (1 - x) * .8 - x * .96 = (1 - x) * .5, that is x = .3 / 1.26 = .238.
    assert mmr(RELEVANCE, VECTORS, 2, 0.23) == [0, 1]
    assert mmr(RELEVANCE, VECTORS, 2, 0.25) == [0, 2]


def test_no_diversity_is_the_order_of_relevance() -> None:
    assert mmr(RELEVANCE[::-1].copy(), VECTORS, 3, 0.0) == [2, 1, 0]


def test_full_diversity_starts_with_the_best_and_then_goes_far() -> None:
    assert mmr(RELEVANCE, VECTORS, 3, 1.0) == [0, 2, 1]


@given(st.integers(0, 30), st.integers(1, 40), st.floats(0, 1), st.integers(0, 99))
def test_positions_are_distinct_and_as_many_as_there_are(n: int, k: int, diversity: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, 3)).astype(np.float32)
    chosen = mmr(rng.random(n).astype(np.float32), vectors, k, diversity)
    assert len(chosen) == min(n, k)
    assert len(set(chosen)) == len(chosen)


def test_distinct_keeps_the_first_of_each_kind() -> None:
    nothing = np.empty((0, 2), np.float32)
    assert distinct(VECTORS, 0.95, nothing, 9) == [0, 2]
    assert distinct(VECTORS[::-1].copy(), 0.95, nothing, 9) == [0, 1]
    assert distinct(VECTORS, 0.97, nothing, 9) == [0, 1, 2]
    assert distinct(VECTORS, 0.97, nothing, 2) == [0, 1]
    assert distinct(VECTORS, 0.95, np.asarray([C], np.float32), 9) == [0]
