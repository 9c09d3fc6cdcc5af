"""From a shop to the arrays that models learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data.columns import TextColumn, TruthColumn
from data.events import signed_weight
from data.records import CORE_COLUMNS, Cell
from recommender.dataset import Dataset, Events
from recommender.histories import DAY
from recommender.items import ALWAYS, Bools, Doubles, Floats, Ints, Items
from recommender.models.arrivals import BULK

if TYPE_CHECKING:
    import pandas as pd

    from data.columns import Column
    from data.shared import Words
    from data.shop import Shop
    from data.table import ProductTable

MOST_ATTRIBUTES = 12
MOST_DISTINCT = 0.7
"""Of the products that have a value; a column with more different ones names products, not groups."""


class ProductLooks(Protocol):
    """One vector per live product that has photos."""

    @property
    def ids(self) -> Sequence[str]:
        """Product ids."""

    @property
    def matrix(self) -> Floats:
        """float32 (m, d), unit-norm."""


class LiveCatalogue(Protocol):
    """What the recommender needs of an index: the live products, their looks, and the space these are in."""

    @property
    def space(self) -> str:
        """Fingerprint of the embedder."""

    @property
    def table(self) -> ProductTable:
        """The live products."""

    @property
    def looks(self) -> object:
        """The same object for as long as no product's looks change."""

    def products(self) -> ProductLooks:
        """The live products' looks."""

    def vectors_of(self, product_id: str) -> tuple[Sequence[str], Floats]:
        """A product's photo ids and their vectors (m, d)."""

    def near(self, probes: Floats, fetch: int) -> Ints | None:
        """Places in ``products()`` of those likely among the ``fetch`` nearest to some probe (p, d); None
        where comparing all is as quick.
        """

    def refresh(self) -> bool:
        """Pick up what changed in the shop."""

    def freshen(self) -> None:
        """The same, but of many changed looks some hundredths of a second later."""

    def pinned(self) -> LiveCatalogue:
        """The catalogue of this moment: what it says stays of one space, whatever the shop switches to."""


def live_items(table: ProductTable, looks: ProductLooks, space: str, before: Items | None = None) -> Items:
    """All live products, with looks, categories and dates of arrival as the shop notes them, but for those
    of an import in bulk, which say nothing.

    table and looks may be a moment apart: looks of products that the table lacks are left out. before: the
    products of some earlier moment, with which this is quicker.
    """
    noted = [ALWAYS if moment is None else moment.timestamp() for moment in table.first_seen]
    arrived = np.asarray(noted, np.float64)
    none = np.full(len(table), -1, np.int64), tuple[str, ...]()
    return Items.of_rows(
        table.ids,
        vectors=(looks.ids, np.asarray(looks.matrix, np.float32)),
        arrived=np.where(in_bulk(arrived), ALWAYS, arrived),
        categories=_words(table.cells("category")) or none,
        space=space,
        attributes=attributes_of(table),
        prices=prices_of(table),
        before=before,
    )


def prices_of(table: ProductTable) -> Doubles:
    """float64 (n,), by row of the table, NaN where a product has none."""
    return np.asarray(table.column("price"), np.float64)


def attributes_of(table: ProductTable) -> dict[str, Ints]:
    """column → a number per value (n,) by row of the table, of the columns of words that tell groups of
    products; -1 where a product has none.

    Not what differs for (nearly) every product, as titles do, nor what is the same for all; of more than
    ``MOST_ATTRIBUTES`` columns those with the fewest values.
    """
    found: dict[str, tuple[int, Ints]] = {}
    for name in table.columns:
        told = _words(table.cells(name)) if name not in CORE_COLUMNS else None
        if told is None:
            continue
        codes, names = told
        if 2 <= len(names) <= MOST_DISTINCT * np.count_nonzero(codes >= 0):
            found[name] = (len(names), codes)
    fewest = sorted(found, key=lambda name: (found[name][0], name))[:MOST_ATTRIBUTES]
    return {name: found[name][1] for name in sorted(fewest)}


def _words(column: Column) -> tuple[Ints, tuple[str, ...]] | None:
    """The number (n,) of every cell's word, -1 for blanks, and the words by number, sorted; None for numbers,
    and for truths that are known of all products.
    """
    codes: NDArray[np.signedinteger[Any]]
    cells: Sequence[Cell] | Words
    if isinstance(column, TextColumn):
        codes, cells = column.codes, column.words
    elif isinstance(column, TruthColumn) and column.blank().any():
        codes, cells = column.states, (False, True)
    else:
        return None
    used = np.flatnonzero(np.bincount(codes[codes >= 0])).tolist()
    words = [str(cells[code]) for code in used]
    names = tuple(sorted(set(words)))
    number = dict(zip(names, range(len(names)), strict=True))
    numbers = np.full(max(used, default=-1) + 2, -1, np.int64)  # code -1 finds the -1 at the end
    numbers[used] = [number[word] for word in words]
    return numbers[codes], names


def load_dataset(shop: Shop, catalogue: LiveCatalogue) -> Dataset:
    """Everything a shop knows, as of the moment after its last interaction.

    Interactions with products that are deleted, or whose event weighs nothing, are counted in ``unusable``.
    """
    now = catalogue.pinned()
    items = live_items(now.table, now.products(), now.space)
    frame = shop.interactions()
    rows = items.rows(frame["product_id"].tolist())
    weights = weights_of(frame, shop.event_weights)
    times = frame["timestamp"].to_numpy("datetime64[us]").astype(np.int64) / 1e6
    usable = (rows >= 0) & (weights != 0)
    customers = tuple(sorted(set(frame["customer_id"])))
    position = {customer: at for at, customer in enumerate(customers)}
    who = np.fromiter((position[c] for c in frame["customer_id"]), np.int64, len(frame))
    events = Events.build(who[usable], rows[usable], weights[usable], times[usable])
    asof = float(times.max()) + 1.0 if len(times) else 0.0
    return Dataset(
        items=dated(items, events, asof),
        customers=customers,
        events=events,
        asof=asof,
        unusable={
            "product_deleted": int((rows < 0).sum()),
            "event_without_weight": int(((rows >= 0) & (weights == 0)).sum()),
        },
    )


def weights_of(frame: pd.DataFrame, table: Mapping[str, float]) -> Doubles:
    """float64 (m,): the signed weight of every row; computed once per distinct (event, value)."""
    pairs = frame[["event", "value"]].drop_duplicates()
    known = {
        (event, value if value == value else None): signed_weight(
            event, value if value == value else None, table
        )
        for event, value in zip(pairs["event"], pairs["value"], strict=True)
    }
    found = (
        known[(event, value if value == value else None)]
        for event, value in zip(frame["event"], frame["value"], strict=True)
    )
    return np.fromiter(found, np.float64, len(frame))


def dated(items: Items, events: Events, asof: float) -> Items:
    """Products with the moment from which they could have been recommended, as far as that can be known.

    That is the beginning of the day (UTC) that the shop noted. Where this is younger than the product's first
    interaction or than all interactions, or the day of an import in bulk, it is the day of an import: when
    the product really came is unknown, and it counts as having always been there. It is not taken to have
    come with its first interaction: whoever is asked at that moment would find their own choice by its date.
    """
    first = np.full(len(items), np.inf)
    np.minimum.at(first, events.items, events.times)
    day = np.floor(items.arrived / DAY) * DAY
    unknown = (items.arrived >= asof) | (day > first) | in_bulk(items.arrived)
    return items.arriving(np.where(unknown, ALWAYS, day))


def in_bulk(noted: Doubles) -> Bools:
    """bool (n,): which moments lie within 24 hours that hold more than ``BULK`` of all: they tell of an
    import, not of products.
    """
    known = np.sort(noted[np.isfinite(noted)])
    ends = np.searchsorted(known, known + DAY, side="right")
    crowded = ends - np.arange(len(known)) > BULK * len(noted)
    begun = np.searchsorted(known[crowded], noted, side="right")
    over = np.searchsorted(known[ends[crowded] - 1], noted, side="left")
    found: Bools = begun > over
    return found
