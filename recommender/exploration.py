"""Exploration: now and then a shuffled list, so that a log can tell what another recommender would earn.

With probability ε an answer is the first k of a uniformly random permutation of its best m products, else the
best k in order. Product p, ranked r(p) from 1, then stands at position j with probability

    P(p at j) = (1 − ε) · 1[r(p) = j] + ε / m

exactly, for every j up to k and every p among the m: what the log keeps as propensity. Without exploration it
is 1 for what is shown and 0 for all else.
"""

from __future__ import annotations

import hashlib

import numpy as np

from data.errors import UsageError
from recommender.items import Doubles, Ints

MOST = 0.5
POOL = 2
"""How many times as many products as are shown an exploring answer chooses from."""


def pool_size(k: int, epsilon: float) -> int:
    """How many products to rank for an answer of k: m, or k without exploration."""
    return POOL * k if epsilon else k


def shown_order(ranked: int, k: int, epsilon: float, key: str) -> tuple[Ints, Doubles]:
    """Which of ``ranked`` products are shown, and how probable each was at its position.

    ranked: m, how many there are to choose from, best first. k: how many are shown at most. epsilon: in
    [0, 0.5]. key: decides the draw, the same key always the same way; take the id of the answer. Returns
    places in the ranking, from 0, int64 (min(k, m),), and propensities, float64 of the same shape. Raises
    UsageError for an ``epsilon`` outside the range.
    """
    if not 0 <= epsilon <= MOST:
        raise UsageError(f"the share of shuffled answers lies between 0 and {MOST}, not {epsilon}")
    best = np.arange(min(k, ranked), dtype=np.int64)
    if not len(best):
        return best, np.zeros(0)
    draw = np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()))
    order = draw.permutation(ranked)[: len(best)] if draw.random() < epsilon else best
    return order, np.minimum((1 - epsilon) * (order == best) + epsilon / ranked, 1.0)
