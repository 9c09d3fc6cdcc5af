"""The seam: what every runtime does, whatever library is behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Photos = NDArray[np.uint8]
Floats = NDArray[np.float32]
Token = TypeVar("Token")


class Runtime(Protocol):
    """Turns prepared photos, uint8 (n, H, W, 3) RGB, into the network's pooled outputs.

    name: ``torch-cpu``, ``torch-cuda`` or ``openvino``.
    device: the processor and its precision, in words.
    batch: the number of photos a batch should have to be fast.
    side_by_side: whether several threads compute faster than one, each calling ``compute`` with a batch of
        its own (a CPU); where not, one thread feeds ``stream``.
    """

    name: str
    device: str
    batch: int
    side_by_side: bool

    @property
    def dims(self) -> tuple[int, ...]:
        """Width of every output."""

    def encode(self, photos: Photos) -> tuple[Floats, ...]:
        """Any number of photos → one float32 (n, d_i) per output. May be called by several threads."""

    def compute(self, photos: Photos, fitting: bool = False) -> tuple[Floats, ...]:
        """One batch, at most ``batch`` photos. Any thread may call it at any time.

        fitting: do no more work than so few photos need; what that takes may be made ready at first need.
        """

    def stream(self, batches: Iterable[tuple[Token, Photos]]) -> Iterator[tuple[Token, tuple[Floats, ...]]]:
        """Batches of at most ``batch`` photos → their outputs, not always in order.

        Batches are drawn only as fast as they are computed, so memory stays bounded. To be used by one thread
        at a time.
        """


def padded(photos: Photos, batch: int) -> Photos:
    """The photos, followed by black ones up to ``batch``: for graphs of a fixed size."""
    if len(photos) == batch:
        return np.ascontiguousarray(photos)
    whole = np.zeros((batch, *photos.shape[1:]), np.uint8)
    whole[: len(photos)] = photos
    return whole


def in_batches(photos: Photos, batch: int) -> Iterator[tuple[int, Photos]]:
    """(start, photos) in pieces of at most ``batch``."""
    for start in range(0, len(photos), batch):
        yield start, photos[start : start + batch]


def gathered(
    n: int, dims: tuple[int, ...], parts: Iterable[tuple[int, tuple[Floats, ...]]]
) -> tuple[Floats, ...]:
    """Puts the outputs of pieces that start at known places into whole arrays."""
    whole = tuple(np.empty((n, d), np.float32) for d in dims)
    for start, outputs in parts:
        for into, output in zip(whole, outputs, strict=True):
            into[start : start + len(output)] = output
    return whole
