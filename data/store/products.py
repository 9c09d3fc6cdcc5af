"""Products in the database: how they are written, compared, read and buried."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select, update

from data.ids import clean_text
from data.records import Card, Cell, Changes, Product, PutProducts
from data.store.database import Database, current_revision, next_revision, parts
from data.store.schema import products

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Made once: to put a statement together takes longer than to answer it.
_BY_ID = select(products).where(products.c.product_id.in_(bindparam("ids", expanding=True)))
_LIVE_BY_ID = _BY_ID.where(products.c.deleted.is_(False))
_CARD_COLUMNS = ", ".join(Card._fields)  # names of ours alone are put into the text; ids are always bound
_CARDS_IN_SQLITE = f"SELECT {_CARD_COLUMNS} FROM products WHERE NOT deleted AND product_id IN"  # nosec B608
_LOOKS_CHANGED_IN_SQLITE = "SELECT count(*) FROM (SELECT 1 FROM products WHERE looks_revision > ? LIMIT ?)"
_CHANGES_IN_SQLITE = (
    "SELECT product_id, deleted FROM products WHERE looks_revision > ? AND looks_revision <= ? "
    "ORDER BY looks_revision, product_id"
)
_CONTENT = ("title", "category", "price", "in_stock", "attributes")


def to_micros(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970, UTC."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The inverse of ``to_micros``."""
    return EPOCH + timedelta(microseconds=micros)


class Products:
    """The products of a shop. Methods with a ``connection`` run inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_id(self, ids: Sequence[str], deleted: bool = False) -> dict[str, Product]:
        """The live products (or, if asked, the deleted ones too) among ``ids``."""
        found: dict[str, Product] = {}
        with self._database.read() as connection:
            for part in parts(ids):
                rows = connection.execute(_BY_ID if deleted else _LIVE_BY_ID, {"ids": list(part)})
                found.update((row.product_id, _product(row)) for row in rows)
        return found

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        """What lists show of the live products among ``ids``, for a fraction of what whole ones cost."""
        found: dict[str, Card] = {}
        for part in parts(ids):
            marks = ",".join("?" * len(part))
            rows = self._database.rows(f"{_CARDS_IN_SQLITE} ({marks})", part, partial(_cards_of, part))
            for product_id, title, category, price, in_stock in rows:
                found[product_id] = Card(product_id, title, category, price, bool(in_stock))
        return found

    def stream(self, batch: int = 2000) -> Iterator[list[Product]]:
        """All live products by id, in batches, each batch one short query."""
        last = ""
        while True:
            query = (
                select(products)
                .where(products.c.product_id > last, products.c.deleted.is_(False))
                .order_by(products.c.product_id)
                .limit(batch)
            )
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            yield [_product(row) for row in rows]
            last = rows[-1].product_id

    def revision(self) -> int:
        """The number of the last change."""
        return self._database.latest.value("revision", current_revision)

    def put(self, items: Sequence[Product]) -> PutProducts:
        """Insert or replace products, as far as they differ from what is stored, in one transaction."""
        with self._database.write() as connection:
            stored = self.stored(connection, [item.product_id for item in items])
            fresh = {
                i.product_id for i in items if i.product_id not in stored or stored[i.product_id].deleted
            }
            news = [i for i in items if i.product_id in fresh or differs(i, stored[i.product_id])]
            if news:
                self.write(connection, news, next_revision(connection), fresh)
        return PutProducts(len(fresh), len(news) - len(fresh), len(items) - len(news))

    def change(self, product_id: str, how: Callable[[Product], Product]) -> bool:
        """Replace a live product by what ``how`` makes of it, in one transaction, so that two changes at the
        same time both count; False where there is no such product.
        """
        with self._database.write() as connection:
            row = self.stored(connection, [product_id]).get(product_id)
            if row is None or row.deleted:
                return False
            made = how(_product(row))
            if differs(made, row):
                self.write(connection, [made], next_revision(connection), set())
        return True

    def known(self, ids: Sequence[str]) -> set[str]:
        """Those of ``ids`` that the shop has or once had."""
        found: set[str] = set()
        with self._database.read() as connection:
            for part in parts(ids):
                query = select(products.c.product_id).where(products.c.product_id.in_(part))
                found.update(connection.execute(query).scalars())
        return found

    def changed(self, revision: int) -> list[str]:
        """Ids of products with any change after ``revision``, deleted ones included, in order."""
        # Not ordered by the database: SQLite would go through all products in that order instead.
        query = select(products.c.product_id).where(products.c.revision > revision)
        with self._database.read() as connection:
            return sorted(connection.execute(query).scalars())

    def looks_changed(self, revision: int, most: int) -> int:
        """How many products changed their looks after ``revision``; counted up to ``most``."""
        query = partial(_looks_changed, revision, most)
        ((found,),) = self._database.rows(_LOOKS_CHANGED_IN_SQLITE, (revision, most), query)
        return int(found)

    def changes(self, revision: int, limit: int | None) -> Changes:
        """Changes of looks after ``revision``, in order; a limit never cuts one revision in two."""
        reached = self.revision()  # a product that changes while it is asked for changes after this one
        if limit is not None:
            after = select(products.c.looks_revision).where(products.c.looks_revision > revision)
            mark = after.order_by(products.c.looks_revision).offset(max(limit, 1) - 1).limit(1)
            with self._database.read() as connection:
                edge = connection.execute(mark).scalar()
            reached = reached if edge is None else min(reached, int(edge))
        query = partial(_changes, revision, reached)
        rows = self._database.rows(_CHANGES_IN_SQLITE, (revision, reached), query)
        return Changes(
            reached,
            [product_id for product_id, deleted in rows if not deleted],
            [product_id for product_id, deleted in rows if deleted],
        )

    def stored(self, connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
        """The rows of ``ids``, deleted ones included."""
        found: dict[str, Row[Any]] = {}
        for part in parts(ids):
            query = select(products).where(products.c.product_id.in_(part))
            found.update((row.product_id, row) for row in connection.execute(query))
        return found

    def write(self, connection: Connection, items: Sequence[Product], revision: int, looks: set[str]) -> None:
        """Insert or replace products; those in ``looks`` also count as changed in looks."""
        if not items:
            return
        now = to_micros(datetime.now(UTC))
        rows = [self._row(item, now, revision) for item in items]
        put = self._database.upsert(products)
        kept: dict[str, Any] = {name: put.excluded[name] for name in (*_CONTENT, "deleted", "revision")}
        connection.execute(put.on_conflict_do_update(index_elements=["product_id"], set_=kept), rows)
        self.touch_looks(connection, sorted(looks), revision)
        told = [item for item in items if item.first_seen is not None]
        if told:
            moments = [
                {"which": i.product_id, "moment": to_micros(i.first_seen)} for i in told if i.first_seen
            ]
            connection.execute(
                update(products)
                .where(products.c.product_id == bindparam("which"))
                .values(first_seen=bindparam("moment")),
                moments,
            )

    def touch_looks(self, connection: Connection, ids: Sequence[str], revision: int) -> None:
        """Note that the looks of these products changed at ``revision``."""
        for part in parts(ids):
            connection.execute(
                update(products)
                .where(products.c.product_id.in_(part))
                .values(revision=revision, looks_revision=revision)
            )

    def delete(self, connection: Connection, ids: Sequence[str]) -> list[str]:
        """Bury live products: their rows stay as tombstones. Returns those that were alive."""
        alive = [i for i, row in self.stored(connection, ids).items() if not row.deleted]
        if alive:
            revision = next_revision(connection)
            for part in parts(alive):
                connection.execute(
                    update(products)
                    .where(products.c.product_id.in_(part))
                    .values(deleted=True, revision=revision, looks_revision=revision)
                )
        return alive

    def _row(self, item: Product, now: int, revision: int) -> dict[str, Any]:
        arrived = now if item.first_seen is None else to_micros(item.first_seen)
        return {
            "product_id": item.product_id,
            **content(item),
            "first_seen": arrived,
            "deleted": False,
            "revision": revision,
            "looks_revision": revision,
        }


def content(item: Product) -> dict[str, Any]:
    """A product's fields as the table keeps them."""
    return {
        "title": None if item.title is None else clean_text(item.title),
        "category": None if item.category is None else clean_text(item.category),
        "price": item.price,
        "in_stock": item.in_stock,
        "attributes": _attributes_text(item.attributes),
    }


def differs(item: Product, row: Row[Any]) -> bool:
    """Whether a product says anything other than its stored row."""
    if item.first_seen is not None and to_micros(item.first_seen) != row.first_seen:
        return True
    return bool(row.deleted) or any(row._mapping[name] != value for name, value in content(item).items())


def _attributes_text(attributes: Mapping[str, Cell]) -> str:
    plain = {clean_text(name): _plain(value) for name, value in attributes.items()}
    kept = {name: value for name, value in plain.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: Cell) -> Cell:
    if isinstance(value, str):
        return clean_text(value) or None
    if isinstance(value, bool) or value is None:
        return value
    return float(value) if math.isfinite(value) else None


def _looks_changed(revision: int, most: int) -> Select[Any]:
    after = select(products.c.product_id).where(products.c.looks_revision > revision).limit(most)
    return select(func.count()).select_from(after.subquery())


def _changes(revision: int, reached: int) -> Select[Any]:
    return (
        select(products.c.product_id, products.c.deleted)
        .where(products.c.looks_revision > revision, products.c.looks_revision <= reached)
        .order_by(products.c.looks_revision, products.c.product_id)
    )


def _cards_of(ids: Sequence[str]) -> Select[Any]:
    live = (products.c.product_id.in_(ids), products.c.deleted.is_(False))
    return select(*(products.c[name] for name in Card._fields)).where(*live)


def _product(row: Row[Any]) -> Product:
    return Product(
        row.product_id,
        row.title,
        row.category,
        row.price,
        row.in_stock,
        json.loads(row.attributes),
        from_micros(row.first_seen),
    )
