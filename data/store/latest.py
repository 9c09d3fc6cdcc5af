"""What is asked for with every request: read again only once something was committed since."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from data.store.database import Database

Value = TypeVar("Value")


class Latest:
    """The last values read from a database, each beside the database's stamp from before it was read.

    Where the stamp is still the same nothing was committed in between, by this process or another, so the
    value is what would be read now. A database without stamps is read every time. Safe to use from several
    threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[str, tuple[object, object]] = {}

    def value(self, name: str, read: Callable[[Connection], Value]) -> Value:
        """What ``read`` gives in a transaction now; every ``name`` has one ``read``.

        The value is shared with others that ask for it: it must not be changed.
        """

        def ask() -> Value:
            with self._database.read() as connection:
                return read(connection)

        return self.asked(name, ask)

    def asked(self, name: str, ask: Callable[[], Value]) -> Value:
        """The same of what ``ask`` reads by itself, such as by ``Database.rows``."""
        stamp = self._database.stamp()  # before the value: a commit in between is seen the next time
        kept = self._kept.get(name)
        if kept is not None and stamp is not None and kept[0] == stamp:
            return cast(Value, kept[1])
        value = ask()
        self._kept[name] = stamp, value
        return value
