"""The spaces of a shop: what each means, which one is searched, which one was before, and what each lacks."""

from __future__ import annotations

import json

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, select

from data.errors import SpaceMismatch
from data.records import SpaceRecord
from data.store.database import REVISION, Database
from data.store.schema import counter, meta, photos, products, spaces, vectors

CURRENT_SPACE = "space"
PREVIOUS_SPACE = "previous_space"
_DROPPED_AT_ONCE = 5000
_CURRENT = select(meta.c.value).where(meta.c.key == CURRENT_SPACE).scalar_subquery()
_STATE_IN_SQLITE = "SELECT value, (SELECT value FROM meta WHERE key = ?) FROM counter WHERE name = ?"
_STATE = select(counter.c.value, _CURRENT.label("space")).where(counter.c.name == REVISION)


class Spaces:
    """The registry of spaces. The current one is one row: it changes wholly or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, record: SpaceRecord) -> None:
        """Keep what a space means; its fingerprint is its key."""
        fields = {
            "embedder": record.embedder,
            "layout": json.dumps(dict(record.layout)),
            "config": json.dumps(dict(record.config), ensure_ascii=False),
        }
        put = self._database.upsert(spaces).values(space=record.space, **fields)
        with self._database.write() as connection:
            connection.execute(put.on_conflict_do_update(index_elements=["space"], set_=fields))

    def get(self, space: str) -> SpaceRecord:
        """What a space means; SpaceMismatch where this shop has never seen it."""
        with self._database.read() as connection:
            return _known(connection, space)

    def names(self) -> list[str]:
        """All spaces of the shop."""
        with self._database.read() as connection:
            return list(connection.execute(select(spaces.c.space).order_by(spaces.c.space)).scalars())

    def state(self) -> tuple[int, str | None]:
        """The shop's revision and its current space, as of one moment."""
        return self._database.latest.asked("state", self._state)

    def current(self) -> SpaceRecord | None:
        """What the current space means, or None while there is none."""
        return self._database.latest.value("current space", _current)

    def previous(self) -> str | None:
        """The space that was current before the present one, or None."""
        with self._database.read() as connection:
            return _named(connection, PREVIOUS_SPACE)

    def use(self, space: str, complete: bool = False) -> int:
        """Make a known space the current one, and the one that was the previous, in one transaction.

        complete: do nothing where photos that are found now would not be found then. Returns how many.
        """
        known = self.get(space).space
        with self._database.write() as connection:
            before = current_space(connection)
            if before == known:
                return 0
            lost = _count(connection, _lost(before, known))
            if not (complete and lost):
                self._name(connection, CURRENT_SPACE, known)
                if before is not None:
                    self._name(connection, PREVIOUS_SPACE, before)
        return lost

    def lost(self, space: str) -> int:
        """Photos that have a vector in the current space and none in this one."""
        with self._database.read() as connection:
            return _count(connection, _lost(current_space(connection), space))

    def photos(self, space: str) -> int:
        """Photos of live products that have a vector in a space."""
        with self._database.read() as connection:
            return _count(connection, _usable().where(_has_vector(space)))

    def drop(self, space: str) -> int:
        """Forget a space and its vectors, a portion in a transaction; how many vectors there were."""
        gone = 0
        mine = vectors.c.space == space
        portion = select(vectors.c.sha256).where(mine).order_by(vectors.c.sha256).limit(_DROPPED_AT_ONCE)
        while True:
            with self._database.write() as connection:
                shas = list(connection.execute(portion).scalars())
                if not shas:
                    connection.execute(delete(spaces).where(spaces.c.space == space))
                    if _named(connection, PREVIOUS_SPACE) == space:
                        connection.execute(delete(meta).where(meta.c.key == PREVIOUS_SPACE))
                    return gone
                first = vectors.c.sha256 <= shas[-1]
                gone += connection.execute(delete(vectors).where(mine, first)).rowcount

    def _state(self) -> tuple[int, str | None]:
        rows = self._database.rows(_STATE_IN_SQLITE, (CURRENT_SPACE, REVISION), lambda: _STATE)
        ((revision, space),) = rows
        return int(revision), None if space is None else str(json.loads(space))

    def _name(self, connection: Connection, key: str, space: str) -> None:
        text = json.dumps(space, ensure_ascii=False)
        put = self._database.upsert(meta).values(key=key, value=text)
        connection.execute(put.on_conflict_do_update(index_elements=["key"], set_={"value": text}))


def current_space(connection: Connection) -> str | None:
    """The space that is searched, as this transaction sees it."""
    return _named(connection, CURRENT_SPACE)


def _known(connection: Connection, space: str) -> SpaceRecord:
    row = connection.execute(select(spaces).where(spaces.c.space == space)).first()
    if row is None:
        raise SpaceMismatch(
            f"this shop has no vectors of the space {space!r}: index it with that embedder first"
        )
    return SpaceRecord(row.space, row.embedder, json.loads(row.layout), json.loads(row.config))


def _current(connection: Connection) -> SpaceRecord | None:
    name = current_space(connection)
    return None if name is None else _known(connection, name)


def _named(connection: Connection, key: str) -> str | None:
    found = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
    return None if found is None else str(json.loads(found))


def _usable() -> Select[int]:
    """Counts photos of live products that could be read."""
    owned = photos.join(products, products.c.product_id == photos.c.product_id)
    return (
        select(func.count())
        .select_from(owned)
        .where(products.c.deleted.is_(False), photos.c.status == "done")
    )


def _has_vector(space: str) -> ColumnElement[bool]:
    same = and_(vectors.c.space == space, vectors.c.sha256 == photos.c.sha256)
    return select(vectors.c.sha256).where(same).exists()


def _lost(current: str | None, space: str) -> Select[int]:
    return _usable().where(_has_vector(current or ""), ~_has_vector(space))


def _count(connection: Connection, query: Select[int]) -> int:
    return int(connection.execute(query).scalar_one())
