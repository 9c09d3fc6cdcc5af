"""From a filter over the product table to the slots of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.table import ProductTable
from index.snapshot import Snapshot, goes_on

if TYPE_CHECKING:
    from data.shop import Shop
    from data.where import Where


REMEMBERED = 16
"""Filters whose masks are kept: shops ask the same ones again and again."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What an earlier view knew: its table, the products of its slots, and their rows (P,) if it asked."""

    table: ProductTable
    names: Sequence[str]
    rows: NDArray[np.int64] | None

    def now(self, shop: Shop, snapshot: Snapshot) -> SlotTable:
        """The table as of now, matched with a later snapshot: what was matched before stays so, where the
        slots go on from those of then; else all is looked up anew.
        """
        table, moved = self.table.refreshed(shop)
        if self.rows is None or not goes_on(self.names, snapshot.names):
            return SlotTable(snapshot, table)
        known = self.rows if moved is None else np.where(self.rows < 0, -1, moved[self.rows])
        names, before = snapshot.names, len(known)
        unknown = np.arange(before, len(names))
        stayed = len(self.table) if moved is None else np.count_nonzero(moved >= 0)
        if len(table) > stayed:
            unknown = np.concatenate([np.flatnonzero(self.rows < 0), unknown])  # new ones may be of old slots
        rows = known
        if len(unknown):
            rows = np.concatenate([known, np.full(len(names) - before, -1)])
            rows[unknown] = [table.row_of.get(names[slot], -1) for slot in unknown.tolist()]
        return SlotTable(snapshot, table, rows)


@dataclass(frozen=True)
class SlotTable:
    """A snapshot and the product table, matched. Safe to use from several threads."""

    snapshot: Snapshot
    table: ProductTable
    _rows: NDArray[np.int64] | None = field(default=None, repr=False)
    _kept: dict[Where, NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    @property
    def matched(self) -> Matched:
        """For the view after this one."""
        return Matched(self.table, self.snapshot.names, vars(self).get("_row_of_slot", self._rows))

    @cached_property
    def _row_of_slot(self) -> NDArray[np.int64]:
        """The table row of each slot (P,), -1 where the table has none."""
        if self._rows is not None:
            return self._rows
        row_of = self.table.row_of
        return np.fromiter((row_of.get(name, -1) for name in self.snapshot.names), np.int64)

    def mask(self, where: Where) -> NDArray[np.bool_]:
        """Which slots (P,) are live and hold products that the filter lets through; the caller's own copy.
        Raises BadFilter.
        """
        known = self._kept.get(where)
        if known is None:
            known = self._passed(where) & self.snapshot.alive
            while len(self._kept) >= REMEMBERED:
                self._kept.pop(next(iter(self._kept.copy())), None)
            self._kept[where] = known
        return known.copy()

    def _passed(self, where: Where) -> NDArray[np.bool_]:
        rows = self._row_of_slot
        if not len(self.table.ids):
            return np.zeros(len(rows), bool)
        passed: NDArray[np.bool_] = where.mask(self.table)[rows] & (rows >= 0)
        return passed
