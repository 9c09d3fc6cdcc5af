"""Cosines of photos with all others, in blocks of bounded memory, and the order that they put them in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Values = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = Sequence[str] | NDArray[np.generic]

_BLOCK_CELLS = 4_000_000
_MOST_ROWS = 512
_LOW = 0xFFFFFFFF


def unit_rows(vectors: ArrayLike) -> Floats:
    """Rows scaled to length one, float32 (n, d); a row of zeros stays."""
    rows = np.asarray(vectors, dtype=np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12), dtype=np.float32)


def numbers(labels: Labels) -> Ints:
    """Labels as numbers 0, 1, …, in the order of the sorted labels, (n,)."""
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)


def groups_or_rows(groups: Labels | None, n: int) -> Ints:
    """A group number per row, (n,); without groups every row is a group of its own."""
    number = np.arange(n, dtype=np.int64) if groups is None else numbers(groups)
    if len(number) != n:
        raise ValueError(f"{n} vectors but {len(number)} groups")
    return number


def all_or(queries: ArrayLike | None, n: int) -> Ints:
    """The rows that ask, (q,); without a choice all n."""
    return np.arange(n, dtype=np.int64) if queries is None else np.asarray(queries, dtype=np.int64)


def similarities(rows: Floats, queries: Ints) -> Iterator[tuple[Ints, Floats]]:
    """Blocks of (query rows (b,), inner products with all rows (b, n)); only one block is in memory."""
    step = int(np.clip(_BLOCK_CELLS // max(len(rows), 1), 1, _MOST_ROWS))
    for start in range(0, len(queries), step):
        query = queries[start : start + step]
        yield query, rows[query] @ rows.T


def order_keys(score: Floats) -> Ints:
    """Scores (b, n) as whole numbers whose rising order is falling score, equal scores in order of columns.

    The upper half of a number is the score's own bits, the lower half its column: sorting whole numbers is
    several times quicker than a stable sort of floats with their places.
    """
    bits = (score + np.float32(0.0)).view(np.int32)  # -0.0 becomes 0.0
    rising = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    return ((~rising).astype(np.int64) << 32) | np.arange(score.shape[1], dtype=np.int64)


def columns_of(keys: Ints) -> Ints:
    """The columns that keys stand for."""
    return keys & _LOW


def ranked(vectors: ArrayLike, query: int, groups: Labels | None = None) -> tuple[Ints, Floats]:
    """All rows of other groups by falling cosine to one row, and their cosines."""
    rows = unit_rows(vectors)
    group = groups_or_rows(groups, len(rows))
    score = rows @ rows[query]
    order = columns_of(np.sort(order_keys(score[None]), axis=1)[0])
    order = order[group[order] != group[query]]
    return order, score[order]
