"""A shop's stored vectors with the labels of their products: what a head is trained and measured on."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from data.records import Product
from data.shop import Shop
from embedder.split import groups_of

FEWEST_PHOTOS = 20
FEWEST_PRODUCTS = 2


@dataclass(frozen=True, slots=True)
class Labelled:
    """Photos whose product bears a label.

    blocks: unit blocks as stored, float16 (n, d). groups: numbers (n,) of what must not be parted by a split.
    unlabelled: photos left out as their product has no label. rare: photos left out as fewer than two
    products bear their label.
    """

    blocks: NDArray[np.float16]
    labels: tuple[str, ...]
    groups: NDArray[np.int64]
    unlabelled: int
    rare: int

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted(set(self.labels)))


def labelled_photos(shop: Shop, space: str, label: str) -> Labelled:
    """All photos with a vector in the space and a label that at least two products bear.

    label: ``category`` or an attribute. Raises UsageError where there is no such column, one class only, or
    too few photos: each says what there is.
    """
    labels = label_of_products(shop, label)
    products: list[str] = []
    kept: list[NDArray[np.float16]] = []
    unlabelled = 0
    for batch in shop.read_vectors(space):
        wanted = [i for i, product in enumerate(batch.product_ids) if product in labels]
        unlabelled += len(batch.product_ids) - len(wanted)
        products.extend(batch.product_ids[i] for i in wanted)
        kept.append(batch.matrix[wanted].astype(np.float16))
    owners: dict[str, set[str]] = defaultdict(set)
    for product in products:
        owners[labels[product]].add(product)
    common = {value for value, found in owners.items() if len(found) >= FEWEST_PRODUCTS}
    rows = [i for i, product in enumerate(products) if labels[product] in common]
    _check(label, len(rows), common, unlabelled)
    blocks = np.concatenate(kept)[rows]
    products = [products[i] for i in rows]
    groups = groups_of(products, [block.tobytes() for block in blocks])
    rare = sum(map(len, kept)) - len(rows)
    return Labelled(blocks, tuple(labels[product] for product in products), groups, unlabelled, rare)


def label_of_products(shop: Shop, label: str) -> dict[str, str]:
    """Product id → its label, for products that have one; UsageError names the columns where none has it."""
    found: dict[str, str] = {}
    columns: Counter[str] = Counter()
    for products in shop.all_products():
        for product in products:
            columns.update(name for name, value in product.attributes.items() if value not in (None, ""))
            columns.update(["category"] if product.category else [])
            value = value_of(product, label)
            if value is not None:
                found[product.product_id] = value
    if not found:
        offered = ", ".join(name for name, _ in columns.most_common(20)) or "none at all"
        raise UsageError(f"no product has a label in column {label!r}; columns with values: {offered}")
    return found


def value_of(product: Product, label: str) -> str | None:
    """A product's label as text, or None."""
    value = product.category if label == "category" else product.attributes.get(label)
    text = "" if value is None else str(value).strip()
    return text or None


def _check(label: str, photos: int, classes: set[str], unlabelled: int) -> None:
    if len(classes) < 2:
        what = f"only one ({next(iter(classes))!r})" if classes else "none"
        raise UsageError(
            f"column {label!r} has {what} of the two or more labels with at least {FEWEST_PRODUCTS} products "
            "and photos that fine-tuning needs; take another column"
        )
    if photos < FEWEST_PHOTOS:
        raise UsageError(
            f"{photos} photos with a label in {label!r} are too few to learn from and to measure on; "
            f"at least {FEWEST_PHOTOS} are needed ({unlabelled} photos have no label)"
        )
