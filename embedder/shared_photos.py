"""Memory for decoded photos that two processes see, and how they speak about what lies in it: JSON lines."""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from math import prod
from typing import IO, Any

import numpy as np

from embedder.preparing import Preparation


class SharedPhotos:
    """Room for photos, ``pixels`` (room, *shape), and for their colours, ``colours`` (room, n)."""

    def __init__(self, descriptor: int, room: int, preparation: Preparation) -> None:
        """descriptor: see ``memory``; it may be closed afterwards."""
        palette = preparation.palette
        widths = (room, 0 if palette is None else len(palette))
        shape = (room, *preparation.shape)
        start = 4 * prod(widths)
        os.ftruncate(descriptor, start + prod(shape))
        self._map = mmap.mmap(descriptor, start + prod(shape))
        self.colours = np.frombuffer(self._map, np.float32, prod(widths)).reshape(widths)
        self.pixels = np.frombuffer(self._map, np.uint8, prod(shape), start).reshape(shape)

    def close(self) -> None:
        """It may not be used any more."""
        del self.colours, self.pixels
        self._map.close()


def memory() -> int:
    """A descriptor of memory that can be shared; where the system has none, of a file without a name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("vitrine-photos")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


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
