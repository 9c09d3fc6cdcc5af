"""How often look-alikes share a label, in two spaces and on the same photos.

Recall@1 and mAP@R as ``embedder.measures`` defines them, on one seeded sample of photos that have a vector in
both spaces; photos of the query's own product are left out. Intervals are 95 % bootstrap intervals over
queries; differences are paired.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import UsageError
from data.shop import Shop

if TYPE_CHECKING:
    from embedder.measures import Interval

MOST_PHOTOS = 3000
PORTION = 500
SEED = 7


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure in both spaces, and its paired difference, new less old."""

    name: str
    old: Interval
    new: Interval
    difference: Interval


@dataclass(frozen=True, slots=True)
class Labels:
    """What look-alikes share with the query: ``classes`` values of column ``label`` on ``photos`` photos."""

    label: str
    photos: int
    classes: int
    measures: tuple[Measured, ...]


def sample(ids: Sequence[str], most: int) -> list[str]:
    """A seeded sample without repetition, in drawn order."""
    drawn = np.random.default_rng(SEED).permutation(len(ids))[:most]
    return [ids[row] for row in drawn]


def on_labels(shop: Shop, old: str, new: str, label: str) -> Labels:
    """Recall@1 and mAP@R in both spaces, on the same photos. Raises UsageError where labels are too few."""
    from embedder.labelled import label_of_products

    labels = label_of_products(shop, label)
    owners, one, other = _same_photos(shop, old, new, sample(sorted(labels), len(labels)))
    values = [labels[owner] for owner in owners]
    products = Counter(labels[owner] for owner in set(owners))
    common = sum(count > 1 for count in products.values())
    if common < 2:
        raise UsageError(
            f"column {label!r} has {common} labels with two products or more that have photos in both "
            "spaces; two such labels are needed to measure by"
        )
    measures = tuple(
        _measured(name, *(_values(name, vectors, values, owners) for vectors in (one, other)))
        for name in ("recall@1", "mAP@R")
    )
    return Labels(label, len(owners), len(products), measures)


def _same_photos(
    shop: Shop, old: str, new: str, ids: Sequence[str]
) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
    """Whose photos they are (n,) and their vectors in both spaces (n, d) and (n, e), scaled.

    The products are taken in order until there are ``MOST_PHOTOS`` photos; one that lacks a vector in
    either space is left out.
    """
    layouts = [AspectLayout.from_json(shop.space(space).layout) for space in (old, new)]
    owners: list[str] = []
    parts: tuple[list[NDArray[np.float32]], ...] = ([], [])
    for first in range(0, len(ids), PORTION):
        batches = [shop.vectors_of_products(space, ids[first : first + PORTION]) for space in (old, new)]
        rows = [{photo: row for row, photo in enumerate(batch.photo_ids)} for batch in batches]
        both = [photo for photo in rows[0] if photo in rows[1]][: MOST_PHOTOS - len(owners)]
        owners += [batches[0].product_ids[rows[0][photo]] for photo in both]
        for part, batch, row, layout in zip(parts, batches, rows, layouts, strict=True):
            if both:
                part.append(layout.scale(batch.matrix[[row[photo] for photo in both]]))
        if len(owners) >= MOST_PHOTOS:
            break
    empty = [np.empty((0, layout.d), np.float32) for layout in layouts]
    one, other = (np.concatenate(part or [none]) for part, none in zip(parts, empty, strict=True))
    return owners, one, other


def _values(
    name: str, vectors: NDArray[np.float32], labels: Sequence[str], owners: Sequence[str]
) -> NDArray[np.float64]:
    from embedder.measures import map_at_r, recall_at_k

    if name == "recall@1":
        return recall_at_k(vectors, labels, [1], groups=owners)[1]
    return map_at_r(vectors, labels, groups=owners)


def _measured(name: str, old: NDArray[np.float64], new: NDArray[np.float64]) -> Measured:
    from embedder.measures import bootstrap

    return Measured(name, *(bootstrap(values, seed=SEED) for values in (old, new, new - old)))
