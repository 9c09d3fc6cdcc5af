"""From a shop to the arrays that models learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from data.events import signed_weight
from data.records import CORE_COLUMNS
from recommender.dataset import Dataset, Events
from recommender.items import ALWAYS, Doubles, Floats, Ints, Items

if TYPE_CHECKING:
    import pandas as pd

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

    def pinned(self) -> LiveCatalogue:
        """The catalogue of this moment: what it says stays of one space, whatever the shop switches to."""


def live_items(table: ProductTable, looks: ProductLooks, space: str) -> Items:
    """All live products, with looks, categories and dates of arrival as the shop notes them.

    table and looks may be a moment apart: looks of products that the table lacks are left out.
    """
    names, prices = table.column("category"), np.asarray(table.column("price"), np.float64)
    return Items.build(
        table.ids,
        vectors=(looks.ids, np.asarray(looks.matrix, np.float32)),
        arrived={
            product: moment.timestamp()
            for product, moment in zip(table.ids, table.first_seen, strict=True)
            if moment is not None
        },
        categories={product: str(n) for product, n in zip(table.ids, names, strict=True) if n is not None},
        space=space,
        attributes=attributes_of(table),
        prices=dict(zip(table.ids, prices.tolist(), strict=True)),
    )


def attributes_of(table: ProductTable) -> dict[str, dict[str, str | None]]:
    """column → product id → value, of the columns of words that tell groups of products.

    Not what differs for (nearly) every product, as titles do, nor what is the same for all; of more than
    ``MOST_ATTRIBUTES`` columns those with the fewest values.
    """
    found: dict[str, tuple[int, dict[str, str | None]]] = {}
    for name in table.columns:
        values = table.column(name) if name not in CORE_COLUMNS else None
        if values is None or values.dtype != object:
            continue
        words = [None if value is None else str(value) for value in values.tolist()]
        there = [word for word in words if word is not None]
        distinct = len(set(there))
        if 2 <= distinct <= MOST_DISTINCT * len(there):
            found[name] = (distinct, dict(zip(table.ids, words, strict=True)))
    fewest = sorted(found, key=lambda name: (found[name][0], name))[:MOST_ATTRIBUTES]
    return {name: found[name][1] for name in sorted(fewest)}


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

    A product was there at its first interaction at the latest. One whose note in the shop is younger than
    every interaction was imported afterwards: when it really came is unknown, and it counts as having
    always been there.
    """
    first = np.full(len(items), np.inf)
    np.minimum.at(first, events.items, events.times)
    noted = np.where(items.arrived >= asof, ALWAYS, items.arrived)
    return items.arriving(np.minimum(noted, first))
