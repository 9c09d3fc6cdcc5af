"""What changed in the shop since a generation was built: few rows, compared one by one, visible at once.

A delta only ever grows at its end: a product that changes again gets a new slot, and its former one is dead.
So the next delta costs what changed, not what there is. Once more slots are dead than live they are cleared
away.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import SpaceMismatch
from index.generations import Generation
from index.growing import Growing
from index.places import Names, Places
from index.rows import Rows
from index.scans import ExactScan

if TYPE_CHECKING:
    from data.records import Changes
    from data.shop import Shop

Halves = NDArray[np.float16]
Ints = NDArray[np.int64]
PART = 4096
GENTLE = 64
PAUSE_SECONDS = 0.0005
GONE = -1
NONE = np.empty(0, np.int64)


class Base(Protocol):
    """What a delta is the difference to: a snapshot."""

    @property
    def generation(self) -> Generation | None:
        """The generation, if there is one."""

    @property
    def space(self) -> str:
        """The space of its vectors."""

    @property
    def layout(self) -> AspectLayout:
        """The layout of its vectors."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Some products' photos: products (p,), counts (p,) of photos >= 1, photo_ids (m,), vectors (m, d)
    scaled, rounded like the generation's rows.
    """

    products: Sequence[str]
    counts: Ints
    photo_ids: NDArray[np.bytes_]
    vectors: Halves

    @classmethod
    def none(cls, d: int) -> Looks:
        """Of no product."""
        return cls((), NONE, np.empty(0, "S16"), np.empty((0, d), np.float16))

    def only(self, kept: NDArray[np.bool_]) -> Looks:
        """Those of some products (p,)."""
        if kept.all():
            return self
        rows = np.repeat(kept, self.counts)
        products = [product for product, keep in zip(self.products, kept.tolist(), strict=True) if keep]
        return Looks(products, self.counts[kept], self.photo_ids[rows], self.vectors[rows])


@dataclass(frozen=True)
class Delta:
    """The products whose looks changed, as they are now.

    place: products whose rows in the generation no longer hold → their slot here, GONE where they have no
    photo now. dead: slots of the generation that no longer hold; lost: slots here that no longer do.
    names: the product of each slot here.
    """

    d: int
    place: Places = field(default_factory=Places, repr=False)
    dead: Ints = field(default_factory=lambda: NONE)
    lost: Ints = field(default_factory=lambda: NONE)
    names: Names = field(default_factory=Names, repr=False)
    counts: Growing | None = None
    photo_ids: Growing | None = None
    vectors: Growing | None = None

    @property
    def slots(self) -> int:
        """How many slots there are here, dead ones included."""
        return len(self.names)

    @cached_property
    def rows(self) -> Rows:
        """Whose row is whose."""
        none = Looks.none(self.d)
        counts = none.counts if self.counts is None else self.counts.rows
        photo_ids = none.photo_ids if self.photo_ids is None else self.photo_ids.rows
        return Rows(photo_ids, self.names, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))

    @property
    def matrix(self) -> Halves:
        """All vectors (m, d), float16, those of dead slots included."""
        return np.empty((0, self.d), np.float16) if self.vectors is None else self.vectors.rows

    @cached_property
    def scan(self) -> ExactScan:
        """Compares all its rows."""
        return ExactScan.over(self.matrix)

    def after(self, shop: Shop, base: Base, changes: Changes, gently: bool = False) -> Delta:
        """The delta once more products changed or went; only theirs are read from the shop, in parts.

        gently: in small parts with pauses, so that other threads of this process wait for none of it.
        Products that look as they do in the generation are left to it: encoding a shop for another embedder
        touches every photo and changes none here.
        """
        built = base.generation.rows.slot_of if base.generation is not None else {}
        touched = dict.fromkeys((*changes.looks_changed, *changes.deleted))
        before = [self.place.get(product) for product in touched]
        lost = [slot for slot in before if slot not in (None, GONE)]
        dead = [
            built[product]
            for product, slot in zip(touched, before, strict=True)
            if slot is None and product in built
        ]
        place: dict[str, int | None] = dict.fromkeys(touched, GONE)
        delta, revived = self, list[int]()
        size = GENTLE if gently else PART
        for first in range(0, len(changes.looks_changed), size):
            if gently:
                time.sleep(PAUSE_SECONDS)
            part = changes.looks_changed[first : first + size]
            looks = _read(shop, base.space, base.layout, part)
            same = _same(base.generation, looks)
            for at in np.flatnonzero(same).tolist():
                revived.append(built[looks.products[at]])
                place[looks.products[at]] = None
            looks = looks.only(~same)
            place.update(
                zip(looks.products, range(delta.slots, delta.slots + len(looks.products)), strict=True)
            )
            delta = delta._with(looks)
        all_dead = np.concatenate([self.dead, np.asarray(dead, np.int64)])
        if revived:
            all_dead = np.setdiff1d(all_dead, revived)
        all_lost = np.concatenate([self.lost, np.asarray(lost, np.int64)])
        made = replace(delta, place=self.place.plus(place), dead=all_dead, lost=all_lost)
        return made._cleared() if 2 * len(all_lost) > max(made.slots, PART) else made

    def _with(self, looks: Looks) -> Delta:
        """These rows and more at the end."""
        if not looks.products:
            return self
        if self.counts is None or self.photo_ids is None or self.vectors is None:
            counts, photos = Growing.of(looks.counts), Growing.of(looks.photo_ids)
            vectors = Growing.of(looks.vectors)
        else:
            counts, photos = self.counts.plus(looks.counts), self.photo_ids.plus(looks.photo_ids)
            vectors = self.vectors.plus(looks.vectors)
        names = self.names.plus(looks.products)
        return replace(self, names=names, counts=counts, photo_ids=photos, vectors=vectors)

    def _cleared(self) -> Delta:
        """The same without dead slots."""
        live = np.ones(self.slots, bool)
        live[self.lost] = False
        every = Looks(self.names, np.diff(self.rows.starts), self.rows.photo_ids, self.matrix)
        kept = every.only(live)
        place = dict.fromkeys((product for product, _ in self.place.items()), GONE)
        place.update(zip(kept.products, range(len(kept.products)), strict=True))
        return Delta(self.d, Places(place), self.dead)._with(kept)


def _same(generation: Generation | None, looks: Looks) -> NDArray[np.bool_]:
    """For each product (p,) whether its photos and vectors are those of the generation."""
    same = np.zeros(len(looks.products), bool)
    if generation is None or not len(same):
        return same
    rows, starts = generation.rows, np.concatenate([[0], np.cumsum(looks.counts)])
    slots = np.fromiter((rows.slot_of.get(product, GONE) for product in looks.products), np.int64, len(same))
    known = np.flatnonzero(slots != GONE)
    firsts = rows.starts[slots[known]]
    alike = (generation.matrix[firsts] == looks.vectors[starts[known]]).all(axis=1)
    for at in known[alike].tolist():  # nearly always none, else nearly always all
        which, mine = rows.of_product(int(slots[at])), slice(starts[at], starts[at + 1])
        same[at] = np.array_equal(rows.photo_ids[which], looks.photo_ids[mine]) and np.array_equal(
            generation.matrix[which], looks.vectors[mine]
        )
    return same


def _read(shop: Shop, space: str, layout: AspectLayout, products: list[str]) -> Looks:
    if not products:
        return Looks.none(layout.d)
    batch = shop.vectors_of_products(space, products)
    if not batch.photo_ids:
        return Looks.none(layout.d)
    if batch.matrix.shape[1] != layout.d:
        raise SpaceMismatch(
            f"new photos have vectors of width {batch.matrix.shape[1]}, the index of space {space} has "
            f"{layout.d}; run vitrine index again with --rebuild"
        )
    # Rounded like the generation's rows, so that a score does not move when the next generation is built.
    scaled = layout.scale(batch.matrix).astype(np.float16)
    owners = np.asarray(batch.product_ids, dtype=object)
    starts = np.concatenate([[0], np.flatnonzero(owners[1:] != owners[:-1]) + 1])
    counts = np.diff(np.append(starts, len(owners)))
    photo_ids = np.asarray(batch.photo_ids, dtype="S16")
    return Looks([str(owners[at]) for at in starts], counts, photo_ids, scaled)
