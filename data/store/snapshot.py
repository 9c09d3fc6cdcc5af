"""All records as of one moment in another database: what a backup holds, and how it is read back.

An SQLite file is copied page by page in one read transaction (SQLite's online backup), which writers in WAL
mode neither see nor wait for. Records on a server are read in one REPEATABLE READ transaction and written to
an SQLite file of the same tables, so that every backup is one kind of file, which either database can be
filled from.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Integer, delete, func, insert, select, text

from data.errors import Damaged, UsageError
from data.store.database import Database
from data.store.schema import metadata, products

BATCH = 1000


def write_snapshot(database: Database, target: Path) -> None:
    """All records into a new SQLite file, forced to the disk. Raises Damaged if it is not sound."""
    if database.is_sqlite:
        _copy_file(database, target)
    else:
        fresh = Database.in_file(target)
        try:
            fresh.migrate()
            _copy_rows(database, fresh)
        finally:
            fresh.close()
    with closing(sqlite3.connect(target)) as copied:
        copied.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    check_sound(target)
    handle = os.open(target, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fill(snapshot: Path, database: Database) -> None:
    """The records of a snapshot into an empty database. Raises UsageError where that one holds products."""
    database.migrate()
    with database.read() as connection:
        if connection.execute(select(func.count()).select_from(products)).scalar_one():
            raise UsageError("the database holds a shop already; name an empty one")
    source = Database.in_file(snapshot)
    try:
        source.migrate()
        _copy_rows(source, database)
    finally:
        source.close()


def check_sound(path: Path) -> None:
    """Damaged unless SQLite finds the file in order."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            found = opened.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise Damaged(f"{path} is no sound database ({error}); take another backup") from error
    if found != "ok":
        raise Damaged(f"{path} is no sound database ({found}); take another backup")


def _copy_file(database: Database, target: Path) -> None:
    with database.engine.connect() as borrowed, closing(sqlite3.connect(target)) as copied:
        source = borrowed.connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise TypeError("the embedded database has another driver than sqlite3")
        source.backup(copied)  # in one step, so in one snapshot


def _copy_rows(source: Database, target: Database) -> None:
    with source.read() as old, target.write() as new:
        for table in reversed(metadata.sorted_tables):  # what the migrations put there
            new.execute(delete(table))
        for table in metadata.sorted_tables:
            rows = old.execution_options(yield_per=BATCH).execute(select(table)).mappings()
            for part in rows.partitions(BATCH):
                new.execute(insert(table), [dict(row) for row in part])
        if not target.is_sqlite:
            _go_on_counting(new)


def _go_on_counting(connection: Connection) -> None:
    """Let PostgreSQL's own counters go on after the numbers that were written."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None or not isinstance(column.type, Integer):
            continue
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": column.name},
        ).scalar()
        if sequence is not None:
            highest = connection.execute(select(func.max(column))).scalar()
            connection.execute(
                text("SELECT setval(CAST(:name AS regclass), :value, :used)"),
                {"name": sequence, "value": highest or 1, "used": highest is not None},
            )
