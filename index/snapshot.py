"""One unchanging view of the shop's looks: a generation, what changed since, and which rows still hold.

Products have a slot each: those of the generation first, then those of the delta. A product that changed has
a dead slot in the generation and a live one in the delta; if it changes again, a dead one there as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, compress
from typing import overload

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from index.allowed import Allowed
from index.blocks import group_means
from index.delta import GONE, Delta
from index.generations import Generation
from index.halves import widened
from index.places import Names

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
    def names(self) -> Sequence[str]:
        """The product of every slot."""
        built = self.generation.rows.products if self.generation else ()
        return _Names(built, self.delta.names) if self.delta.names else built

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
        """The slots that no longer hold."""
        return np.concatenate([self.delta.dead, self.delta.lost + self.built_slots])

    @cached_property
    def living(self) -> Allowed:
        """The slots that hold."""
        return Allowed.all_but(self.slot_count, self.dead)

    @property
    def slot_count(self) -> int:
        """How many slots there are, dead ones included (P)."""
        return self.built_slots + self.delta.slots

    @cached_property
    def live_photos(self) -> int:
        """How many photos can be found."""
        late, lost = self.delta.rows, self.delta.lost
        count = len(late) - int((late.starts[lost + 1] - late.starts[lost]).sum())
        if self.generation is None:
            return count
        rows, dead = self.generation.rows, self.delta.dead
        return count + len(rows) - int((rows.starts[dead + 1] - rows.starts[dead]).sum())

    @cached_property
    def live_products(self) -> int:
        """How many products can be found."""
        return self.slot_count - len(self.dead)

    def warm_up(self) -> None:
        """Make what searches need, before the first of them."""
        _ = self.living, self.live_products, self.names
        if self.delta.slots:
            _ = self.delta.rows, self.delta.scan

    def slot(self, product_id: str) -> int | None:
        """The live slot of a product, or None."""
        changed = self.delta.place.get(product_id)
        if changed is not None:
            return None if changed == GONE else self.built_slots + changed
        return None if self.generation is None else self.generation.rows.slot(product_id)

    def slots(self, product_ids: Iterable[str]) -> list[int]:
        """The live slots among products; those without are left out."""
        return [slot for slot in map(self.slot, product_ids) if slot is not None]

    def looks(self, slot: int) -> tuple[list[str], Floats]:
        """Photo ids and vectors (m, d) of a slot."""
        if slot >= self.built_slots or self.generation is None:
            rows, number = self.delta.rows, slot - self.built_slots
            vectors = widened(self.delta.matrix[rows.of_product(number)])
        else:
            rows, number = self.generation.rows, slot
            vectors = widened(self.generation.matrix[rows.of_product(number)])
        which = rows.of_product(number)
        return [rows.photo(row) for row in range(which.start, which.stop)], vectors

    def photos_at(self, slots: NDArray[np.int64], rows: NDArray[np.int64]) -> list[str]:
        """Photo ids (m,) of rows, numbered within the part that the slot belongs to."""
        if self.generation is None or not self.delta.slots:
            part = self.generation or self.delta
            return [photo.decode("ascii") for photo in part.rows.photo_ids.take(rows).tolist()]
        early, late, built = self.generation.rows, self.delta.rows, self.built_slots
        return [
            (early if slot < built else late).photo(row)
            for slot, row in zip(slots.tolist(), rows.tolist(), strict=True)
        ]

    def rows_at(self, slots: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[list[str], Floats]:
        """Photo ids (m,) and vectors (m, d) of rows, numbered within the part that the slot belongs to."""
        if self.generation is None or not self.delta.slots:
            part = self.generation or self.delta
            return self.photos_at(slots, rows), widened(part.matrix.take(rows, axis=0))
        vectors = np.empty((len(rows), self.layout.d), np.float32)
        built = slots < self.built_slots
        vectors[built] = widened(self.generation.matrix.take(rows[built], axis=0))
        vectors[~built] = widened(self.delta.matrix.take(rows[~built], axis=0))
        return self.photos_at(slots, rows), vectors

    @cached_property
    def products(self) -> ProductVectors:
        """All live products' vectors; computed once for a snapshot."""
        ids, photos, parts = list[str](), list[str](), list[Floats]()
        alive, layout = self.alive, self.layout
        built: list[tuple[Generation | Delta, Mask]] = [(self.delta, alive[self.built_slots :])]
        if self.generation:
            built.insert(0, (self.generation, alive[: self.built_slots]))
        for part, live in built:
            rows = part.rows
            parts.append(group_means(part.matrix, rows.starts, layout)[live])
            ids += compress(rows.products, live.tolist())
            photos += rows.photo_ids[rows.starts[:-1][live]].astype("U16").tolist()
        return ProductVectors(ids, np.concatenate(parts), photos)


class _Names(Sequence[str]):
    """Two sequences one after the other, neither copied."""

    def __init__(self, first: Sequence[str], second: Names) -> None:
        self._first, self._second, self._cut = first, second, len(first)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return [*self._first, *self._second][place]
        return self._first[place] if 0 <= place < self._cut else self._second[place - self._cut]

    def __len__(self) -> int:
        return self._cut + len(self._second)

    def __iter__(self) -> Iterator[str]:
        return chain(self._first, self._second)


def goes_on(earlier: Sequence[str], later: Sequence[str]) -> bool:
    """Whether the names of a later snapshot begin with those of an earlier one: they are of the same
    generation, whose products are one object, and the delta has only grown."""
    one, other = ((n._first, n._second) if isinstance(n, _Names) else (n, Names()) for n in (earlier, later))
    return one[0] is other[0] and one[1].begins(other[1])
