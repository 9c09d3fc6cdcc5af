"""A bare folder of photos as a catalogue: a file's stem, or a sub-folder's name, is the product."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from data import rejects
from data.cells import as_id
from data.errors import UsageError
from data.ids import clean_text, id_fault
from data.imageheader import read_header
from data.photopaths import PhotoFolder
from data.records import CatalogueRow, PhotoRef, Product, Reject

Part = tuple[list[CatalogueRow], list[Reject], int, tuple[str, ...]]
_PHOTO_ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp"})
_FOREIGN_ENDINGS = frozenset(
    {
        ".heic",
        ".heif",
        ".avif",
        ".tif",
        ".tiff",
        ".jxl",
        ".jp2",
        ".svg",
        ".psd",
        ".dng",
        ".cr2",
        ".cr3",
        ".nef",
    }
)
_HEADER_BYTES = 64


def read_folder(folder: Path, chunk: int) -> Iterator[Part]:
    """Products of a folder in order of their names: (rows, rejects, rows read, warnings). One product is one
    row.

    Files that neither look like photos nor are named so, and hidden ones, are passed over. Raises UsageError,
    before the first part, where the folder or one below it cannot be read.
    """
    found = _Found(folder)
    found.look()
    return _parts(folder, found, chunk)


def _parts(folder: Path, found: _Found, chunk: int) -> Iterator[Part]:
    inside, warnings = PhotoFolder(folder), found.warnings()
    rows: list[CatalogueRow] = []
    refused: list[Reject] = []
    read = 0
    for number, (name, paths) in enumerate(sorted(found.products.items()), start=1):
        read += 1
        made = _row(inside, number, name, paths, refused)
        if made is not None:
            rows.append(made)
        if read == chunk:
            yield rows, refused, read, warnings
            rows, refused, read, warnings = [], [], 0, ()
    if read or warnings:
        yield rows, refused, read, warnings


class _Found:
    """What lies in a folder. products: product → its photos' paths, relative to the folder. links, foreign:
    sub-folders that are symbolic links and photos in formats that are not read, which are passed over.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.products: dict[str, list[str]] = {}
        self.links: list[str] = []
        self.foreign: list[str] = []

    def look(self) -> None:
        """Find everything. Raises UsageError where a folder cannot be read."""
        try:
            entries = sorted(os.scandir(self._folder), key=lambda entry: entry.name)
        except OSError as error:
            _refuse(error)
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                photos = sorted(self._below(entry.name))
                if photos:
                    self.products.setdefault(as_id(entry.name), []).extend(photos)
            elif entry.is_dir():
                self.links.append(entry.name)
            elif self._is_photo(Path(entry.path)):
                self.products.setdefault(as_id(Path(entry.name).stem), []).append(entry.name)

    def warnings(self) -> tuple[str, ...]:
        """One line about what was passed over, if anything was."""
        told = []
        if self.links:
            told.append(f"{len(self.links)} sub-folders that are symbolic links ({self.links[0]!r} …)")
        if self.foreign:
            told.append(f"{len(self.foreign)} photos in formats that are not read ({self.foreign[0]!r} …)")
        whole = f"passed over in {self._folder}: {', '.join(told)}; copy the folders, convert to JPEG or PNG"
        return (clean_text(whole),) if told else ()

    def _below(self, name: str) -> Iterator[str]:
        for where, folders, files in os.walk(self._folder / name, onerror=_refuse):
            folders[:] = [f for f in folders if not f.startswith(".")]
            below = [Path(where) / f for f in folders]
            self.links += [path.relative_to(self._folder).as_posix() for path in below if path.is_symlink()]
            for file in files:
                path = Path(where) / file
                if not file.startswith(".") and self._is_photo(path):
                    yield path.relative_to(self._folder).as_posix()

    def _is_photo(self, path: Path) -> bool:
        if _is_photo(path):
            return True
        if path.suffix.lower() in _FOREIGN_ENDINGS:
            self.foreign.append(path.relative_to(self._folder).as_posix())
        return False


def _refuse(error: OSError) -> NoReturn:
    raise UsageError(
        f"the folder {error.filename} cannot be read: {error.strerror or error}; nothing was changed: make "
        "it readable, or move it away"
    ) from error


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
