"""The log of recommendations in the database: who was shown what, at which position, how probable it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from data.ids import storable
from data.shown import Shown
from data.store.database import Database
from data.store.meta import Meta
from data.store.products import from_micros, to_micros
from data.store.schema import recommendations

if TYPE_CHECKING:
    import pandas as pd

PRUNED_AT_ONCE = 1000
FORGOTTEN_AT = "forgotten_at"
"""Key of the moment in which a customer was last forgotten, in microseconds since 1970."""


class Recommendations:
    """What was shown. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._meta = Meta(database)

    def put(self, rows: Sequence[Shown]) -> None:
        """Store rows, in one transaction that is on the disk when this returns.

        Rows that waited, in whichever process, while a customer was forgotten are stored without their
        customers: nothing may say who was forgotten, and none of these rows may bring one back.
        """
        if rows:
            with self._database.write() as connection:
                forgotten_at = self._meta.read(connection, FORGOTTEN_AT, 0)
                values = [_values(row) for row in rows]
                for entry in values:
                    if entry["timestamp"] <= forgotten_at:
                        entry["customer_id"] = None
                connection.execute(insert(recommendations), values)

    def answer(self, request_id: str) -> list[Shown]:
        """The rows of one answer by position; none where it is not in the log."""
        query = (
            select(recommendations)
            .where(recommendations.c.request_id == request_id)
            .order_by(recommendations.c.position)
        )
        with self._database.read() as connection:
            return [_shown(row) for row in connection.execute(query)] if storable(request_id) else []

    def count(self, customer_id: str | None = None) -> int:
        """How many rows there are, of all or of one customer."""
        query = select(func.count()).select_from(recommendations)
        if customer_id is not None:
            if not storable(customer_id):
                return 0
            query = query.where(recommendations.c.customer_id == customer_id)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def frame(self, since: datetime | None = None) -> pd.DataFrame:
        """The log, or what of it was shown from ``since`` on, as a table: oldest first, then by position.

        Columns: the fields of ``Shown``; timestamp in UTC, score and propensity (NaN: unknown) as floats.
        """
        import pandas as pd  # half a second to import; only exports read the whole log

        columns = [column.name for column in recommendations.columns]
        query = select(recommendations).order_by(
            recommendations.c.timestamp, recommendations.c.request_id, recommendations.c.position
        )
        if since is not None:
            query = query.where(recommendations.c.timestamp >= to_micros(since))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        made: dict[str, Any] = {name: [row[at] for row in rows] for at, name in enumerate(columns)}
        frame = pd.DataFrame(made, columns=columns)
        frame = frame.astype({"score": "float64", "propensity": "float64", "position": "int64"})
        frame["timestamp"] = pd.to_datetime(frame["timestamp"].astype("int64"), unit="us", utc=True)
        return frame

    def prune(self, before: datetime) -> int:
        """Delete what was shown before a moment, a thousand answers at a time; how many rows that was."""
        old = (
            select(recommendations.c.request_id)
            .where(recommendations.c.timestamp < to_micros(before))
            .distinct()
            .limit(PRUNED_AT_ONCE)
        )
        gone, total = 1, 0
        while gone:  # short transactions, so that nobody else waits long for the right to write
            with self._database.write() as connection:
                found = connection.execute(old).scalars().all()
                wanted = delete(recommendations).where(recommendations.c.request_id.in_(found))
                gone = int(connection.execute(wanted).rowcount) if found else 0
            total += gone
        return total


def forget_shown(connection: Connection, customer_id: str) -> int:
    """Delete a customer's rows inside the caller's transaction; returns how many."""
    gone = delete(recommendations).where(recommendations.c.customer_id == customer_id)
    return int(connection.execute(gone).rowcount)


def _values(row: Shown) -> dict[str, Any]:
    return {
        "request_id": row.request_id,
        "position": row.position,
        "timestamp": to_micros(row.timestamp),
        "surface": row.surface,
        "customer_id": row.customer_id,
        "product_id": row.product_id,
        "score": row.score,
        "propensity": row.propensity,
        "policy": row.policy,
        "fallback": row.fallback,
    }


def _shown(row: Row[Any]) -> Shown:
    return Shown(**{**row._mapping, "timestamp": from_micros(row.timestamp)})
