"""As much of a shop as building an index and searching it ask for, without filling a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.records import Changes, Product, SpaceRecord, VectorBatch

Floats = NDArray[np.float32]
PART = 8192


@dataclass
class IndexShop:
    """Products p0000000, p0000001 ..., with one photo each, whose looks are ``blocks`` (n, d).

    columns: further attributes by name, numbers (n,).
    """

    directory: Path
    blocks: Floats
    layout: AspectLayout
    columns: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    revision: int = 1

    @property
    def space_record(self) -> SpaceRecord:
        """The only space."""
        return SpaceRecord("drawn-benchmark", "drawn", self.layout.as_json(), {})

    @property
    def state(self) -> tuple[int, str]:
        """The revision and the current space."""
        return self.revision, self.space_record.space

    def read_vectors(self, space: str, batch: int = PART) -> Iterator[VectorBatch]:
        """One photo a product."""
        for first in range(0, len(self.blocks), batch):
            part = self.blocks[first : first + batch]
            numbers = range(first, first + len(part))
            yield VectorBatch([f"{i:016x}" for i in numbers], [named(i) for i in numbers], part)

    def all_products(self, batch: int = PART) -> Iterator[list[Product]]:
        """Products with their columns."""
        for first in range(0, len(self.blocks), batch):
            last = min(first + batch, len(self.blocks))
            yield [
                Product(named(i), attributes={name: float(of[i]) for name, of in self.columns.items()})
                for i in range(first, last)
            ]

    def current_space(self) -> SpaceRecord:
        """The only one."""
        return self.space_record

    def changes_since(self, revision: int) -> Changes:
        """Nothing ever changes here."""
        return Changes(self.revision, [], [])


def named(number: int) -> str:
    """The product id of a number."""
    return f"p{number:07d}"
