"""Arrays that grow at their end without being copied; older holders go on seeing their part alone."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST = 256


class _Buffer:
    """Room for more rows than are used."""

    def __init__(self, data: NDArray[Any], used: int) -> None:
        self.data = data
        self.used = used
        self.lock = Lock()


@dataclass(frozen=True, slots=True)
class Growing:
    """The first ``length`` rows of a buffer; what lies beyond is nobody's, or a later holder's."""

    buffer: _Buffer
    length: int

    @classmethod
    def of(cls, rows: NDArray[Any]) -> Growing:
        """Of a copy of some rows (n, ...)."""
        room = np.empty((max(2 * len(rows), SMALLEST), *rows.shape[1:]), rows.dtype)
        room[: len(rows)] = rows
        return cls(_Buffer(room, len(rows)), len(rows))

    @property
    def rows(self) -> NDArray[Any]:
        """The rows (length, ...); not to be written to."""
        return self.buffer.data[: self.length]

    def plus(self, more: NDArray[Any]) -> Growing:
        """These rows and more (m, ...) after them: in place where there is room and nobody went on from here
        before, else copied.
        """
        end, buffer = self.length + len(more), self.buffer
        with buffer.lock:
            if buffer.used == self.length and end <= len(buffer.data):
                buffer.data[self.length : end] = more
                buffer.used = end
                return Growing(buffer, end)
        return Growing.of(np.concatenate([self.rows, more]))
