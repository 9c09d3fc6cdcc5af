"""One unchanging view of the shop's looks: a generation, what changed since, and which rows still hold.

Products have a slot each: those of the generation first, then those of the delta. A product that changed has
a dead slot in the generation and a live one in the delta.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from index.blocks import group_means
from index.delta import Delta
from index.generations import Generation

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ProductVectors:
    """Every live product that has looks.

    ids (P,); photo_ids (P,): of the first photos; matrix: float32 (P, d), scaled, each the unit mean of the
    product's photos.
    """

    ids: list[str]
    matrix: Floats
    photo_ids: list[str]


@dataclass(frozen=True)
class Snapshot:
    """A generation (None before the first is built) and the delta since."""

    generation: Generation | None
    delta: Delta
    space: str
    layout: AspectLayout

    @property
    def number(self) -> int:
        """The generation's number; 0 where there is none."""
        return self.generation.manifest.number if self.generation else 0

    @cached_property
    def names(self) -> list[str]:
        """The product of every slot."""
        built = list(self.generation.rows.products) if self.generation else []
        return [*built, *self.delta.rows.products]

    @property
    def built_slots(self) -> int:
        """How many slots the generation has."""
        return len(self.generation.rows.products) if self.generation else 0

    @cached_property
    def alive(self) -> Mask:
        """Which slots hold (P,)."""
        alive = np.ones(self.slot_count, bool)
        alive[self.dead] = False
        return alive

    @cached_property
    def place_of_slot(self) -> NDArray[np.int64]:
        """Where each live slot's product stands in ``products`` (P,)."""
        places: NDArray[np.int64] = np.cumsum(self.alive) - 1
        return places

    @cached_property
    def dead(self) -> NDArray[np.int64]:
        """The slots of the generation that no longer hold."""
        slot_of = self.generation.rows.slot_of if self.generation and self.delta.touched else {}
        return np.asarray([slot_of[p] for p in self.delta.touched if p in slot_of], np.int64)

    @property
    def slot_count(self) -> int:
        """How many slots there are, dead ones included (P)."""
        return self.built_slots + len(self.delta.looks)

    @cached_property
    def live_photos(self) -> int:
        """How many photos can be found."""
        if self.generation is None:
            return len(self.delta.rows)
        starts, dead = self.generation.rows.starts, self.dead
        return len(self.generation.rows) - int((starts[dead + 1] - starts[dead]).sum()) + len(self.delta.rows)

    @cached_property
    def live_products(self) -> int:
        """How many products can be found."""
        return self.slot_count - len(self.dead)

    def slot(self, product_id: str) -> int | None:
        """The live slot of a product, or None."""
        changed = self.delta.rows.slot_of.get(product_id)
        if changed is not None:
            return self.built_slots + changed
        if self.generation is None or product_id in self.delta.touched:
            return None
        return self.generation.rows.slot_of.get(product_id)

    def slots(self, product_ids: Iterable[str]) -> list[int]:
        """The live slots among products; those without are left out."""
        return [slot for slot in map(self.slot, product_ids) if slot is not None]

    def looks(self, slot: int) -> tuple[list[str], Floats]:
        """Photo ids and vectors (m, d) of a slot."""
        if slot >= self.built_slots or self.generation is None:
            rows, number = self.delta.rows, slot - self.built_slots
            vectors = self.delta.matrix[rows.of_product(number)]
        else:
            rows, number = self.generation.rows, slot
            vectors = np.asarray(self.generation.matrix[rows.of_product(number)], np.float32)
        which = rows.of_product(number)
        return [rows.photo(row) for row in range(which.start, which.stop)], vectors

    def rows_at(self, slots: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[list[str], Floats]:
        """Photo ids (m,) and vectors (m, d) of rows, numbered within the part that the slot belongs to."""
        vectors = np.empty((len(rows), self.layout.d), np.float32)
        photos = [""] * len(rows)
        built = slots < self.built_slots
        for part, mine in ((self.generation, built), (self.delta, ~built)):
            if part is None:
                continue
            vectors[mine] = part.matrix[rows[mine]]
            for place in np.flatnonzero(mine):
                photos[place] = part.rows.photo(int(rows[place]))
        return photos, vectors

    @cached_property
    def products(self) -> ProductVectors:
        """All live products' vectors; computed once for a snapshot."""
        ids: list[str] = []
        photos: list[str] = []
        parts: list[Floats] = []
        if self.generation:
            rows = self.generation.rows
            keep = np.flatnonzero(self.alive[: self.built_slots])
            parts.append(group_means(self.generation.matrix, rows.starts, self.layout)[keep])
            ids += [rows.products[int(slot)] for slot in keep]
            photos += [rows.photo(int(rows.starts[slot])) for slot in keep]
        late = self.delta.rows
        parts.append(group_means(self.delta.matrix, late.starts, self.layout))
        ids += late.products
        photos += [late.photo(int(row)) for row in late.starts[:-1]]
        return ProductVectors(ids, np.concatenate(parts), photos)
