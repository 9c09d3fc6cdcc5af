"""Interactions in the database: written once, read by customer or as one table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, func, insert, select

from data.ids import storable
from data.records import Interaction, PutInteractions
from data.store.database import Database, current_revision, next_revision, parts
from data.store.meta import Meta
from data.store.products import from_micros, to_micros
from data.store.recommendations import FORGOTTEN_AT, forget_shown
from data.store.rejects import forget_rejects
from data.store.schema import interactions, recommendations, rejects

if TYPE_CHECKING:
    import pandas as pd

INTERACTIONS = "interactions"
SAID = ("customer_id", "product_id", "event", "timestamp")
"""What two events of one id must say alike to be the same one."""
SWEEP = "sweep_forgotten"
"""Key of the fact that customers were forgotten since the last sweep. It does not say who."""


class Interactions:
    """What customers did."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._meta = Meta(database)

    def put(self, items: Sequence[Interaction], undated: Collection[int] = ()) -> PutInteractions:
        """Store those that are new, in one transaction that is on the disk when this returns; see
        ``Shop.put_interactions``.
        """
        given = [_values(item) for item in items]
        new = {entry["event_id"]: entry for entry in reversed(given)}
        first: dict[str, Any] = dict(new)
        with self._database.write() as connection:
            for part in parts(list(first)):
                query = select(*(interactions.c[name] for name in ("event_id", *SAID)))
                for row in connection.execute(query.where(interactions.c.event_id.in_(part))).mappings():
                    first[row["event_id"]] = row
                    del new[row["event_id"]]
            if new:
                connection.execute(insert(interactions), list(reversed(new.values())))
                next_revision(connection, INTERACTIONS)
        conflicts = {}
        for at, entry in enumerate(given):
            there = first[entry["event_id"]]
            other = [name for name in SAID if entry[name] != there[name]]
            if other and not (at in undated and other == ["timestamp"]):
                conflicts[at] = ", ".join(other)
        return PutInteractions(len(new), len(items) - len(new) - len(conflicts), conflicts)

    def history(self, customer_id: str, limit: int | None) -> list[Interaction]:
        """A customer's interactions, oldest first; with a limit, the newest so many."""
        query = (
            select(interactions)
            .where(interactions.c.customer_id == customer_id)
            .order_by(interactions.c.timestamp.desc(), interactions.c.seq.desc())
        )
        if limit is not None:
            query = query.limit(max(limit, 0))
        with self._database.read() as connection:
            rows = connection.execute(query).all() if storable(customer_id) else []
        return [_interaction(row) for row in reversed(rows)]

    def met(self, customer_id: str) -> list[str]:
        """Ids of all products that a customer had anything to do with, in order."""
        query = select(interactions.c.product_id).where(interactions.c.customer_id == customer_id).distinct()
        with self._database.read() as connection:
            return sorted(connection.execute(query).scalars()) if storable(customer_id) else []

    def frame(self) -> pd.DataFrame:
        """All interactions as a table, oldest first."""
        import pandas as pd  # half a second to import; only models and reports read the whole table

        columns = ("customer_id", "product_id", "event", "value", "timestamp")
        query = select(*(interactions.c[name] for name in columns)).order_by(
            interactions.c.timestamp, interactions.c.seq
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        made: dict[str, Any] = {name: [row[at] for row in rows] for at, name in enumerate(columns)}
        frame = pd.DataFrame(made, columns=list(columns))
        frame["value"] = frame["value"].astype("float64")
        frame["timestamp"] = pd.to_datetime(frame["timestamp"].astype("int64"), unit="us", utc=True)
        return frame

    def customers(self, limit: int | None, offset: int) -> list[tuple[str, int]]:
        """Customers by id, each with the number of their interactions."""
        query = (
            select(interactions.c.customer_id, func.count().label("n"))
            .group_by(interactions.c.customer_id)
            .order_by(interactions.c.customer_id)
            .offset(offset)
        )
        if limit is not None:
            query = query.limit(limit)
        with self._database.read() as connection:
            return [(row.customer_id, int(row.n)) for row in connection.execute(query)]

    def forget(self, customer_id: str) -> int:
        """Delete all that is known of a customer, also what was recommended to them, in one transaction;
        returns how many interactions that was.
        """
        if not storable(customer_id):
            return 0
        gone = delete(interactions).where(interactions.c.customer_id == customer_id)
        with self._database.write() as connection:
            shown = forget_shown(connection, customer_id)
            self._meta.put(connection, FORGOTTEN_AT, to_micros(datetime.now(UTC)))
            count = int(connection.execute(gone).rowcount)
            forget_rejects(connection, customer_id)
            if count:
                next_revision(connection, INTERACTIONS)
            if count or shown:
                self._meta.put(connection, SWEEP, True)
        return count

    def sweep(self) -> bool:
        """Write anew what may still hold bytes of customers that were forgotten; whether there were any.

        SQLite overwrites what it deletes, but not the copies that it left behind in index pages it had split
        before. PostgreSQL clears its pages by itself (autovacuum).
        """
        if not self._meta.get(SWEEP, False):
            return False
        with self._database.write() as connection:
            if self._database.is_sqlite:
                for table in (interactions, recommendations, rejects):
                    connection.exec_driver_sql(f"REINDEX {table.name}")
            self._meta.put(connection, SWEEP, False)
        return True

    def revision(self) -> int:
        """A number that grows whenever interactions are stored or forgotten."""
        return self._database.latest.value("interactions", lambda c: current_revision(c, INTERACTIONS))


def _values(item: Interaction) -> dict[str, Any]:
    return {
        "event_id": item.identity,
        "customer_id": item.customer_id,
        "product_id": item.product_id,
        "event": item.event,
        "value": item.value,
        "timestamp": to_micros(item.timestamp),
    }


def _interaction(row: Row[Any]) -> Interaction:
    return Interaction(
        row.customer_id, row.product_id, row.event, from_micros(row.timestamp), row.value, row.event_id
    )
