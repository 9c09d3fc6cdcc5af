"""The catalogue with everything learnt lined up on it, kept up to date without anybody waiting for it.

Lining up a catalogue of 100,000 products takes some tenths of a second. So a change of prices, stock or
titles alone is taken over into what is there; after any other change questions are answered by what is there,
without the products that are gone or sold out since, while a thread makes the next.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

import numpy as np

from data.blas import blas_in_one_thread
from data.table import ProductTable
from index.catching_up import CatchingUp
from recommender.items import Floats, Ints, Items
from recommender.learned import Learned
from recommender.proposing import Near, Panel
from recommender.ranker.vitrine import FittedVitrine
from recommender.rules import Shelf
from recommender.source import LiveCatalogue, live_items, prices_of

AT_ONCE = 20_000
"""Products that are lined up by the question that meets a change: some hundredths of a second."""
PLAIN = ("price", "in_stock", "title", "product_id")
"""Columns that say nothing of what a product is like."""
LONGEST_REST = 10.0  # seconds between one making and the next


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What answers are made of.

    catalogue: looks, of the moment that the products are lined up from. table: the products' words, all of
    them. shelf: what may be shown; its table is of now, so products may be gone and others not here yet.
    """

    catalogue: LiveCatalogue
    looks: object
    table: ProductTable
    shelf: Shelf
    vitrine: FittedVitrine
    panel: Panel

    @property
    def items(self) -> Items:
        """The products that can be ranked."""
        return self.shelf.items

    @classmethod
    def of(cls, now: LiveCatalogue, learned: Learned, before: View | None = None) -> View:
        """Of a moment of the catalogue; before: an earlier one, with which it is quicker."""
        looks, table, products = now.looks, now.table, now.products()
        items = live_items(table, products, now.space, None if before is None else before.items)
        vitrine = learned.over(items)
        panel = Panel.of(vitrine.blend, len(items), _near(now, items.rows(products.ids)))
        return cls(now, looks, table, Shelf.of(table, items), vitrine, panel)

    def is_of(self, now: LiveCatalogue) -> bool:
        """Whether nothing has changed since."""
        return self.table is now.table is self.shelf.table and self.looks is now.looks

    def repriced(self, now: LiveCatalogue) -> View | None:
        """With the prices, stock and titles of now; None where anything else has changed."""
        table, items = now.table, self.items
        if self.looks is not now.looks or not table.differs_only_in(PLAIN, self.table):
            return None
        if table.cells("price") is self.table.cells("price"):
            return replace(self, table=table, shelf=Shelf.of(table, items, self.shelf))
        shelf = Shelf.of(table, items, self.shelf)
        prices = np.empty(len(items))
        prices[shelf.rows] = prices_of(table)
        priced = replace(items, prices=prices)
        vitrine = replace(self.vitrine, signals=self.vitrine.signals.priced(priced))
        return replace(self, table=table, shelf=replace(shelf, items=priced), vitrine=vitrine)

    def less(self, now: LiveCatalogue) -> View:
        """The same without what is gone or sold out now."""
        return replace(self, shelf=Shelf.of(now.table, self.items, self.shelf))


class Views:
    """The view of now, or nearly so. Safe to use from several threads."""

    def __init__(self, index: LiveCatalogue, learned: Learned) -> None:
        self._index, self._learned = index, learned
        self._lock = threading.Lock()
        self._view: View | None = None
        self._wanted: LiveCatalogue | None = None
        self._rest = 0.0
        self._making = CatchingUp(self._make, "the recommender")

    def current(self) -> View:
        """What to answer with.

        Small catalogues are seen as they are now. In larger ones nothing is shown that is gone or sold out,
        and what is new or looks different is found a second or so later.
        """
        self._index.freshen()
        now = self._index.pinned()
        with self._lock:
            view = self._view
            if view is None or not view.is_of(now):
                view = self._view = self._following(view, now)
            return view

    def _following(self, view: View | None, now: LiveCatalogue) -> View:
        """The view after this one; the lock is held."""
        if view is not None:
            repriced = view.repriced(now)
            if repriced is not None:
                return repriced
            if len(view.items) > AT_ONCE and not self._making.failed:
                self._wanted = now
                self._making.start()
                return view if view.shelf.table is now.table else view.less(now)
        view = View.of(now, self._learned, view)
        self._making.failed = False
        return view

    def wait(self, seconds: float | None = None) -> None:
        """Until the other thread has made what it is making, or so many seconds have passed."""
        self._making.wait(seconds)

    def _make(self) -> None:
        """The work of the other thread. It rests first for as long as it worked the last time: a catalogue
        that never stops changing shall not keep a core busy.
        """
        time.sleep(min(self._rest, LONGEST_REST))
        with self._lock:
            now, view = self._wanted, self._view
        if now is None:
            return
        began = time.perf_counter()
        with blas_in_one_thread():
            made = View.of(now, self._learned, view)
        self._rest = time.perf_counter() - began
        with self._lock:
            self._view = made


def _near(catalogue: LiveCatalogue, rows: Ints) -> Near:
    """What the index finds, as rows of ``Items``; rows: of the catalogue's ``products()``, in their order."""

    def near(probes: Floats, fetch: int) -> Ints | None:
        places = catalogue.near(probes, fetch)
        return None if places is None else rows[places]

    return near
