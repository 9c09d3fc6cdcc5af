"""Tables of every product's strongest neighbours, made in blocks of rows, so that no dense n × n matrix is
held.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from recommender.items import Bools, Doubles

CELLS = 4_000_000  # similarities held at once


def neighbour_table(n: int, k: int, block: Callable[[int, int], sparse.csr_array]) -> sparse.csr_array:
    """float32 CSR (n, n): the ``strongest`` k of every row.

    block: (first, last) → CSR (last - first, n), the similarities of these products to all.
    """
    size = max(1, CELLS // max(n, 1))
    parts = [strongest(block(first, min(first + size, n)), k) for first in range(0, n, size)]
    if not parts:
        return sparse.csr_array(np.zeros((n, n), np.float32))
    return sparse.csr_array(sparse.vstack(parts, format="csr"))


def strongest(table: sparse.csr_array, k: int) -> sparse.csr_array:
    """The k largest values of every row as float32, zeros left out; equal ones: the lower column first."""
    table = table.copy()
    table.eliminate_zeros()
    table.sort_indices()
    keep = np.ones(len(table.data), np.bool_)
    for row in np.flatnonzero(np.diff(table.indptr) > k):
        part = slice(int(table.indptr[row]), int(table.indptr[row + 1]))
        keep[part] = _best(table.data[part], k)
    ends = np.concatenate([[0], np.cumsum(keep)])[table.indptr]
    kept = (table.data[keep].astype(np.float32), table.indices[keep], ends)
    return sparse.csr_array(kept, shape=table.shape)


def _best(values: Doubles, k: int) -> Bools:
    """Mask of the k largest of more than k values, the first of equal ones."""
    edge = np.partition(values, len(values) - k)[len(values) - k]
    keep: Bools = values >= edge
    surplus = int(keep.sum()) - k
    if surplus:
        level = np.flatnonzero(values == edge)
        keep[level[len(level) - surplus :]] = False
    return keep


def without_diagonal(block: sparse.csr_array, first: int) -> sparse.csr_array:
    """The rows from product ``first`` on, each product's similarity to itself set to 0, in place."""
    rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    block.data[block.indices == rows + first] = 0.0
    return block
