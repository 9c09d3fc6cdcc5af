"""Writing a catalogue into the shop: what is new, what changed, which photos came and went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from data.errors import UsageError
from data.ids import clean_text, photo_id_of
from data.records import CatalogueRow, Product, PutResult
from data.store.database import Database, next_revision, parts
from data.store.products import Products, differs
from data.store.schema import photos

UPLOADS = ""
"""The root of uploaded photos: the shop's own directory. Imports of catalogues leave them alone."""


@dataclass(slots=True)
class _Entry:
    """What the rows at hand say of one product."""

    product: Product
    opens: bool
    photos: dict[str, int] = field(default_factory=dict)  # path → row


@dataclass(slots=True)
class _PhotoWork:
    """Changes to the photos table, gathered over a portion of rows."""

    new: list[dict[str, Any]] = field(default_factory=list)
    moved: list[dict[str, Any]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    """Known photos that the running import lists."""
    looks: set[str] = field(default_factory=set)
    """Products whose looks change by it."""


class Catalogue:
    """Puts rows of a catalogue into the shop, one transaction for each portion."""

    def __init__(self, database: Database, items: Products) -> None:
        self._database = database
        self._products = items

    def put_rows(
        self, rows: Sequence[CatalogueRow], photo_root: Path | None, import_id: int | None
    ) -> PutResult:
        """Upsert products and their lists of photos; see ``Shop.put_rows``."""
        entries = _gather(rows)
        root = str(photo_root.absolute()) if photo_root is not None else ""
        if not root and any(entry.photos for entry in entries.values()):
            raise UsageError("rows with photos need the folder that their paths start from (photo_root)")
        ids = list(entries)
        with self._database.write() as connection:
            stored = self._products.stored(connection, ids)
            listed = photos_by_product(connection, ids)
            new = [e.product for i, e in entries.items() if i not in stored]
            changed = [
                e.product
                for i, e in entries.items()
                if i in stored and (stored[i].deleted or (e.opens and differs(e.product, stored[i])))
            ]
            work = _PhotoWork()
            for product_id, entry in entries.items():
                _compare(entry, listed.get(product_id, {}), root, import_id, work)
            revived = {p.product_id for p in changed if stored[p.product_id].deleted}
            if new or changed or work.looks:
                revision = next_revision(connection)
                self._products.write(connection, [*new, *changed], revision, set())
                self._products.touch_looks(connection, sorted(work.looks | revived), revision)
            _apply(connection, work, import_id)
        return PutResult(
            len(new), len(changed), len(entries) - len(new) - len(changed), len(work.new), len(work.gone)
        )

    def drop_unlisted(self, import_id: int) -> int:
        """Remove photos that an import did not list, of products of which it listed others."""
        mine = select(photos.c.product_id).where(photos.c.import_id == import_id).distinct()
        stale = (
            select(photos.c.photo_id, photos.c.product_id)
            .where(photos.c.root != UPLOADS, photos.c.product_id.in_(mine))
            .where(photos.c.import_id.is_(None) | (photos.c.import_id != import_id))
        )
        with self._database.write() as connection:
            found = connection.execute(stale).all()
            if found:
                _remove(connection, [row.photo_id for row in found])
                owners = sorted({row.product_id for row in found})
                self._products.touch_looks(connection, owners, next_revision(connection))
        return len(found)


def photos_by_product(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, Row[Any]]]:
    """The stored photos of products: product id → photo id → row, in order of position."""
    found: dict[str, dict[str, Row[Any]]] = {}
    for part in parts(ids):
        query = select(photos).where(photos.c.product_id.in_(part)).order_by(photos.c.position)
        for row in connection.execute(query):
            found.setdefault(row.product_id, {})[row.photo_id] = row
    return found


def _gather(rows: Iterable[CatalogueRow]) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for row in rows:
        entry = entries.get(row.product.product_id)
        if entry is None or not row.further:
            entry = _Entry(row.product, opens=not row.further)
            entries[row.product.product_id] = entry
        for photo in row.photos:
            entry.photos.setdefault(clean_text(photo.path), row.row)
    return entries


def _compare(
    entry: _Entry, stored: Mapping[str, Row[Any]], root: str, import_id: int | None, work: _PhotoWork
) -> None:
    """Note what must change so that the table says what the entry says.

    A photo that is no longer listed goes at once where the rows say everything about the product. During an
    import, later rows may still list it, so it waits for ``drop_unlisted``; only a product without any photo
    loses its photos at once.
    """
    product_id = entry.product.product_id
    final = entry.opens and (import_id is None or not entry.photos)
    place = 0 if entry.opens else _places_taken(stored, import_id)
    wanted: set[str] = set()
    for path, row in entry.photos.items():
        photo_id = photo_id_of(product_id, path)
        known = stored.get(photo_id)
        wanted.add(photo_id)
        if known is None:
            work.new.append(_new_photo(photo_id, product_id, root, path, place, row, import_id))
            work.looks.add(product_id)
        elif not entry.opens and (import_id is None or known.import_id == import_id):
            continue  # an earlier row of the same product has this photo already
        else:
            work.listed.append(photo_id)
            if (known.root, known.position, known.row) != (root, place, row):
                work.moved.append({"which": photo_id, "to_root": root, "to_place": place, "to_row": row})
            if known.position != place:
                work.looks.add(product_id)
        place += 1
    if final:
        gone = [i for i, known in stored.items() if i not in wanted and known.root != UPLOADS]
        work.gone.extend(gone)
        if gone:
            work.looks.add(product_id)


def _places_taken(stored: Mapping[str, Row[Any]], import_id: int | None) -> int:
    """How many photos come before those of a further row: the ones that this import listed already."""
    return sum(
        1
        for row in stored.values()
        if row.root != UPLOADS and (import_id is None or row.import_id == import_id)
    )


def _new_photo(
    photo_id: str,
    product_id: str,
    root: str,
    path: str,
    position: int,
    row: int | None,
    import_id: int | None,
) -> dict[str, Any]:
    return {
        "photo_id": photo_id,
        "product_id": product_id,
        "root": root,
        "path": path,
        "position": position,
        "status": "pending",
        "row": row,
        "import_id": import_id,
    }


def _apply(connection: Connection, work: _PhotoWork, import_id: int | None) -> None:
    _remove(connection, work.gone)
    if import_id is not None:
        for part in parts(work.listed):
            connection.execute(update(photos).where(photos.c.photo_id.in_(part)).values(import_id=import_id))
    if work.new:
        connection.execute(photos.insert(), work.new)
    if work.moved:
        connection.execute(
            update(photos)
            .where(photos.c.photo_id == bindparam("which"))
            .values(root=bindparam("to_root"), position=bindparam("to_place"), row=bindparam("to_row")),
            work.moved,
        )


def _remove(connection: Connection, photo_ids: Sequence[str]) -> None:
    for part in parts(photo_ids):
        connection.execute(delete(photos).where(photos.c.photo_id.in_(part)))
