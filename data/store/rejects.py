"""What could not be used, import by import; the sums that an import ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from data.ids import clean_text
from data.records import Reject, RejectRecord
from data.store.database import Database, parts
from data.store.products import to_micros
from data.store.schema import imports, photos, rejects

EVENTS_IMPORT = "interactions"
LONGEST_SHOWN = 80
"""Of so many characters an id is kept with a refused event."""
KEPT_IMPORTS = 5
"""Of so many last imports of one source the rejects are kept."""


class Rejects:
    """Imports and their rejects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, kind: str, source: str) -> int:
        """Open an import; the rejects of imports of the same source longer ago than a few are dropped."""
        source = clean_text(source)
        with self._database.write() as connection:
            made = connection.execute(
                insert(imports)
                .values(kind=kind, source=source, started=to_micros(datetime.now(UTC)))
                .returning(imports.c.import_id)
            )
            import_id = int(made.scalar_one())
            same = select(imports.c.import_id).where(imports.c.kind == kind, imports.c.source == source)
            recent = same.order_by(imports.c.import_id.desc()).limit(KEPT_IMPORTS)
            kept = list(connection.execute(recent).scalars())
            old = same.where(imports.c.import_id < min(kept, default=import_id))
            connection.execute(delete(rejects).where(rejects.c.import_id.in_(old)))
        return import_id

    def newest(self, kind: str) -> int | None:
        """The number of the newest import of a kind."""
        query = select(func.max(imports.c.import_id)).where(imports.c.kind == kind)
        with self._database.read() as connection:
            found: int | None = connection.execute(query).scalar()
        return found

    def put(self, import_id: int | None, found: Sequence[Reject]) -> None:
        """Keep rejects of an import."""
        if found:
            with self._database.write() as connection:
                connection.execute(insert(rejects), [_values(import_id, entry, None) for entry in found])

    def finish(self, import_id: int, rows: int, used: int, rejected: int) -> None:
        """Close an import with its sums."""
        with self._database.write() as connection:
            connection.execute(
                update(imports)
                .where(imports.c.import_id == import_id)
                .values(rows=rows, used=used, rejected=rejected, finished=to_micros(datetime.now(UTC)))
            )

    def settle_rows(self, import_id: int) -> int:
        """Turn rejects of photos into rejects of rows where none of the row's photos could be used.

        Returns how many rows of the import are rejected in all.
        """
        failed = (
            select(rejects.c.row)
            .where(rejects.c.import_id == import_id, rejects.c.photo_id.is_not(None))
            .where(rejects.c.row.is_not(None))
        )
        # A photo whose file is missing may be found by its vector all the same.
        faulty = select(rejects.c.photo_id).where(rejects.c.photo_id == photos.c.photo_id).exists()
        working = select(photos.c.row).where(
            photos.c.import_id == import_id,
            photos.c.status != "rejected",
            photos.c.row.is_not(None),
            ~faulty,
        )
        with self._database.write() as connection:
            connection.execute(
                update(rejects)
                .where(rejects.c.import_id == import_id, rejects.c.photo_id.is_not(None))
                .where(rejects.c.row.in_(failed), rejects.c.row.not_in(working))
                .values(scope="row")
            )
            rows = select(func.count(rejects.c.row.distinct()))
            return int(
                connection.execute(
                    rows.where(rejects.c.import_id == import_id, rejects.c.scope == "row")
                ).scalar_one()
            )

    def read(self, import_id: int | None, kind: str | None) -> list[RejectRecord]:
        """Rejects of one import; else those of the newest import of every source, and of uploads."""
        query = (
            select(rejects, imports.c.kind, imports.c.source)
            .outerjoin(imports, imports.c.import_id == rejects.c.import_id)
            .order_by(rejects.c.import_id, rejects.c.row, rejects.c.reject_id)
        )
        if import_id is not None:
            query = query.where(rejects.c.import_id == import_id)
        else:
            newest = select(func.max(imports.c.import_id)).group_by(imports.c.kind, imports.c.source)
            query = query.where(or_(rejects.c.import_id.is_(None), rejects.c.import_id.in_(newest)))
        if kind is not None:
            query = query.where(imports.c.kind == kind)
        with self._database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def summary(self, import_id: int) -> dict[str, int]:
        """Reason code → how many rejects of an import, the most frequent first."""
        query = (
            select(rejects.c.reason, func.count().label("n"))
            .where(rejects.c.import_id == import_id)
            .group_by(rejects.c.reason)
            .order_by(func.count().desc(), rejects.c.reason)
        )
        with self._database.read() as connection:
            return {row.reason: int(row.n) for row in connection.execute(query)}

    def forget_photos(self, connection: Connection, photo_ids: Sequence[str]) -> None:
        """Drop the rejects of photos, which can be used now or fail anew."""
        for part in parts(photo_ids):
            connection.execute(delete(rejects).where(rejects.c.photo_id.in_(part)))

    def put_photos(
        self, connection: Connection, rows: Mapping[str, Row[Any]], failed: Sequence[tuple[str, str, str]]
    ) -> None:
        """Keep (photo id, reason, detail) under the import that last listed each photo."""
        self.forget_photos(connection, [entry[0] for entry in failed])
        values = [
            _values(rows[i].import_id, Reject("photo", rows[i].row, rows[i].product_id, reason, detail), i)
            for i, reason, detail in failed
            if i in rows
        ]
        if values:
            connection.execute(insert(rejects), values)


def forget_rejects(connection: Connection, customer_id: str) -> None:
    """Delete refused events that are kept under a customer's id, inside the caller's transaction."""
    events = select(imports.c.import_id).where(imports.c.kind == EVENTS_IMPORT)
    shown = clean_text(customer_id[:LONGEST_SHOWN])
    connection.execute(delete(rejects).where(rejects.c.import_id.in_(events), rejects.c.item == shown))


def _values(import_id: int | None, entry: Reject, photo_id: str | None) -> dict[str, Any]:
    return {
        "import_id": import_id,
        "scope": entry.scope,
        "row": entry.row,
        "item": None if entry.id is None else clean_text(entry.id),
        "reason": entry.reason,
        "detail": clean_text(entry.detail),
        "photo_id": photo_id,
    }


def _record(row: Row[Any]) -> RejectRecord:
    entry = Reject(row.scope, row.row, row.item, row.reason, row.detail)
    return RejectRecord(row.import_id, row.kind or "upload", row.source or "", entry)
