"""The live products as a table in memory: what filters, rules and pages read.

A table is immutable; ``refresh`` makes the next one by reading only what changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.columns import Column, extended, make_column, taken
from data.errors import BadFilter, UnknownProduct
from data.records import CORE_COLUMNS, Cell, Product
from data.shared import RowOf

if TYPE_CHECKING:
    from data.shop import Shop


@dataclass(frozen=True)
class ProductTable:
    """Live products by row, in no promised order.

    ids: product ids by row. revision: of the shop when the table was read.
    """

    ids: list[str]
    revision: int
    _columns: Mapping[str, Column] = field(repr=False)
    _first_seen: tuple[datetime | None, ...] = field(repr=False)
    _row_of: RowOf | None = field(default=None, repr=False)

    @classmethod
    def load(cls, shop: Shop) -> ProductTable:
        """Read all live products of a shop."""
        revision = shop.revision  # before the rows: a change in between is read again by refresh
        return cls.of((product for batch in shop.all_products() for product in batch), revision)

    @classmethod
    def of(cls, products: Iterable[Product], revision: int = 0) -> ProductTable:
        """A table of the given products."""
        ids: list[str] = []
        moments: list[datetime | None] = []
        cells: dict[str, list[Cell]] = {name: [] for name in CORE_COLUMNS}
        for row, product in enumerate(products):
            ids.append(product.product_id)
            moments.append(product.first_seen)
            for name, cell in _cells(product).items():
                column = cells.setdefault(name, [])
                column.extend([None] * (row - len(column)))
                column.append(cell)
        for column in cells.values():
            column.extend([None] * (len(ids) - len(column)))
        made = {name: make_column(column) for name, column in cells.items()}
        return cls(ids, revision, made, tuple(moments))

    def refresh(self, shop: Shop) -> ProductTable:
        """This table where nothing changed, else the next one; only changed products are read."""
        return self.refreshed(shop)[0]

    def refreshed(self, shop: Shop) -> tuple[ProductTable, NDArray[np.int64] | None]:
        """The same; and the new row of each of this table's rows, -1 for what is gone. None: each has the row
        that it had, and what is new comes after them.
        """
        revision = shop.revision
        if revision == self.revision:
            return self, None
        changed = shop.changed_products(self.revision)
        alive = shop.products(changed)
        return self._with(alive, [i for i in changed if i not in alive], revision)

    def _with(
        self, alive: Mapping[str, Product], gone: Sequence[str], revision: int
    ) -> tuple[ProductTable, NDArray[np.int64] | None]:
        """Where no product is new or gone the next table has the very ids of this one."""
        new = [i for i in alive if i not in self.row_of]
        ids = [*self.ids, *new] if new else self.ids
        row_of = self.row_of.plus(new) if new else self.row_of
        moments = [*self._first_seen, *[None] * len(new)]
        dated = bool(new)
        cells: dict[str, dict[int, Cell]] = {name: {} for name in self._columns}
        for product in alive.values():
            row = row_of[product.product_id]
            dated = dated or moments[row] != product.first_seen
            moments[row] = product.first_seen
            told = _cells(product)
            for name in {*cells, *told}:
                cells.setdefault(name, {})[row] = told.get(name)
        columns = {
            name: extended(self._columns.get(name), len(ids), laid) if laid or new else self._columns[name]
            for name, laid in cells.items()
        }
        dropped = [self.row_of[i] for i in gone if i in self.row_of]
        moved = None
        if dropped:
            stays = np.ones(len(ids), bool)
            stays[dropped] = False
            kept = np.flatnonzero(stays)
            moved = np.where(stays, np.cumsum(stays) - 1, -1)[: len(self.ids)]
            columns = {name: taken(column, kept) for name, column in columns.items()}
            ids, moments = list(compress(ids, stays)), list(compress(moments, stays))
        used = {n: c for n, c in columns.items() if n in CORE_COLUMNS or not c.blank().all()}
        seen = tuple(moments) if dated or dropped else self._first_seen
        return ProductTable(ids, revision, used, seen, None if dropped else row_of), moved

    def differs_only_in(self, columns: Collection[str], other: ProductTable) -> bool:
        """Whether another table has the very products, rows, dates and cells of this one, but for some
        columns.

        Said of tables that were made of one another by ``refresh``; of two that were read by themselves it is
        not looked into, and the answer is no.
        """
        mine, theirs = self._columns, other._columns
        return (
            self.ids is other.ids
            and self._first_seen is other._first_seen
            and all(mine.get(name) is theirs.get(name) for name in {*mine, *theirs} - set(columns))
        )

    @cached_property
    def row_of(self) -> RowOf:
        """Product id → row."""
        return RowOf(self.ids) if self._row_of is None else self._row_of

    @property
    def first_seen(self) -> tuple[datetime | None, ...]:
        """By row: when the shop got the product (UTC), where known."""
        return self._first_seen

    @property
    def columns(self) -> list[str]:
        """Names of all columns: the core ones, then attributes by name."""
        return [*CORE_COLUMNS, *sorted(name for name in self._columns if name not in CORE_COLUMNS)]

    def __len__(self) -> int:
        return len(self.ids)

    def cells(self, name: str) -> Column:
        """A column as filters read it; BadFilter, listing the columns, where there is none of that name."""
        try:
            return self._columns[name]
        except KeyError:
            raise BadFilter(
                f"no column {name!r} in this shop; its columns are {', '.join(self.columns)}",
                column=name,
                columns=self.columns,
            ) from None

    def column(self, name: str) -> NDArray[np.generic]:
        """A column's values by row: float64 with NaN for blanks, bool, or object with None for blanks."""
        return self.cells(name).array()

    def product(self, row: int) -> Product:
        """The product in a row."""
        told = {name: column.value(row) for name, column in self._columns.items()}
        attributes = {n: c for n, c in told.items() if n not in CORE_COLUMNS and c is not None}
        title, category, price = told["title"], told["category"], told["price"]
        return Product(
            self.ids[row],
            title if isinstance(title, str) else None,
            category if isinstance(category, str) else None,
            price if isinstance(price, float) else None,
            bool(told["in_stock"]),
            attributes,
            self._first_seen[row],
        )

    def by_id(self, product_id: str) -> Product:
        """The product of an id, or UnknownProduct."""
        if product_id not in self.row_of:
            raise UnknownProduct(f"no product {product_id!r:.80} in this shop", product_id=product_id)
        return self.product(self.row_of[product_id])


def _cells(product: Product) -> dict[str, Cell]:
    core: dict[str, Cell] = {
        "product_id": product.product_id,
        "title": product.title,
        "category": product.category,
        "price": None if product.price is None else float(product.price),
        "in_stock": product.in_stock,
    }
    return {**product.attributes, **core}
