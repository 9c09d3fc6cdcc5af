"""Why a product is a hit: which of its photos is like which, and what each aspect adds to the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from index.blocks import unit

if TYPE_CHECKING:
    from index.view import IndexView


@dataclass(frozen=True, slots=True)
class Part:
    """One aspect of a score. cosine: of the two looks in this aspect. weight: what the aspect counts, all
    adding up to 1. share: of the score, in [0, 1], of what speaks for the hit.
    """

    aspect: str
    cosine: float
    weight: float
    share: float


@dataclass(frozen=True, slots=True)
class Why:
    """score: cosine of the asked product (all its photos) and the other's best photo, as searches score.
    photo_id, other_photo_id: the photo of each that are the pair.
    """

    score: float
    photo_id: str
    other_photo_id: str
    parts: tuple[Part, ...]


def why(index: IndexView, product_id: str, other: str, weights: Mapping[str, float] | None = None) -> Why:
    """Why ``other`` looks like ``product_id``; weights of aspects: None for the embedder's own.

    Raises UnknownProduct, NoVector, UsageError for weights that cannot be.
    """
    layout = index.layout
    photos, vectors = index.vectors_of(product_id)
    others, found = index.vectors_of(other)
    query = unit(vectors.mean(axis=0)[None, :], layout)[0]  # what searches make of a product
    weighed = layout.reweigh(query[None, :], weights)[0]
    best = int(np.argmax(found @ weighed))
    pair = int(np.argmax(layout.reweigh(vectors, weights) @ found[best]))
    cosines = layout.cosines(query, found[best : best + 1])[0]
    wanted = layout.chosen(weights)
    added = wanted * cosines
    total = float(np.maximum(added, 0).sum()) or 1.0
    parts = tuple(
        Part(name, float(c), float(w), max(float(a), 0.0) / total)
        for name, c, w, a in zip(layout.names, cosines, wanted, added, strict=True)
    )
    return Why(float(added.sum()), str(photos[pair]), str(others[best]), parts)
