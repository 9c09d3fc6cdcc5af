"""A shop as one consistent set of files, taken while it is in use, and made a shop again.

What is copied, and in which order: the generations of the index first, then the records as of one moment, so
that the records are never older than an index that was built from them. Uploaded photos are copied before
the records and again after them, for those that came meanwhile. Where the shop was switched to another space
or trained anew in between, it is done over. Photos that a catalogue names stay where they are: only uploaded
ones lie in the shop.

The backup has its name only once all of it is on the disk; ``backup.json`` in it has size and sha256 of every
file, and of itself.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from data.errors import Damaged, UsageError
from data.home import DATABASE_FILE, remember_database
from data.shop import Shop
from data.uploads import UPLOAD_FOLDER
from index.checked import CHECKED_FILE
from index.durable import sync
from index.generations import CURRENT_FILE, Generation, Generations
from service.answers import Json
from service.backup_manifest import Taken, beside, write_manifest

ATTEMPTS = 5
FOLDERS = ("models", "recommender", "reports")
FILES = ("keys",)
"""Of the API keys only hashes are kept there."""
SINGLE = (".tar",)


@dataclass(frozen=True, slots=True)
class BackupReport:
    """path: where it lies. missing: uploaded photos that were deleted while it was taken."""

    path: Path
    files: int
    bytes: int
    revision: int
    generation: int
    missing: tuple[str, ...] = field(default=())

    def as_json(self) -> Json:
        """For ``--json``."""
        return {
            "path": str(self.path),
            "files": self.files,
            "bytes": self.bytes,
            "revision": self.revision,
            "generation": self.generation,
            "missing": list(self.missing),
        }


def backup(directory: Path, to: Path) -> BackupReport:
    """Copy a shop to a new folder, or to one file where the name ends in ``.tar``. The shop may be in use.

    Raises ShopMissing, SchemaMismatch, UsageError where ``to`` exists or lies in the shop, Damaged where what
    is to be copied is not sound.
    """
    to, directory = to.absolute(), directory.absolute()
    if to.exists():
        raise UsageError(f"{to} exists already; name another place for the backup")
    if to.resolve().is_relative_to(directory.resolve()):
        raise UsageError(f"{to} lies inside the shop; name a place outside it")
    to.parent.mkdir(parents=True, exist_ok=True)
    with Shop.open(directory) as shop, beside(to) as folder:
        copied = folder / "backup"
        taken = _settled(shop, copied)
        sums = write_manifest(copied, taken)
        made = _in_one_file(copied) if to.suffix in SINGLE else copied
        sync(made)
        os.rename(made, to)
        sync(to.parent)
    size = sum(int(str(one["bytes"])) for one in sums.values())
    return BackupReport(to, len(sums), size, taken.revision, taken.generation, taken.missing)


def _settled(shop: Shop, to: Path) -> Taken:
    """Copy, and again where the shop changed too much meanwhile. Raises Damaged where it never rests."""
    for _ in range(ATTEMPTS):
        to.mkdir()
        taken = _copy(shop, to)
        if taken is not None:
            return taken
        shutil.rmtree(to)
    raise Damaged(
        f"the shop was changed {ATTEMPTS} times in a row while it was copied; try again when no index is "
        "built and nothing is trained"
    )


def _copy(shop: Shop, to: Path) -> Taken | None:
    """Everything of a shop; None where it changed in a way that makes the parts not fit together."""
    directory = shop.directory
    before = _pointers(shop)
    generations = Generations(directory / "index")
    try:
        numbers = generations.numbers()
        for number in numbers:
            Generation.load(_copy_folder(generations.path(number), to / "index"))
        (to / "index" / CHECKED_FILE).unlink(missing_ok=True)
        if (directory / "index" / CURRENT_FILE).exists():
            shutil.copy2(directory / "index" / CURRENT_FILE, to / "index" / CURRENT_FILE)
        for name in FOLDERS:
            if (directory / name).is_dir():
                _copy_folder(directory / name, to)
        for name in FILES:
            if (directory / name).is_file():
                shutil.copy2(directory / name, to / name)
        _copy_uploads(directory, to, None)
    except (Damaged, FileNotFoundError, shutil.Error):
        if _pointers(shop) != before:  # swept away by a newer one
            return None
        raise
    shop.snapshot(to / DATABASE_FILE)
    remember_database(to, None)
    with Shop.open(to) as copied:
        revision, space = copied.state
        missing = _copy_uploads(directory, to, copied.uploads())
    for file in to.glob(f"{DATABASE_FILE}-*"):
        file.unlink()
    if _pointers(shop) != before or space != before[1]:
        return None
    current = generations.current()
    return Taken(revision, space, int(current) if current.isdecimal() else 0, missing)


def _copy_folder(source: Path, into: Path) -> Path:
    """Copy a folder into another one; links are not followed and not copied."""
    into.mkdir(exist_ok=True)

    def links(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if (Path(folder) / name).is_symlink() or name.startswith(".")]

    return Path(shutil.copytree(source, into / source.name, ignore=links))


def _pointers(shop: Shop) -> tuple[str, str | None, str]:
    """What the parts must agree on: the generation in use, the space, the recommender."""
    manifest = shop.directory / "recommender" / "manifest.json"
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else ""
    return Generations(shop.directory / "index").current(), shop.state[1], digest


def _copy_uploads(directory: Path, to: Path, wanted: list[str] | None) -> tuple[str, ...]:
    """All uploaded photos, or those that are wanted and not there yet; returns which could not be found."""
    if wanted is None:
        names = sorted(p.name for p in (directory / UPLOAD_FOLDER).glob("[!.]*") if p.is_file())
        wanted = [f"{UPLOAD_FOLDER}/{name}" for name in names]
    missing = []
    for path in wanted:
        target = to / path
        if target.exists():
            continue
        target.parent.mkdir(exist_ok=True)
        try:
            shutil.copy2(directory / path, target)
        except FileNotFoundError:
            missing.append(path)
    return tuple(missing)


def _in_one_file(folder: Path) -> Path:
    path = folder.with_suffix(".tar")
    with tarfile.open(path, "w") as out:
        out.add(folder, arcname=".")
    return path
