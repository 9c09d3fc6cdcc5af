"""The best k of every row, exactly, with one rule for ties and none for NaN."""

from __future__ import annotations

import numpy as np

from data.errors import UsageError
from recommender.items import Floats, Ints

NOBODY = -1


def top_k(scores: Floats, k: int) -> Ints:
    """Columns of the k highest scores of every row, best first.

    scores: float (c, n); -inf marks what must not be returned. Equal scores: the lower column first
    (columns of ``Items`` are in tie order). Returns int64 (c, k); -1 pads rows with fewer than k columns to
    return.

    Raises UsageError when a score is NaN: a model that cannot say a number must not be ranked.
    """
    c, n = scores.shape
    k = max(k, 0)
    width = min(k, n)
    answer = np.full((c, k), NOBODY, np.int64)
    if not c or not width:
        return answer
    if np.isnan(scores).any():
        raise UsageError("a model returned NaN as a score; its ranking would be meaningless")
    chosen = best_columns(scores, width)
    values = np.take_along_axis(scores, chosen, axis=1)
    order = np.lexsort((chosen, -values), axis=1)
    chosen, values = np.take_along_axis(chosen, order, 1), np.take_along_axis(values, order, 1)
    answer[:, :width] = np.where(np.isneginf(values), NOBODY, chosen)
    return answer


def best_columns(scores: Floats, width: int) -> Ints:
    """The set of the best ``width`` columns of every row, rising, lower columns winning ties."""
    n = scores.shape[1]
    if width == n:
        return np.broadcast_to(np.arange(n, dtype=np.int64), scores.shape).copy()
    edge = np.partition(scores, n - width, axis=1)[:, n - width]
    keep = scores >= edge[:, None]
    # Where the last score ties with others, too many reach the edge; the surplus goes, from the right.
    for row in np.flatnonzero(keep.sum(axis=1) > width):
        level = np.flatnonzero(scores[row] == edge[row])
        surplus = int(keep[row].sum()) - width
        keep[row, level[len(level) - surplus :]] = False
    columns: Ints = (np.flatnonzero(keep) % n).reshape(len(scores), width).astype(np.int64)
    return columns
