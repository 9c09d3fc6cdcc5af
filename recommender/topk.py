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
    chosen = _best(scores, width)
    values = np.take_along_axis(scores, chosen, axis=1)
    order = np.lexsort((chosen, -values), axis=1)
    chosen, values = np.take_along_axis(chosen, order, 1), np.take_along_axis(values, order, 1)
    answer[:, :width] = np.where(np.isneginf(values), NOBODY, chosen)
    return answer


def _best(scores: Floats, width: int) -> Ints:
    """The set of the best ``width`` columns of every row, in any order, lower columns winning ties."""
    n = scores.shape[1]
    if width == n:
        return np.broadcast_to(np.arange(n, dtype=np.int64), scores.shape).copy()
    # One more than wanted: only rows whose last wanted value ties with the next one need the slow, exact
    # look.
    split = np.argpartition(-scores, (width - 1, width), axis=1)
    chosen: Ints = split[:, :width].astype(np.int64)
    rows = np.arange(len(scores))
    edge = scores[rows, split[:, width - 1]]
    tied = np.flatnonzero((edge == scores[rows, split[:, width]]) & np.isfinite(edge))
    for row in tied:
        above = np.flatnonzero(scores[row] > edge[row])
        level = np.flatnonzero(scores[row] == edge[row])[: width - len(above)]
        chosen[row] = np.concatenate([above, level])
    return chosen
