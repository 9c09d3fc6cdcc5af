"""Diversity by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def mmr(relevance: Floats, vectors: Floats, k: int, diversity: float) -> list[int]:
    """Positions of up to k candidates, each chosen for being relevant yet unlike those already chosen.

    relevance (n,): closeness to the query, comparable with the inner products of ``vectors`` (n, d).
    diversity: 1 - lambda of the paper, in [0, 1]: 0 orders by relevance alone; 1 looks, after the first pick,
    only at how different a candidate is. A tie goes to the earlier candidate.
    """
    left = np.ones(len(relevance), bool)
    nearest = np.full(len(relevance), -np.inf, np.float32)
    chosen: list[int] = []
    for _ in range(min(k, len(relevance))):
        value = (1.0 - diversity) * relevance - diversity * nearest if chosen else relevance
        pick = int(np.argmax(np.where(left, value, -np.inf)))
        chosen.append(pick)
        left[pick] = False
        np.maximum(nearest, vectors @ vectors[pick], out=nearest)
    return chosen


def distinct(vectors: Floats, cosine: float, seen: Floats, most: int) -> list[int]:
    """Positions of up to ``most`` candidates (n, d), in order, no near-duplicate of one kept earlier.

    seen (m, d): vectors that count as kept from the start (those of the queried products).
    """
    kept: list[int] = []
    free = np.ones(len(vectors), bool)
    if len(seen):
        free &= (vectors @ seen.T).max(axis=1) < cosine
    for position in range(len(vectors)):
        if not free[position]:
            continue
        kept.append(position)
        if len(kept) == most:
            break
        free &= vectors @ vectors[position] < cosine
    return kept
