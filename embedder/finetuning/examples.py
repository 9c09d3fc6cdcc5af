"""What a fine-tuning learns from: a shop's photos with their frozen vectors and the labels of their
products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import EmptyShop, UsageError
from data.records import Photo, Product
from data.shop import Shop
from embedder.finetuning.settings import PRODUCT
from embedder.labelled import columns_with_values, value_of

FEWEST_PHOTOS = 20
FEWEST_MEMBERS = 2
NONE = -1
"""The target of a photo whose product has no value for a label."""


@dataclass(frozen=True, slots=True)
class Task:
    """One label to learn.

    name: the column, or ``product``. classes: its values, sorted. targets: the class of every photo, int64
    (n,), ``NONE`` where it has none. unlabelled, rare: photos without a value, and photos of values that
    fewer than two products (for ``product``: photos) bear.
    """

    name: str
    classes: tuple[str, ...]
    targets: NDArray[np.int64]
    unlabelled: int
    rare: int

    @property
    def is_identity(self) -> bool:
        """Whether the classes are the products themselves."""
        return self.name == PRODUCT

    def rows(self, rows: NDArray[np.int64]) -> Task:
        """The same label for some of the photos; the classes stay as they are."""
        return Task(self.name, self.classes, self.targets[rows], self.unlabelled, self.rare)


@dataclass(frozen=True, slots=True)
class Examples:
    """Photos that bear at least one of the labels, in a fixed order (by product, position and photo).

    blocks: unit blocks of the frozen embedder as stored, float16 (n, d). products, shas, photo_ids, paths:
    of each photo. arrived: when the shop got the product, seconds since 1970, float64 (n,), NaN where
    unknown.
    """

    photo_ids: tuple[str, ...]
    products: tuple[str, ...]
    shas: tuple[str, ...]
    paths: tuple[Path, ...]
    arrived: NDArray[np.float64]
    blocks: NDArray[np.float16]
    tasks: tuple[Task, ...]

    def __len__(self) -> int:
        return len(self.photo_ids)

    def rows(self, rows: NDArray[np.int64]) -> Examples:
        """Some of the photos."""
        chosen = rows.tolist()
        return Examples(
            tuple(self.photo_ids[i] for i in chosen),
            tuple(self.products[i] for i in chosen),
            tuple(self.shas[i] for i in chosen),
            tuple(self.paths[i] for i in chosen),
            self.arrived[rows],
            self.blocks[rows],
            tuple(task.rows(rows) for task in self.tasks),
        )

    def digest_key(self) -> str:
        """Photos and targets as text: two runs on the same examples have the same."""
        targets = [task.targets.tolist() for task in self.tasks]
        return repr((self.photo_ids, self.shas, [task.name for task in self.tasks], targets))


def read_examples(shop: Shop, space: str, labels: Sequence[str]) -> Examples:
    """All photos with a vector in ``space`` whose product bears a value of one of the labels.

    labels: ``category``, an attribute, or ``product``. Raises UsageError where a label has no value at all,
    one class only, or where the photos are too few: each says what there is; EmptyShop for a shop without
    vectors.
    """
    photo_ids: list[str] = []
    products: list[str] = []
    kept: list[NDArray[np.float16]] = []
    for batch in shop.read_vectors(space):
        photo_ids.extend(batch.photo_ids)
        products.extend(batch.product_ids)
        kept.append(batch.matrix.astype(np.float16))
    if not photo_ids:
        raise EmptyShop("nothing is indexed yet; run `vitrine index CATALOGUE` first")
    records, photos = _records(shop, set(products))
    tasks = tuple(_task(label, products, records) for label in labels)
    wanted = np.flatnonzero(np.any([task.targets != NONE for task in tasks], axis=0))
    found = Examples(
        tuple(photo_ids),
        tuple(products),
        tuple(photos[p].sha256 or "" for p in photo_ids),
        tuple(shop.photo_path(photos[p]) for p in photo_ids),
        np.asarray([_arrival(records[p]) for p in products], np.float64),
        np.concatenate(kept),
        tasks,
    ).rows(wanted.astype(np.int64))
    if len(found) < FEWEST_PHOTOS:
        raise UsageError(
            f"{len(found)} photos with a value in {', '.join(labels)} are too few to learn from and to "
            "measure "
            f"on; at least {FEWEST_PHOTOS} are needed"
        )
    return found


def _records(shop: Shop, wanted: set[str]) -> tuple[dict[str, Product], dict[str, Photo]]:
    products: dict[str, Product] = {}
    photos: dict[str, Photo] = {}
    for batch in shop.all_products():
        ids = [product.product_id for product in batch if product.product_id in wanted]
        products.update((product.product_id, product) for product in batch if product.product_id in wanted)
        for found in shop.photos_of_products(ids).values():
            photos.update((photo.photo_id, photo) for photo in found)
    return products, photos


def _task(label: str, products: Sequence[str], records: dict[str, Product]) -> Task:
    values = [
        products[i] if label == PRODUCT else value_of(records[p], label) for i, p in enumerate(products)
    ]
    bearers: dict[str, set[object]] = defaultdict(set)
    for i, value in enumerate(values):
        if value is not None:
            bearers[value].add(i if label == PRODUCT else products[i])
    if not bearers:
        offered = columns_with_values(records.values())
        raise UsageError(f"no product has a value in column {label!r}; columns with values: {offered}")
    common = {value for value, found in bearers.items() if len(found) >= FEWEST_MEMBERS}
    if len(common) < 2:
        what = f"only one ({next(iter(common))!r})" if common else "none"
        of = "products with two or more photos" if label == PRODUCT else "labels with at least two products"
        raise UsageError(
            f"column {label!r} has {what} of the two or more {of} that fine-tuning needs; take another column"
        )
    classes = tuple(sorted(common))
    number = {value: i for i, value in enumerate(classes)}
    targets = np.asarray([number.get(value, NONE) if value else NONE for value in values], np.int64)
    unlabelled = sum(value is None for value in values)
    return Task(label, classes, targets, unlabelled, int((targets == NONE).sum()) - unlabelled)


def _arrival(product: Product) -> float:
    return product.first_seen.timestamp() if product.first_seen is not None else float("nan")
