"""Facts about the shop itself, as JSON values under a key."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from data.store.database import Database
from data.store.schema import meta


class Meta:
    """Keys and values."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str, default: Any = None) -> Any:
        """The value under a key, or ``default``; the caller's own, to be changed at will."""
        found = self._database.latest.value(f"meta:{key}", lambda connection: _text(connection, key))
        return default if found is None else json.loads(found)

    def read(self, connection: Connection, key: str, default: Any = None) -> Any:
        """The value under a key, or ``default``, inside the caller's transaction."""
        found = _text(connection, key)
        return default if found is None else json.loads(found)

    def set(self, key: str, value: Any) -> None:
        """Keep a JSON value under a key."""
        with self._database.write() as connection:
            self.put(connection, key, value)

    def put(self, connection: Connection, key: str, value: Any) -> None:
        """Keep a JSON value under a key, inside the caller's transaction."""
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
        put = self._database.upsert(meta).values(key=key, value=text)
        connection.execute(put.on_conflict_do_update(index_elements=["key"], set_={"value": text}))


def _text(connection: Connection, key: str) -> str | None:
    found: str | None = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
    return found
