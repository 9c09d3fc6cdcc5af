"""Which photos of a shop are there twice: the same file, or near-identical ones under different products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data.aspects import AspectLayout
from data.errors import EmptyShop, UsageError
from data.shop import Shop
from embedder.duplicates import NEAR_DUPLICATE, DuplicateGroup, Floats, groups_of_duplicates
from service.answers import Json
from service.parts import Parts

CHAIN_SHARE = 0.1
FEWEST_CHAINED = 6
"""A near group of a tenth of the products, and at least six, is rather a chain than one photo."""


@dataclass(frozen=True, slots=True)
class DuplicatesRequest:
    """A question for duplicates.

    threshold: cosine from which photos of different products count as near-identical, above 0 and at most 1.
    limit: how many groups are wanted, the largest first.
    """

    threshold: float = NEAR_DUPLICATE
    limit: int = 50

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold <= 1.0:
            raise UsageError(f"--threshold is a cosine above 0 and up to 1, not {self.threshold:g}")
        if self.limit < 1:
            raise UsageError(f"--limit is at least 1, not {self.limit}")


@dataclass(frozen=True, slots=True)
class DuplicatesAnswer:
    """Groups of duplicates, the largest first.

    found: how many groups there are; ``groups`` has the first of them. titles: product id → title, of the
    products in ``groups``. photos, products: how many were compared. space: of the vectors.
    warnings: what a person should know, one sentence each.
    """

    groups: tuple[DuplicateGroup, ...]
    found: int
    titles: Mapping[str, str | None]
    photos: int
    products: int
    threshold: float
    space: str
    warnings: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """For ``--json``."""
        return {
            "groups": [
                {
                    "kind": group.kind,
                    "cosine": round(group.cosine, 6),
                    "photos": [
                        {"photo_id": photo, "product_id": owner, "title": self.titles.get(owner)}
                        for photo, owner in zip(group.photos, group.owners, strict=True)
                    ],
                }
                for group in self.groups
            ],
            "found": self.found,
            "photos": self.photos,
            "products": self.products,
            "threshold": self.threshold,
            "space": self.space,
            "warnings": list(self.warnings),
        }


def find_duplicates(parts: Parts, request: DuplicatesRequest) -> DuplicatesAnswer:
    """Compare every photo that has a vector with every other.

    Raises EmptyShop for a shop without vectors, UsageError where the threshold tells nothing from nothing.
    """
    shop, space = parts.shop, parts.space()
    photos, owners, vectors = _vectors(shop, space)
    products = sorted(set(owners))
    shas = _shas(shop, products)
    groups = groups_of_duplicates(
        photos, owners, [shas.get(photo, photo) for photo in photos], vectors, request.threshold
    )
    shown = tuple(groups[: request.limit])
    cards = shop.products(sorted({owner for group in shown for owner in group.owners}))
    return DuplicatesAnswer(
        groups=shown,
        found=len(groups),
        titles={product_id: product.title for product_id, product in cards.items()},
        photos=len(photos),
        products=len(products),
        threshold=request.threshold,
        space=space,
        warnings=_not_compared(shop) + _chained(groups, len(products), request.threshold),
    )


def _vectors(shop: Shop, space: str) -> tuple[list[str], list[str], Floats]:
    """Photo ids, their products, and their vectors under the default weights of the aspects, (n, d)."""
    layout = AspectLayout.from_json(shop.space(space).layout)
    batches = list(shop.read_vectors(space))
    if not batches:
        raise EmptyShop("no photo of this shop has a vector; run `vitrine index CATALOGUE` first")
    photos = [photo for batch in batches for photo in batch.photo_ids]
    owners = [product for batch in batches for product in batch.product_ids]
    return photos, owners, np.concatenate([layout.scale(batch.matrix) for batch in batches])


def _shas(shop: Shop, products: list[str]) -> dict[str, str]:
    """Photo id → sha256 of its file."""
    photos = shop.photos_of_products(products)
    return {p.photo_id: p.sha256 for found in photos.values() for p in found if p.sha256 is not None}


def _not_compared(shop: Shop) -> tuple[str, ...]:
    pending = int(shop.counts()["pending"])
    if not pending:
        return ()
    return (f"{pending:,} photos have no vector yet and were not compared; run `vitrine index CATALOGUE`",)


def _chained(groups: list[DuplicateGroup], products: int, threshold: float) -> tuple[str, ...]:
    least = max(FEWEST_CHAINED, CHAIN_SHARE * products)
    long = [len(group.products) for group in groups if group.kind == "near" and len(group.products) >= least]
    if not long:
        return ()
    return (
        f"a near group holds {max(long):,} of {products:,} products: from a cosine of {threshold:g} on, "
        "photos that differ are chained together; take a higher --threshold",
    )
