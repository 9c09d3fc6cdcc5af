"""Whether anything was committed to an SQLite database, told by SQLite itself in two microseconds."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError


class Stamps:
    """``PRAGMA data_version`` on a connection of its own, which never writes: it gives another number as soon
    as any other connection, of this process or another, has committed. Safe to use from several threads.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: Any = None
        self._opened = 0

    def now(self) -> tuple[int, int] | None:
        """A value to compare with an earlier one: equal if and only if nothing was committed in between.

        None where the database cannot be asked; whoever reads it then says what is wrong with it.
        """
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._engine.raw_connection()
                    self._connection.detach()  # the pool has its full number without it
                    self._opened += 1  # numbers of two connections have nothing to do with each other
                asked = self._connection.dbapi_connection.execute("PRAGMA data_version")
                ((version,),) = asked.fetchall()
            except (sqlite3.Error, DBAPIError):
                self._close()
                return None
            return self._opened, int(version)

    def close(self) -> None:
        """Give the connection back; a later question opens another."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
