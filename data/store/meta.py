"""Facts about the shop itself, as JSON values under a key; and the registry of spaces."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from data.errors import SpaceMismatch
from data.records import SpaceRecord
from data.store.database import Database
from data.store.schema import meta, spaces

CURRENT_SPACE = "space"


class Meta:
    """Keys and values, and spaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str, default: Any = None) -> Any:
        """The value under a key, or ``default``."""
        with self._database.read() as connection:
            found = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
        return default if found is None else json.loads(found)

    def set(self, key: str, value: Any) -> None:
        """Keep a JSON value under a key."""
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
        put = self._database.upsert(meta).values(key=key, value=text)
        with self._database.write() as connection:
            connection.execute(put.on_conflict_do_update(index_elements=["key"], set_={"value": text}))

    def put_space(self, record: SpaceRecord) -> None:
        """Keep what a space means; its fingerprint is its key."""
        fields = {
            "embedder": record.embedder,
            "layout": json.dumps(dict(record.layout)),
            "config": json.dumps(dict(record.config), ensure_ascii=False),
        }
        put = self._database.upsert(spaces).values(space=record.space, **fields)
        with self._database.write() as connection:
            connection.execute(put.on_conflict_do_update(index_elements=["space"], set_=fields))

    def space(self, space: str) -> SpaceRecord:
        """What a space means; SpaceMismatch where this shop has never seen it."""
        with self._database.read() as connection:
            row = connection.execute(select(spaces).where(spaces.c.space == space)).first()
        if row is None:
            raise SpaceMismatch(
                f"this shop has no vectors of the space {space!r}: index it with that embedder first"
            )
        return SpaceRecord(row.space, row.embedder, json.loads(row.layout), json.loads(row.config))

    def space_names(self) -> list[str]:
        """All spaces of the shop."""
        with self._database.read() as connection:
            return list(connection.execute(select(spaces.c.space).order_by(spaces.c.space)).scalars())
