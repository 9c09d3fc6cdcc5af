"""Decoded photos for training: each is read and resized once, and then mapped from disk every epoch.

The folder is a cache and may be deleted at any time. For each size it holds one array of all photos and a
record of whose they are; the record names its array and is renamed into place last, so that there is never
half a cache, and one that does not agree with its record is made anew.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from data.errors import BadPhoto, UnknownPhoto, UsageError
from data.photos import decode

VERSION = 1
BLOCK = 64
"""Photos that are decoded, or copied, at a time: what bounds the memory."""

Pixels = NDArray[np.uint8]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A photo that could not be used. reason: a code of ``data.rejects``. detail: one sentence."""

    key: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where the photos of one size lie: ``folder/NAME.json`` and the array that it names."""

    folder: Path
    size: tuple[int, int]
    resample: str

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.size[0]}x{self.size[1]}-{self.resample}"

    @property
    def record(self) -> Path:
        """Says which keys the array holds, in its order."""
        return self.folder / f"{self.name}.json"

    @property
    def photo(self) -> tuple[int, int, int]:
        """The shape of a photo: (H, W, 3)."""
        return (self.size[1], self.size[0], 3)


class PhotoCache:
    """Photos of one size, uint8 (H, W, 3) each, by row and by key; several processes may read it at once.

    unreadable: the photos asked for that could not be decoded; they have no row. decoded: how many were
    decoded for this cache, the others were there.
    """

    def __init__(
        self, array: Path, keys: Sequence[str], unreadable: Sequence[Unreadable] = (), decoded: int = 0
    ) -> None:
        self.array = array
        self.keys = tuple(keys)
        self.unreadable = tuple(unreadable)
        self.decoded = decoded
        self._pixels: Pixels = np.load(array, mmap_mode="r", allow_pickle=False)
        self._rows = {key: row for row, key in enumerate(self.keys)}

    @classmethod
    def build(
        cls,
        folder: Path,
        sources: Sequence[tuple[str, Path]],
        size: tuple[int, int],
        resample: str = "bilinear",
        tell: Tell | None = None,
    ) -> PhotoCache:
        """The cache of these photos, (key, file) each, at ``size`` = (width, height); only what is missing is
        decoded.

        A key stands for the file's content (its digest, or an id whose file never changes); the first file of
        a key counts. tell: called with a line now and then. Another process that builds in the folder is
        waited for. Raises UsageError where the folder cannot be written.
        """
        from filelock import FileLock

        shape = _Shape(folder, size, resample)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / f".{shape.name}.lock"):
                return _built(shape, sources, tell or _silent)
        except OSError as error:
            raise UsageError(
                f"decoded photos cannot be kept in {folder}: {error.strerror or error}; make room or choose "
                "another cache folder (VITRINE_CACHE)"
            ) from error

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __getitem__(self, row: int) -> Pixels:
        if not 0 <= row < len(self.keys):
            raise IndexError(f"row {row} of {len(self.keys)} photos")
        return np.array(self._pixels[row])

    def __reduce__(self) -> tuple[object, ...]:
        """A process that is given the cache maps the file anew instead of receiving every pixel."""
        return (PhotoCache, (self.array, self.keys, self.unreadable, self.decoded))

    def take(self, rows: NDArray[np.int64]) -> Pixels:
        """The photos of some rows: (n, H, W, 3)."""
        return np.array(self._pixels[rows])

    def rows_of(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """The rows of keys, (n,); UnknownPhoto for one that the cache does not hold."""
        missing = [key for key in keys if key not in self._rows]
        if missing:
            raise UnknownPhoto(
                f"{len(missing)} photos are not among the decoded ones, the first is {missing[0]}; "
                "they could not be read or were not asked for"
            )
        return np.asarray([self._rows[key] for key in keys], np.int64)


def _built(shape: _Shape, sources: Sequence[tuple[str, Path]], tell: Tell) -> PhotoCache:
    """The cache as it is, or with what was missing added in a new array."""
    before = _kept(shape)
    held = set(before.keys) if before is not None else set()
    missing = {key: file for key, file in reversed(sources) if key not in held}
    wanted = [(key, missing.pop(key)) for key, _ in sources if key in missing]
    if not wanted and before is not None:
        return before
    fresh = shape.folder / f"{shape.name}-{uuid.uuid4().hex[:12]}.npy"
    try:
        keys, unreadable = _written(fresh, shape, before, wanted, tell)
        if before is not None and len(keys) == len(before):  # nothing of what was missing can be read
            fresh.unlink()
            return PhotoCache(before.array, before.keys, unreadable)
        record = {"version": VERSION, "array": fresh.name, "keys": keys}
        draft = shape.record.with_suffix(".new")
        draft.write_text(json.dumps(record), encoding="utf-8")
        draft.replace(shape.record)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sweep(shape, fresh)
    return PhotoCache(fresh, keys, unreadable, decoded=len(wanted) - len(unreadable))


def _kept(shape: _Shape) -> PhotoCache | None:
    """The cache on disk, or None where there is none or it is damaged or of another version."""
    try:
        record = json.loads(shape.record.read_text(encoding="utf-8"))
        if record["version"] != VERSION:
            return None
        found = PhotoCache(shape.folder / Path(record["array"]).name, record["keys"])
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    pixels = found._pixels
    fits = pixels.dtype == np.uint8 and pixels.shape[1:] == shape.photo and len(pixels) >= len(found.keys)
    whole = len(set(found.keys)) == len(found.keys) and all(isinstance(key, str) for key in found.keys)
    return found if fits and whole else None


def _written(
    array: Path, shape: _Shape, before: PhotoCache | None, wanted: Sequence[tuple[str, Path]], tell: Tell
) -> tuple[list[str], list[Unreadable]]:
    """Writes the old photos and then the wanted ones; returns the keys in order, and what could not be read.

    The array has a row for every wanted photo; those that cannot be read leave spare rows at its end. It is
    written as a stream, because a full disk under a mapped array ends the process without a word.
    """
    keys = list(before.keys) if before is not None else []
    unreadable = []
    with array.open("wb") as file:
        rows = len(keys) + len(wanted)
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, *shape.photo)}
        np.lib.format.write_array_header_1_0(file, header)
        end = file.tell() + rows * int(np.prod(shape.photo))
        if before is not None:
            _copy(before, file)
        for done, (key, found) in enumerate(_decoded(wanted, shape), start=1):
            if isinstance(found, BadPhoto):
                unreadable.append(Unreadable(key, found.reason, found.message))
            else:
                file.write(found.data)
                keys.append(key)
            if done % BLOCK == 0 or done == len(wanted):
                tell(f"decoded {done:,} of {len(wanted):,} photos")
        file.truncate(end)
        file.flush()
        os.fsync(file.fileno())
    return keys, unreadable


def _copy(before: PhotoCache, file: BinaryIO) -> None:
    for start in range(0, len(before), BLOCK):
        file.write(np.ascontiguousarray(before._pixels[start : min(start + BLOCK, len(before))]).data)


def _decoded(wanted: Sequence[tuple[str, Path]], shape: _Shape) -> Iterator[tuple[str, Pixels | BadPhoto]]:
    """Each key with its pixels, or why it has none, in order; a block at a time, a thread for each core."""

    def read(source: tuple[str, Path]) -> tuple[str, Pixels | BadPhoto]:
        key, file = source
        try:
            return key, decode(file, shape.size, resample=shape.resample)
        except BadPhoto as error:
            return key, error

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for start in range(0, len(wanted), BLOCK):
            yield from pool.map(read, wanted[start : start + BLOCK])


def _sweep(shape: _Shape, current: Path) -> None:
    """Removes arrays of this size that no record names: older ones, and what a killed process left."""
    for old in shape.folder.glob(f"{shape.name}-*.npy"):
        if old != current:
            try:
                old.unlink()
            except OSError:
                continue  # some systems do not delete what another process has open; the next build will


def _silent(_: str) -> None:
    """Where nobody wants to know."""
