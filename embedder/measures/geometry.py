"""Alignment and uniformity of unit vectors (Wang & Isola, 2020, "Understanding contrastive representation
learning through alignment and uniformity on the hypersphere")."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from embedder.measures.similarity import all_or, similarities, unit_rows

ALPHA = 2.0
T = 2.0


def alignment(cosines: ArrayLike, alpha: float = ALPHA) -> float:
    """Mean of ‖x - y‖^alpha over pairs that belong together, from their cosines (g,): 0 is the best, and
    alike for all."""
    values = np.asarray(cosines, np.float64)
    if not len(values):
        raise ValueError("alignment needs at least one pair that belongs together")
    return float((np.maximum(2 - 2 * values, 0.0) ** (alpha / 2)).mean())


def uniformity(vectors: ArrayLike, rows: ArrayLike | None = None, t: float = T) -> float:
    """Logarithm of the mean of exp(-t ‖x - y‖²) over all pairs of two rows (n, d): the lower, the more evenly
    the vectors are spread; 0 where all are one point, about -2 t at best.

    rows: among these only; None: all.
    """
    unit = unit_rows(vectors)
    unit = unit[all_or(rows, len(unit))]
    n = len(unit)
    if n < 2:
        raise ValueError("uniformity needs at least two vectors")
    total = 0.0
    for query, score in similarities(unit, np.arange(n)):
        near = np.exp(np.float32(2 * t) * (np.minimum(score, 1.0) - 1.0))
        near[np.arange(len(query)), query] = 0.0
        total += float(near.sum(dtype=np.float64))
    return float(np.log(total / (n * (n - 1))))
