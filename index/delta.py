"""What changed in the shop since a generation was built: few rows, compared one by one, visible at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import SpaceMismatch
from index.rows import Rows

if TYPE_CHECKING:
    from data.shop import Shop

Floats = NDArray[np.float32]


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

    def after(
        self, shop: Shop, space: str, layout: AspectLayout, changed: list[str], gone: list[str]
    ) -> Delta:
        """The delta once more products changed or went; only theirs are read from the shop."""
        fresh = _read(shop, space, layout, changed)
        touched = {*changed, *gone}
        kept = {product: look for product, look in self.looks.items() if product not in touched}
        return Delta(self.d, self.touched | touched, {**kept, **fresh})


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
