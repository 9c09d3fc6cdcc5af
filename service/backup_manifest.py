"""``backup.json``: what a backup holds, with size and sha256 of every file and a checksum of its own."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.errors import Damaged, UsageError
from data.store.schema import HEAD
from index.checked import CHECKED_FILE
from index.durable import sha256_of, sync
from service.versions import version_of

MANIFEST = "backup.json"
FORMAT = 1

Sums = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What was copied: the shop's revision, the space that it searches, the generation in use (0: none), and
    uploaded photos that were deleted meanwhile.
    """

    revision: int
    space: str | None
    generation: int
    missing: tuple[str, ...]


def write_manifest(folder: Path, taken: Taken) -> Sums:
    """Write ``backup.json`` beside everything that is in the folder, and force it all to the disk."""
    sums = _sums(folder)
    content: dict[str, object] = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "vitrine": version_of() or "unknown",
        "schema": HEAD,
        "revision": taken.revision,
        "space": taken.space,
        "generation": taken.generation,
        "missing": list(taken.missing),
        "files": sums,
    }
    content["checksum"] = _checksum(content)
    path = folder / MANIFEST
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for written in (path, *(p for p in folder.rglob("*") if p.is_dir()), folder):
        sync(written)
    return sums


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of a backup, if every file is there and as it was. Raises UsageError, Damaged."""
    path = folder / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        said, files = content.pop("checksum"), content["files"]
    except FileNotFoundError:
        raise UsageError(f"{folder} is no backup: it has no {MANIFEST}") from None
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise Damaged(f"{path} cannot be read ({error}); use another backup") from error
    if said != _checksum(content) or not isinstance(files, dict):
        raise Damaged(f"{path} was altered: it does not match its own checksum; use another backup")
    if content["format"] != FORMAT:
        raise Damaged(f"{path} has format {content['format']}, this version reads {FORMAT}")
    there = {str(path.relative_to(folder)) for path in _files(folder)} - {MANIFEST}
    if odd := sorted(there ^ set(files)):
        raise Damaged(f"the backup {folder} is not whole: {odd[0]} is missing or does not belong to it")
    for name, wanted in files.items():
        if sha256_of(folder / name) != wanted["sha256"]:
            raise Damaged(f"{folder / name} does not match its sha256; use another backup")
    return content


@contextmanager
def beside(to: Path) -> Iterator[Path]:
    """A folder on the same disk as ``to``, gone afterwards with whatever is still in it."""
    with tempfile.TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent) as name:
        yield Path(name)


def _sums(folder: Path) -> Sums:
    """Size and sha256 of every file, each forced to the disk."""
    found: Sums = {}
    for path in sorted(_files(folder)):
        sync(path)
        found[str(path.relative_to(folder))] = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    return found


def _files(folder: Path) -> Iterator[Path]:
    """Every file, but the note that a search leaves which found the index whole."""
    return (path for path in folder.rglob("*") if path.is_file() and path.name != CHECKED_FILE)


def _checksum(content: Mapping[str, object]) -> str:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
