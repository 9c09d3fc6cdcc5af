"""What changed in the shop since a generation was built: few rows, compared one by one, visible at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import SpaceMismatch
from index.generations import Generation
from index.rows import Rows

if TYPE_CHECKING:
    from data.records import Changes
    from data.shop import Shop

Floats = NDArray[np.float32]
PART = 4096


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
class ProductLooks:
    """A product's photos and their stored vectors (m, d), scaled."""

    photo_ids: tuple[str, ...]
    vectors: Floats


@dataclass(frozen=True)
class Delta:
    """The products whose looks changed, as they are now.

    touched: ids of products whose rows in the generation no longer hold: changed or gone.
    looks: those of them that have photos now.
    """

    d: int
    touched: frozenset[str] = frozenset()
    looks: Mapping[str, ProductLooks] = field(default_factory=dict)

    @cached_property
    def rows(self) -> Rows:
        """Whose row is whose."""
        photo_ids = [photo for look in self.looks.values() for photo in look.photo_ids]
        return Rows.of(photo_ids, tuple(self.looks), [len(look.photo_ids) for look in self.looks.values()])

    @cached_property
    def matrix(self) -> Floats:
        """All its vectors (m, d), float32."""
        if not self.looks:
            return np.empty((0, self.d), np.float32)
        return np.concatenate([look.vectors for look in self.looks.values()])

    def after(self, shop: Shop, base: Base, changes: Changes) -> Delta:
        """The delta once more products changed or went; only theirs are read from the shop, in parts.

        Products that look as they do in the generation are left to it: encoding a shop for another embedder
        touches every photo and changes none here.
        """
        looks, touched = dict(self.looks), set(self.touched)
        for product in (*changes.looks_changed, *changes.deleted):
            looks.pop(product, None)
            touched.add(product)
        for first in range(0, len(changes.looks_changed), PART):
            part = changes.looks_changed[first : first + PART]
            for product, look in _read(shop, base.space, base.layout, part).items():
                if base.generation is not None and _same(base.generation, product, look):
                    touched.discard(product)
                else:
                    looks[product] = look
        return Delta(self.d, frozenset(touched), looks)


def _same(generation: Generation, product: str, look: ProductLooks) -> bool:
    """Whether a product's photos and vectors are those of the generation."""
    slot = generation.rows.slot_of.get(product)
    if slot is None:
        return False
    which = generation.rows.of_product(slot)
    photos = tuple(generation.rows.photo(row) for row in range(which.start, which.stop))
    return photos == look.photo_ids and np.array_equal(generation.matrix[which], look.vectors)


def _read(shop: Shop, space: str, layout: AspectLayout, products: list[str]) -> dict[str, ProductLooks]:
    if not products:
        return {}
    batch = shop.vectors_of_products(space, products)
    if not batch.photo_ids:
        return {}
    if batch.matrix.shape[1] != layout.d:
        raise SpaceMismatch(
            f"new photos have vectors of width {batch.matrix.shape[1]}, the index of space {space} has "
            f"{layout.d}; run vitrine index again with --rebuild"
        )
    # Rounded like the generation's rows, so that a score does not move when the next generation is built.
    scaled = layout.scale(batch.matrix).astype(np.float16).astype(np.float32)
    owners = np.asarray(batch.product_ids, dtype=object)
    ends = [*(np.flatnonzero(owners[1:] != owners[:-1]) + 1).tolist(), len(owners)]
    looks, first = {}, 0
    for last in ends:
        looks[str(owners[first])] = ProductLooks(tuple(batch.photo_ids[first:last]), scaled[first:last])
        first = last
    return looks
