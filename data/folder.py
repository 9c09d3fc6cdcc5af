"""A bare folder of photos as a catalogue: a file's stem, or a sub-folder's name, is the product."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from data import rejects
from data.errors import UsageError
from data.ids import clean_text, id_fault
from data.imageheader import read_header
from data.photopaths import PhotoFolder
from data.records import CatalogueRow, PhotoRef, Product, Reject

Part = tuple[list[CatalogueRow], list[Reject], int]
_PHOTO_ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp"})
_HEADER_BYTES = 64


def read_folder(folder: Path, chunk: int) -> Iterator[Part]:
    """Products of a folder in order of their names: (rows, rejects, rows read). One product is one row.

    Files that neither look like photos nor are named so, and hidden ones, are passed over.
    """
    inside = PhotoFolder(folder)
    rows: list[CatalogueRow] = []
    refused: list[Reject] = []
    read = 0
    for number, (name, paths) in enumerate(sorted(_products(folder).items()), start=1):
        read += 1
        made = _row(inside, number, name, paths, refused)
        if made is not None:
            rows.append(made)
        if read == chunk:
            yield rows, refused, read
            rows, refused, read = [], [], 0
    if read:
        yield rows, refused, read


def _products(folder: Path) -> dict[str, list[str]]:
    """Product → its photos' paths, relative to the folder."""
    found: dict[str, list[str]] = {}
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be read: {error.strerror or error}") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            photos = sorted(_below(folder, entry.name))
            if photos:
                found.setdefault(entry.name, []).extend(photos)
        elif _is_photo(Path(entry.path)):
            found.setdefault(Path(entry.name).stem, []).append(entry.name)
    return found


def _below(folder: Path, name: str) -> Iterator[str]:
    for where, folders, files in os.walk(folder / name):
        folders[:] = [f for f in folders if not f.startswith(".")]
        for file in files:
            path = Path(where) / file
            if not file.startswith(".") and _is_photo(path):
                yield path.relative_to(folder).as_posix()


def _is_photo(path: Path) -> bool:
    if path.suffix.lower() in _PHOTO_ENDINGS:
        return True
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return read_header(file.read(_HEADER_BYTES)) is not None
    except OSError:
        return False  # unreadable and not named like a photo: none of ours


def _row(
    inside: PhotoFolder, number: int, name: str, paths: list[str], refused: list[Reject]
) -> CatalogueRow | None:
    fault = id_fault(name)
    if fault is not None:
        refused.append(Reject("row", number, clean_text(name[:80]), fault, rejects.MEANINGS[fault]))
        return None
    placed = [inside.place(path) for path in paths]
    good = [path for path, _, _ in placed if path is not None]
    scope = "photo" if good else "row"
    refused.extend(
        Reject(scope, number, name, reason, detail) for path, reason, detail in placed if path is None
    )
    return CatalogueRow(number, Product(name), tuple(PhotoRef(path) for path in good))
