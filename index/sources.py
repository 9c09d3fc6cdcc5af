"""The vectors of a generation on their way from the shop's records into one matrix on the disk."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import SpaceMismatch, UsageError
from index.rows import Rows

if TYPE_CHECKING:
    from data.records import VectorBatch
    from data.shop import Shop

VECTORS_FILE = "vectors.npy"
HELD_ONE_IN = 17


@dataclass(frozen=True, slots=True)
class Source:
    """A matrix on the disk, float16 (n, d), scaled by the layout, and whose rows they are.

    held_from: the rows from here on belong to products that were drawn to measure recall with. They come
    last, so that an index can be built without them and given them later, row numbers staying what they are.
    """

    matrix: NDArray[np.float16]
    rows: Rows
    held_from: int


@dataclass(slots=True)
class _Names:
    photo_ids: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def add(self, photo_id: str, product_id: str) -> None:
        self.photo_ids.append(photo_id)
        if self.products and self.products[-1] == product_id:
            self.counts[-1] += 1
        else:
            self.products.append(product_id)
            self.counts.append(1)


def collect(shop: Shop, space: str, layout: AspectLayout, directory: Path) -> Source:
    """Stream all vectors of a space into ``vectors.npy``, in bounded memory but for the names.

    Raises SpaceMismatch for vectors of another width, UsageError for vectors that are not numbers.
    """
    path = directory / VECTORS_FILE
    names, held_names, held_parts = _Names(), _Names(), []
    with path.open("wb") as file:
        _write_header(file, 0, layout.d)
        for batch, scaled in _scaled(shop, space, layout):
            held = np.asarray([zlib.crc32(p.encode()) % HELD_ONE_IN == 0 for p in batch.product_ids], bool)
            for photo_id, product_id, later in zip(batch.photo_ids, batch.product_ids, held, strict=True):
                (held_names if later else names).add(photo_id, product_id)
            file.write(scaled[~held].tobytes())
            held_parts.append(scaled[held])
        held_from = len(names.photo_ids)
        file.writelines(part.tobytes() for part in held_parts)
        total = held_from + len(held_names.photo_ids)
        file.seek(0)
        _write_header(file, total, layout.d)
    rows = Rows.of(
        names.photo_ids + held_names.photo_ids,
        names.products + held_names.products,
        names.counts + held_names.counts,
    )
    matrix = (
        np.load(path, mmap_mode="r", allow_pickle=False) if total else np.empty((0, layout.d), np.float16)
    )
    return Source(matrix, rows, held_from)


def _scaled(
    shop: Shop, space: str, layout: AspectLayout
) -> Iterator[tuple[VectorBatch, NDArray[np.float16]]]:
    for batch in shop.read_vectors(space):
        if batch.matrix.shape[1] != layout.d:
            raise SpaceMismatch(
                f"space {space} has vectors of width {batch.matrix.shape[1]} and a layout of width "
                f"{layout.d}; index the shop again with --rebuild"
            )
        if not np.isfinite(batch.matrix).all():
            bad = batch.photo_ids[int(np.flatnonzero(~np.isfinite(batch.matrix).all(axis=1))[0])]
            raise UsageError(f"the vector of photo {bad} holds NaN; index the shop again with --rebuild")
        yield batch, layout.scale(batch.matrix).astype(np.float16)


def _write_header(file: BinaryIO, rows: int, width: int) -> None:
    """The npy header; numpy pads it so that another number of rows takes the same space."""
    npy.write_array_header_1_0(file, {"descr": "<f2", "fortran_order": False, "shape": (rows, width)})
