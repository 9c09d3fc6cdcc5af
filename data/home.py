"""A shop's directory, and which database belongs to it (``shop.json``)."""

from __future__ import annotations

import json
import os
from pathlib import Path

from data.errors import Damaged, ShopMissing, UsageError
from data.store.database import Database

SHOP_FILE = "shop.json"
DATABASE_FILE = "shop.db"
_FORMAT = 1


def remember_database(directory: Path, url: str | None) -> str | None:
    """Make the directory and note its database, once; returns the URL in force, None for the SQLite file.

    Raises UsageError where the shop exists with another database.
    """
    note = directory / SHOP_FILE
    if note.exists():
        known = remembered_database(directory)
        if url is not None and url != known:
            raise UsageError(
                f"the shop {directory} already keeps its records in another database; "
                "leave the database out, or choose another directory"
            )
        return known
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file: a shop needs a directory of its own")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write_note(note, url)
    except OSError as error:
        raise UsageError(f"no shop can be made in {directory}: {error.strerror or error}") from error
    return url


def _write_note(note: Path, url: str | None) -> None:
    fresh = note.with_name(f"{SHOP_FILE}.{os.getpid()}")
    # The URL may hold a password, so that nobody else may read it.
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if url else 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump({"format": _FORMAT, "database": url}, out)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(note)


def remembered_database(directory: Path) -> str | None:
    """The URL noted in the directory, None for the SQLite file in it; ShopMissing where there is no shop."""
    try:
        note = json.loads((directory / SHOP_FILE).read_text(encoding="utf-8"))
        url = note["database"]
    except (FileNotFoundError, NotADirectoryError):
        raise ShopMissing(
            f"no shop in {directory}: make one with 'vitrine index CATALOGUE --shop {directory}' or "
            f"'vitrine demo --shop {directory}'"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(
            f"{directory / SHOP_FILE} cannot be read ({error}): restore it from a backup"
        ) from error
    if url is not None and not isinstance(url, str):
        raise Damaged(f"{directory / SHOP_FILE} names no usable database: restore it from a backup")
    return url


def open_database(directory: Path, url: str | None) -> Database:
    """The database of the shop in ``directory``."""
    return Database(url) if url is not None else Database.in_file(directory.absolute() / DATABASE_FILE)
