"""Memory for decoded photos that two processes see, and how they speak about what lies in it: JSON lines."""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from contextlib import suppress
from math import prod
from typing import IO, Any

import numpy as np

from embedder.preparing import Preparation


class SharedPhotos:
    """Room for photos, ``pixels`` (room, *shape), and for their colours, ``colours`` (room, n)."""

    def __init__(self, descriptor: int, room: int, preparation: Preparation) -> None:
        """descriptor: of ``memory`` for as much, see ``size_of``; it may be closed afterwards."""
        widths, shape = _shapes(room, preparation)
        start = 4 * prod(widths)
        self._map = mmap.mmap(descriptor, size_of(room, preparation))
        self.colours = np.frombuffer(self._map, np.float32, prod(widths)).reshape(widths)
        self.pixels = np.frombuffer(self._map, np.uint8, prod(shape), start).reshape(shape)

    def close(self) -> None:
        """It may not be used any more."""
        del self.colours, self.pixels
        self._map.close()


def size_of(room: int, preparation: Preparation) -> int:
    """Bytes of so many photos with their colours."""
    colours, pixels = _shapes(room, preparation)
    return 4 * prod(colours) + prod(pixels)


def _shapes(room: int, preparation: Preparation) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Of the colours, float32, which come first, and of the pixels, uint8."""
    palette = preparation.palette
    return (room, 0 if palette is None else len(palette)), (room, *preparation.shape)


def memory(size: int) -> int:
    """A descriptor of so much memory that can be shared; where the system gives none, of a file without a
    name. It is none of the first three, which another process takes for its input and output."""
    import fcntl  # there is none on Windows, where nothing is shared

    descriptor = None
    if hasattr(os, "memfd_create"):
        with suppress(OSError):
            descriptor = os.memfd_create("vitrine-photos")
    if descriptor is None:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.ftruncate(descriptor, size)
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(descriptor)


def say(to: IO[bytes], message: dict[str, Any]) -> None:
    """Sends a message."""
    to.write(json.dumps(message).encode() + b"\n")
    to.flush()


def heard(by: IO[bytes]) -> dict[str, Any]:
    """The next message; EOFError where none will come, ValueError where it is none."""
    line = by.readline()
    if not line.endswith(b"\n"):
        raise EOFError("it said no more")
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"it said {line[:40]!r}")
    return message
