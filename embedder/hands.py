"""What reads and decodes photos for a reader: files in, their digests and then their pixels out.

In two steps, since the digests decide which of the photos are decoded at all.
"""

from __future__ import annotations

import hashlib
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from data import rejects
from data.errors import BadPhoto
from data.photolimits import PhotoLimits
from embedder.stages import COLOURS, DECODE, READ, Stages

GROUP_PHOTOS = 32
GROUP_BYTES = 32 * 2**20


class FileRead(NamedTuple):
    """A file that was read: its digest, and its size and time when it was."""

    sha256: str
    size: int
    mtime_ns: int


class Made(NamedTuple):
    """A photo's pixels as the network wants them, and its palette block."""

    pixels: NDArray[np.uint8]
    colours: NDArray[np.float32]


class Unfit(NamedTuple):
    """A photo that cannot be used: the reject code, and what is wrong."""

    reason: str
    message: str


class Makes(Protocol):
    """What of an embedder, or of its ``Preparation``, is needed to decode."""

    def prepare(self, source: Path | bytes) -> NDArray[np.uint8]:
        """Decodes a photo; BadPhoto where it cannot be used."""

    def colours(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The palette block of a prepared photo."""


class Hands(Protocol):
    """Reads and decodes for one thread, a group of photos at a time."""

    def read(self, paths: Sequence[Path]) -> Iterator[FileRead | Unfit]:
        """Reads the first of these files, at least one and no more than may be held at once, and keeps their
        bytes until the next call."""

    def decode(self, wanted: Sequence[int]) -> Iterator[Made | Unfit]:
        """Those of the files read last, told by their places, in this order."""

    def close(self) -> None:
        """No more will be asked."""


class OwnHands:
    """The thread does it by itself, one photo after the other, each when it is asked for."""

    def __init__(self, maker: Makes, limits: PhotoLimits, stages: Stages) -> None:
        self._maker = maker
        self._limits = limits
        self._stages = stages
        self._held: list[bytes] = []

    def read(self, paths: Sequence[Path]) -> Iterator[FileRead | Unfit]:
        """See ``Hands``."""
        self._held = []
        size = 0
        for path in paths[:GROUP_PHOTOS]:
            data, found = self._one(path)
            self._held.append(data)
            yield found
            size += len(data)
            if size >= GROUP_BYTES:
                return

    def decode(self, wanted: Sequence[int]) -> Iterator[Made | Unfit]:
        """See ``Hands``."""
        for place in wanted:
            yield self._made(self._held[place])

    def close(self) -> None:
        """See ``Hands``."""
        self._held = []

    def again(self, path: Path, before: FileRead) -> Made | Unfit:
        """A photo that was read already, and whose bytes were lost."""
        try:
            data, _, _ = read_bytes(path, self._limits.max_bytes)
        except BadPhoto as error:
            return Unfit(error.reason, error.message.removeprefix(f"{path.name} "))
        if hashlib.sha256(data).hexdigest() != before.sha256:
            return Unfit(rejects.MISSING_FILE, "the file changed while it was read")
        return self._made(data)

    def _one(self, path: Path) -> tuple[bytes, FileRead | Unfit]:
        began = time.perf_counter()
        try:
            data, size, mtime_ns = read_bytes(path, self._limits.max_bytes)
        except BadPhoto as error:
            return b"", Unfit(error.reason, error.message)
        found = FileRead(hashlib.sha256(data).hexdigest(), size, mtime_ns)
        self._stages.add(READ, time.perf_counter() - began, 1)
        return data, found

    def _made(self, data: bytes) -> Made | Unfit:
        began = time.perf_counter()
        try:
            pixels = self._maker.prepare(data)
        except BadPhoto as error:
            return Unfit(error.reason, error.message)
        middle = time.perf_counter()
        colours = self._maker.colours(pixels)
        self._stages.add(DECODE, middle - began, 1)
        self._stages.add(COLOURS, time.perf_counter() - middle, 1)
        return Made(pixels, colours)


def read_bytes(path: Path, limit: int) -> tuple[bytes, int, int]:
    """A photo's bytes with the size and time of its file; BadPhoto where it is absent, no file or too
    large."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise BadPhoto(rejects.MISSING_FILE, f"{path.name} is not a file")
        if found.st_size > limit:
            raise BadPhoto(
                rejects.TOO_MANY_BYTES, f"{path.name} has {found.st_size:,} bytes; the limit is {limit:,}"
            )
        return path.read_bytes(), found.st_size, found.st_mtime_ns
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise BadPhoto(rejects.MISSING_FILE, f"{path.name} {why}") from None
