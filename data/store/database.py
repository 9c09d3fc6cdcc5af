"""One database: connections, transactions, and foreign errors turned into ours at this border.

A write transaction starts by taking the database's write lock (``BEGIN IMMEDIATE`` in SQLite, a row lock on
the revision counter in PostgreSQL), so revisions are handed out in the order in which they become visible.
A read transaction sees one snapshot and never waits for a writer.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit is on the disk when it returns, so what was
acknowledged survives both a killed process and a power cut.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table, UpdateBase, create_engine, event, select, update
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from data.errors import Damaged, SchemaMismatch, ShopBusy, UsageError, VitrineError
from data.ids import storable
from data.store.latest import Latest
from data.store.schema import HEAD, counter
from data.store.stamps import Stamps

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.dialects import postgresql, sqlite

BUSY_SECONDS = 30
REVISION = "revision"
_WRITES = "vitrine_writes"


class Database:
    """An engine on the shop's database. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        try:
            # What a failed statement was given may name customers, and its message reaches the log.
            self.engine: Engine = create_engine(url, hide_parameters=True, **_engine_options(url))
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise UsageError(
                f"cannot use the database {_without_password(url)!r}: {error}; "
                "give a URL such as postgresql+psycopg://user@host/name"
            ) from error
        self.url = url
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._stamps = Stamps(self.engine) if self.is_sqlite else None
        self.latest = Latest(self)

    @classmethod
    def in_file(cls, path: Path) -> Database:
        """The embedded default: an SQLite file."""
        return cls(f"sqlite:///{path}")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one snapshot of the database."""
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with _translated(self.url), self.engine.connect() as raw, raw.execution_options(**level).begin():
            yield raw

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is alone in writing; it commits when the block ends without an error."""
        with (
            _translated(self.url),
            self.engine.connect() as raw,
            raw.execution_options(**{_WRITES: True}).begin(),
        ):
            if not self.is_sqlite:
                raw.execute(select(counter.c.value).where(counter.c.name == REVISION).with_for_update())
            yield raw

    def stamp(self) -> object | None:
        """What is another value as soon as any process has committed something; costs two microseconds.

        None where the database cannot say so that cheaply (PostgreSQL), or not now.
        """
        return None if self._stamps is None else self._stamps.now()

    def rows(
        self, text: str, values: Sequence[object], query: Callable[[], Select[Any]]
    ) -> list[tuple[Any, ...]]:
        """The rows of one question: in SQLite ``plainly``, with ``text`` and ``values``; elsewhere, and where
        it refused, by what ``query`` makes.
        """
        found = self.plainly(text, values)
        if found is None:
            with self.read() as connection:
                found = [tuple(row) for row in connection.execute(query())]
        return found

    def plainly(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]] | None:
        """The rows of one statement that only reads, in a third of the time that ``read`` takes; None where
        the database is not SQLite, or refused: ``read`` then says why.
        """
        if not self.is_sqlite:
            return None
        try:
            raw = self.engine.raw_connection()
            try:
                cursor = raw.cursor()
                try:
                    cursor.execute(statement, tuple(values))
                    return list(cursor.fetchall())
                finally:
                    cursor.close()
            finally:
                raw.close()
        except (sqlite3.Error, DBAPIError):
            return None

    def upsert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that knows ``on_conflict_do_…`` in either database."""
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert

            return insert(table)
        from sqlalchemy.dialects import postgresql  # only the dialect in use is worth its import

        return postgresql.insert(table)

    def version(self) -> str | None:
        """The version of the tables, or None where there are none yet."""
        try:
            with self.engine.connect() as raw:
                found = raw.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        except DBAPIError as error:
            if _is_missing_table(error):
                return None
            raise _ours(error, self.url) from error
        return None if found is None else str(found)

    def migrate(self, target: str = HEAD) -> None:
        """Bring the tables to this version, or to an older or newer one of those that are known.

        SchemaMismatch where a newer Vitrine made them.
        """
        if self.version() == target:
            return
        from data.migrations.runner import move  # Alembic takes 0.2 s to import and is needed once

        with _translated(self.url):
            move(self.engine, target)

    def check_version(self) -> None:
        """SchemaMismatch unless the tables are of this version."""
        found = self.version()
        if found != HEAD:
            raise SchemaMismatch(
                f"the shop's database is of version {found or 'none'}, this Vitrine needs {HEAD}: "
                + (
                    "run 'vitrine migrate' on it, which brings it up to date"
                    if found is None or found < HEAD
                    else "it was made by a newer Vitrine; install that one"
                )
            )

    def empty_log(self, seconds: float = 2.0) -> bool:
        """Bring SQLite's write-ahead log into the database and cut it to nothing, so that it holds no former
        content of a page; False where somebody read for longer than that. True for other databases, whose
        log is their own affair.
        """
        if not self.is_sqlite:
            return True
        raw = self.engine.raw_connection()
        try:
            cursor = raw.cursor()
            try:
                cursor.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                told = cursor.fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
                cursor.close()
        finally:
            raw.close()
        return told is not None and not told[0]

    def close(self) -> None:
        """Give all connections back."""
        if self._stamps is not None:
            self._stamps.close()
        self.engine.dispose()


def next_revision(connection: Connection, name: str = REVISION) -> int:
    """Count one change, inside the transaction that makes it."""
    bumped = update(counter).where(counter.c.name == name).values(value=counter.c.value + 1)
    return int(connection.execute(bumped.returning(counter.c.value)).scalar_one())


def current_revision(connection: Connection, name: str = REVISION) -> int:
    """The revision that this transaction sees."""
    return int(connection.execute(select(counter.c.value).where(counter.c.name == name)).scalar_one())


def parts(ids: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    """Ids in portions that fit into one statement; those that no database can hold are left out."""
    asked = [name for name in ids if storable(name)]
    for start in range(0, len(asked), size):
        yield asked[start : start + size]


def execute_many(connection: Connection, statement: UpdateBase, rows: Sequence[Mapping[str, object]]) -> None:
    """One statement for many rows, each with the same names, handed to the driver as it is: SQLAlchemy's own
    way looks at every value of every row again, which takes longer than writing it."""
    if not rows:
        return
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
    fixed = {name: value for name, value in compiled.params.items() if name not in rows[0]}
    names = compiled.positiontup
    if names is None:
        given: list[Any] = [fixed | dict(row) for row in rows]
    else:
        given = [tuple(row[name] if name in row else fixed[name] for name in names) for row in rows]
    connection.exec_driver_sql(str(compiled), given)


def _engine_options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        # Last in, first out: a connection's page cache holds what it has just written, and others' do not.
        return {
            "pool_size": 8,
            "max_overflow": 56,
            "pool_use_lifo": True,
            "connect_args": {"timeout": BUSY_SECONDS},
        }
    return {"pool_size": 8, "max_overflow": 24, "pool_pre_ping": True}


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is in _begin_sqlite
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # what is deleted is overwritten: a customer is to be forgotten on the disk too
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "temp_store=MEMORY",
        "cache_size=-32000",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _ours(error, url) from error


def _ours(error: DBAPIError, url: str) -> VitrineError:
    said = str(error.orig).strip().splitlines()[0] if error.orig is not None else str(error)
    low = said.lower()
    if "locked" in low or "busy" in low:
        return ShopBusy(
            f"another process kept the shop's database locked for {BUSY_SECONDS} s; try again when it is done"
        )
    if "readonly database" in low or "unable to open" in low:
        place = Path(_without_password(url).removeprefix("sqlite:///"))
        return VitrineError(
            f"the shop's database {place} cannot be opened for writing ({said}), which SQLite needs also to "
            f"read it: let this user write to {place.parent} and what is in it, mount it read-write, or take "
            "a copy"
        )
    if "malformed" in low or "not a database" in low:
        return Damaged(f"the shop's database is damaged ({said}): restore it from a backup, or index anew")
    if _is_missing_table(error):
        return SchemaMismatch(f"the shop's database lacks a table ({said}): run 'vitrine migrate' on it")
    return VitrineError(f"the shop's database refused: {said}")


def _is_missing_table(error: DBAPIError) -> bool:
    # PostgreSQL may answer in any language, but its codes are fixed.
    return getattr(error.orig, "sqlstate", None) == "42P01" or "no such table" in str(error.orig)


def _without_password(url: str) -> str:
    return re.sub(r"://([^:/@]*):[^@]*@", r"://\1:***@", url)
