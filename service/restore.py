"""A shop from a backup: every checksum is compared first, and the shop appears only once it is whole."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

from data.errors import Damaged, UsageError
from data.home import DATABASE_FILE, SHOP_FILE, remember_database
from index.durable import sync
from service.answers import Json
from service.backup_manifest import MANIFEST, beside, verify


def restore(source: Path, directory: Path, database: str | None = None) -> Json:
    """Make a new shop of a backup, after every checksum matched. Returns revision, generation and files.

    database: SQLAlchemy URL of an empty database for the records, None for SQLite inside the directory.
    Raises UsageError where there is no backup or the directory is not empty, Damaged where a file does not
    match.
    """
    directory = directory.absolute()
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is not empty; name a new directory for the restored shop")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with beside(directory) as folder:
        copied = _unpacked(source, folder)
        content = verify(copied)
        if copied.parent != folder:
            copied = Path(shutil.copytree(copied, folder / "shop"))
            verify(copied)  # what was written is what was read
        (copied / MANIFEST).unlink()
        if database is not None:
            from data.store.database import Database
            from data.store.snapshot import fill

            opened = Database(database)
            try:
                fill(copied / DATABASE_FILE, opened)
            finally:
                opened.close()
            (copied / DATABASE_FILE).unlink()
        (copied / SHOP_FILE).unlink(missing_ok=True)
        remember_database(copied, database)
        for path in (*copied.rglob("*"), copied):
            sync(path)
        os.rename(copied, directory)
        sync(directory.parent)
    return {"shop": str(directory), **{k: content[k] for k in ("revision", "generation", "created")}}


def _unpacked(source: Path, into: Path) -> Path:
    """The folder of a backup: the backup itself, or what its file holds."""
    if source.is_dir():
        return source
    if not source.is_file():
        raise UsageError(f"there is no backup {source}")
    folder = into / "shop"
    try:
        with tarfile.open(source) as packed:
            packed.extractall(folder, filter="data")  # nothing outside the folder, no links out of it
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Damaged(f"{source} cannot be unpacked ({error}); use another backup") from error
    return folder
