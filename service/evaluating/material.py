"""The photos of a shop in one space, and how a label sorts them: what an evaluation is made on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import EmptyShop
from data.records import Product
from data.shop import Shop
from embedder.finetuning.settings import PRODUCT
from embedder.labelled import label_of_products
from embedder.splits.groups import hard_groups

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """All photos with a vector in a space, in the order of their products.

    vectors: float32 (n, d), scaled by the default weights, so that inner products are a search's scores.
    alike: a number per photo, (n,): photos of one product, and products that share a picture, have the same.
    picture: a number per photo, (n,): photos with the very same vector have the same.
    products: the live products by id.
    """

    space: str
    layout: AspectLayout
    photo_ids: tuple[str, ...]
    product_ids: tuple[str, ...]
    vectors: Floats
    alike: Ints
    picture: Ints
    products: Mapping[str, Product]

    def sample(self, most: int, seed: int) -> Ints:
        """Rows of at most so many photos, rising: whole products in random order, at least one product."""
        owner = np.unique(np.asarray(self.product_ids), return_inverse=True)[1]
        if len(owner) <= most:
            return np.arange(len(owner), dtype=np.int64)
        size = np.bincount(owner)
        order = np.random.default_rng(seed).permutation(len(size))
        taken = order[: max(1, int(np.searchsorted(np.cumsum(size[order]), most, side="right")))]
        return np.flatnonzero(np.isin(owner, taken)).astype(np.int64)

    def block(self, aspect: int) -> Floats:
        """The vectors' part of one aspect, (n, d_aspect)."""
        part: Floats = self.vectors[:, self.layout.slices[aspect]]
        return part


@dataclass(frozen=True, slots=True, eq=False)
class Labelling:
    """The photos that a label sorts.

    rows: their places in the material, (m,). labels: one for each. groups: numbers (m,): photos of one group
    are never each other's answer. unlabelled: photos that have no label and are left out.
    """

    name: str
    rows: Ints
    labels: tuple[str, ...]
    groups: Ints
    unlabelled: int

    @property
    def has_answers(self) -> bool:
        """Whether any photo shares its label with one of another group."""
        groups: dict[str, int] = {}
        return any(
            groups.setdefault(v, g) != g for v, g in zip(self.labels, self.groups.tolist(), strict=True)
        )

    def asked(self, rows: Ints) -> Ints:
        """Which of the labelling's own places are among the material's ``rows``."""
        return np.flatnonzero(np.isin(self.rows, rows)).astype(np.int64)


def material(shop: Shop, space: str) -> Material:
    """Read the vectors of a space. Raises EmptyShop where there are fewer than two."""
    layout = AspectLayout.from_json(shop.space(space).layout)
    photos: list[str] = []
    owners: list[str] = []
    parts: list[Floats] = []
    for batch in shop.read_vectors(space):
        photos.extend(batch.photo_ids)
        owners.extend(batch.product_ids)
        parts.append(layout.scale(batch.matrix))
    if len(photos) < 2:
        raise EmptyShop(
            f"{len(photos)} photos of this shop have a vector of {space}, and an evaluation compares two or "
            "more; run `vitrine index CATALOGUE` with more photos"
        )
    vectors = np.concatenate(parts)
    contents = [vector.tobytes() for vector in vectors]
    return Material(
        space,
        layout,
        tuple(photos),
        tuple(owners),
        vectors,
        hard_groups(owners, contents),
        _numbers(contents),
        {one.product_id: one for some in shop.all_products() for one in some},
    )


def labelling(shop: Shop, found: Material, name: str) -> Labelling:
    """How a column, or the product itself, sorts the photos. Raises UsageError for a column without values.

    For a column, photos of the same product (and of products that share a picture) are no answers: what is
    measured is how other products are found. For ``product`` they are the answers, but for the very same
    picture.
    """
    if name == PRODUCT:
        rows = np.arange(len(found.photo_ids), dtype=np.int64)
        return Labelling(name, rows, found.product_ids, found.picture, 0)
    value = label_of_products(shop, name)
    places = [i for i, owner in enumerate(found.product_ids) if owner in value]
    rows = np.asarray(places, dtype=np.int64)
    labels = tuple(value[found.product_ids[i]] for i in places)
    return Labelling(name, rows, labels, found.alike[rows], len(found.product_ids) - len(places))


def _numbers(contents: Sequence[bytes]) -> Ints:
    seen: dict[bytes, int] = {}
    return np.asarray([seen.setdefault(content, len(seen)) for content in contents], dtype=np.int64)
