"""The best k of every row, exactly, with one rule for ties and none for NaN.

Most columns of a row are far below its best ones, so they are passed by rather than sorted. Columns are
dealt out to groups, of which k + 1 have a maximum that reaches the (k + 1)-th largest maximum. That is a
floor: where nothing ties, at least k columns lie above it, and few more do; those are sorted. Where ties
leave fewer than k above it, columns that lie just on it fill up the rest.
"""

from __future__ import annotations

import numpy as np

from data.errors import UsageError
from recommender.items import Floats, Ints

NOBODY = -1
GROUPS = 8  # groups per column to return: about 7 % more columns than needed then reach the floor
STRETCH = 1024  # columns in which a tie is looked for first
CELLS = 1 << 19  # scores looked at together: few enough to stay in a core's second cache between passes


def top_k(scores: Floats, k: int) -> Ints:
    """Columns of the k highest scores of every row, best first.

    scores: float (c, n); -inf marks what must not be returned. Equal scores: the lower column first
    (columns of ``Items`` are in tie order). Returns int64 (c, k); -1 pads rows with fewer than k columns to
    return.

    Raises UsageError when a score is NaN: a model that cannot say a number must not be ranked.
    """
    c, n = scores.shape
    answer = np.full((c, max(k, 0)), NOBODY, np.int64)
    width = min(max(k, 0), n)
    if not width:
        return answer
    size = max(1, CELLS // n)
    for first in range(0, c, size):
        block = np.ascontiguousarray(scores[first : first + size])
        chosen = _ranked(block, width)
        lacking = np.isneginf(block[np.arange(len(block)), chosen[:, -1]])
        if lacking.any():
            shown = ~np.isneginf(np.take_along_axis(block[lacking], chosen[lacking], axis=1))
            chosen[lacking] = np.where(shown, chosen[lacking], NOBODY)
        answer[first : first + size, :width] = chosen
    return answer


def best_columns(scores: Floats, width: int) -> Ints:
    """The set of the best ``width`` columns of every row, rising, lower columns winning ties.

    scores: float (c, n), width <= n; -inf is the lowest of scores here. Raises UsageError when one is NaN.
    """
    c, n = scores.shape
    chosen = np.empty((c, width), np.int64)
    if not width:
        return chosen
    size = max(1, CELLS // n)
    for first in range(0, c, size):
        chosen[first : first + size] = _ranked(np.ascontiguousarray(scores[first : first + size]), width)
    chosen.sort(axis=1)
    return chosen


def _ranked(block: Floats, width: int) -> Ints:
    """The best ``width`` columns of every row, best first, equal ones by column; 0 < width <= n."""
    c, n = block.shape
    if 2 * width > n:
        _refuse_nan(block)
        return np.argsort(-block, axis=1, kind="stable")[:, :width]
    floor = _floor(block, width)
    above = np.flatnonzero(block > floor[:, None])
    starts = np.searchsorted(above, np.arange(c + 1) * n)
    chosen = _sorted(block, above, starts, width)
    counts = np.diff(starts)
    for row in np.flatnonzero(counts < width):  # many tie there, and the floor is the last score
        chosen[row, counts[row] :] = _level(block[row], floor[row], width - int(counts[row]))
    return chosen


def _floor(block: Floats, width: int) -> Floats:
    """(c,): a value below which no row's best ``width`` can lie; at least ``width`` lie above it unless
    there are ties. Raises UsageError for NaN, which every maximum shows.
    """
    n = block.shape[1]
    groups = min(GROUPS * width, n // 4)
    if groups < 2 * width:
        groups, maxima = n, block
    else:
        # Column j belongs to group j % groups, so that maxima are taken over whole stretches at once.
        whole = n - n % groups
        maxima = block[:, :whole].reshape(len(block), -1, groups).max(axis=1)
        np.maximum(maxima[:, : n - whole], block[:, whole:], out=maxima[:, : n - whole])
    _refuse_nan(maxima)
    place = groups - width - 1
    floor: Floats = np.partition(maxima, place, axis=1)[:, place]
    return floor


def _refuse_nan(values: Floats) -> None:
    if np.isnan(values).any():
        raise UsageError("a model returned NaN as a score; its ranking would be meaningless")


def _sorted(block: Floats, above: Ints, starts: Ints, width: int) -> Ints:
    """The best ``width`` of some columns of every row, best first; what follows where there are fewer is
    void.

    above: positions in the flat block, rising; ``starts[r]:starts[r + 1]`` of them are row r's.
    """
    c, n = block.shape
    counts = np.diff(starts)
    most = max(int(counts.max()), width)
    cells = np.zeros((c, most), np.int64)
    values = np.full((c, most), np.inf, block.dtype)
    slots = np.arange(len(above)) + np.repeat(np.arange(c) * most - starts[:-1], counts)
    cells.reshape(-1)[slots] = above
    values.reshape(-1)[slots] = -block.reshape(-1)[above]
    # A stable sort keeps equal scores in the order of columns, and what is void behind all of them.
    order = np.argsort(values, axis=1, kind="stable")[:, :width]
    return np.take_along_axis(cells, order, axis=1) - np.arange(0, c * n, n)[:, None]


def _level(row: Floats, value: np.float32, count: int) -> Ints:
    """The first ``count`` columns of one row (n,) that hold a value. Where many do, they are found early."""
    stop = STRETCH + 2 * count
    while True:
        level = np.flatnonzero(row[:stop] == value)
        if len(level) >= count or stop >= len(row):
            return level[:count]
        stop *= 4
