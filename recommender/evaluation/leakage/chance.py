"""Whether lists hit more than chance allows: a randomisation test over who is given which answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.items import Doubles, Ints

DRAWS = 1999
P_LIMIT, Z_LIMIT = 0.001, 5.0


@dataclass(frozen=True, slots=True)
class Excess:
    """observed: mean recall with everybody's own answers; expected: with those of others. z: their distance
    in standard deviations; p: the share of draws that reach what was observed.
    """

    observed: float
    expected: float
    z: float
    p: float

    @property
    def beyond_chance(self) -> bool:
        """More than chance gives in an honest evaluation. Both limits must be passed: p alone would come up
        once in a thousand, z alone where hits are few.
        """
        return self.p <= P_LIMIT and self.z >= Z_LIMIT


def excess(
    lists: Ints, wanted: sparse.csr_array, blocks: Ints, seed: int, related: Ints | None = None
) -> Excess:
    """Recall of lists with their own answers against answers exchanged within blocks of customers.

    lists: int64 (c, k), -1 as padding. wanted: bool CSR (c, n), everybody with at least one. blocks: int64
    (c,), the block of each. Where lists are made without the answers, every exchange within a block is as
    likely as the order at hand. related: int64 (c,), one other customer per list whose answers it does know
    something of; that pair is taken out of the comparison.
    """
    rng = np.random.default_rng(seed)
    totals = np.zeros(DRAWS)
    observed = expected = variance = 0.0
    for block in np.unique(blocks):
        rows = np.flatnonzero(blocks == block)
        table = _recall(lists[rows], wanted[rows])
        if related is not None:
            _without(table, np.searchsorted(rows, related[rows]))
        size = len(rows)
        observed += float(table.trace())
        expected += float(table.sum()) / size
        if size > 1:
            variance += _variance(table)
        orders = rng.permuted(np.tile(np.arange(size), (DRAWS, 1)), axis=1)
        totals += table[np.arange(size), orders].sum(axis=1)
    c = len(lists)
    reached = int((totals >= observed - 1e-9).sum())
    z = (observed - expected) / variance**0.5 if variance > 0 else 0.0
    return Excess(observed / c, expected / c, z, (1 + reached) / (1 + DRAWS))


def _recall(lists: Ints, wanted: sparse.csr_array) -> Doubles:
    """float64 (c, c): recall of list i with the answers of customer j."""
    rows, columns = np.nonzero(lists >= 0)
    shown = sparse.csr_array((np.ones(len(rows)), (rows, lists[rows, columns])), shape=wanted.shape)
    found = (shown @ wanted.astype(np.float64).T).toarray()
    table: Doubles = found / np.diff(wanted.indptr)[None, :]
    return table


def _without(table: Doubles, related: Ints) -> None:
    """Put the mean of the row's other cells in place of one cell per row."""
    rows, size = np.arange(len(table)), len(table)
    if size > 1:
        others = table.sum(axis=1) - table[rows, related]
        table[rows, related] = others / (size - 1)


def _variance(table: Doubles) -> float:
    """Of the sum over a random assignment (Hoeffding 1951)."""
    centred = table - table.mean(axis=0) - table.mean(axis=1)[:, None] + table.mean()
    return float((centred**2).sum() / (len(table) - 1))
