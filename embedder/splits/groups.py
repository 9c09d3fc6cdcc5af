"""Which photos must not be parted by a split: those of one product, of one file, and near-duplicates.

To look alike is not transitive: a chain of near pairs can join photos that have nothing in common, in the
end half of the shop. So pairs are joined from the closest on, and a pair that would make a group too large is
left apart; a warning says how many were.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedder.disjoint import DisjointSets
from embedder.duplicates import NEAR_DUPLICATE, Floats, NearPairs, Pairs, strongest_pairs

Numbers = NDArray[np.int64]
LARGEST_SHARE = 0.1
FEWEST_JOINED = 5
"""Near-duplicates join at most a tenth of all products into a group, or five where that is more."""
LARGE = 0.3
"""The share of all photos from which a group of any kind is worth a warning."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """numbers: of each photo's group, int64 (n,), counted from 0 in the order of first photos.

    pairs: near-duplicates, rows i < j, int64 (m, 2), each inside one group. parted: those that were left
    apart, so that a split may part them. threshold: the cosine from which pairs were heeded.
    warnings: what a person should know, one sentence each.
    """

    numbers: Numbers
    pairs: Pairs
    parted: Pairs
    threshold: float
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        """How many groups there are."""
        return int(self.numbers.max(initial=-1)) + 1


def hard_groups(products: Sequence[str], contents: Sequence[Hashable]) -> Numbers:
    """A group number per photo, (n,): photos of one product, and products that share a file, go together.

    contents: of each photo, e.g. the sha256 of its file.
    """
    sets = DisjointSets(len(products))
    first: dict[Hashable, int] = {}
    for row, (product, content) in enumerate(zip(products, contents, strict=True)):
        sets.join(first.setdefault(("product", product), row), row)
        sets.join(first.setdefault(("content", content), row), row)
    return sets.numbers()


def group_photos(
    products: Sequence[str], shas: Sequence[str], vectors: Floats, threshold: float = NEAR_DUPLICATE
) -> Groups:
    """Groups by product, by the sha256 of the file, and by near-duplicates among vectors (n, d).

    Raises UsageError for a threshold that is not above 0 and at most 1.
    """
    return join_near(hard_groups(products, shas), strongest_pairs(vectors, threshold), threshold)


def join_near(hard: Numbers, near: NearPairs, threshold: float) -> Groups:
    """Hard groups, int64 (n,), joined by near pairs, the closest first, as far as the limit allows.

    threshold: what was asked for; ``near`` may hold only the pairs of a higher one.
    """
    number = int(hard.max(initial=-1)) + 1
    limit = max(FEWEST_JOINED, int(LARGEST_SHARE * number))
    sets = DisjointSets(number)
    kept = np.zeros(len(near.pairs), bool)
    order = np.argsort(-near.cosines, kind="stable")
    for place, (first, second) in zip(order.tolist(), hard[near.pairs[order]].tolist(), strict=True):
        one, other = sets.root(first), sets.root(second)
        if one == other or sets.size(one) + sets.size(other) <= limit:
            sets.join(one, other)
            kept[place] = True
    numbers = _from_zero(sets.numbers()[hard])
    warnings = _too_many(near, threshold) + _chained(near.cosines[~kept], limit, number) + _large(numbers)
    return Groups(numbers, near.pairs[kept], near.pairs[~kept], near.threshold, warnings)


def _from_zero(numbers: Numbers) -> Numbers:
    """The same groups, counted from 0 in the order of first photos."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _too_many(near: NearPairs, threshold: float) -> tuple[str, ...]:
    if near.threshold <= threshold:
        return ()
    return (
        f"too many pairs of photos have a cosine of {threshold:g} or more; near-duplicates are heeded from "
        f"{near.threshold:.4f} on only",
    )


def _chained(parted: Floats, limit: int, number: int) -> tuple[str, ...]:
    if not len(parted):
        return ()
    return (
        f"near-duplicates chain more than {limit} of {number} products together, so {len(parted):,} pairs "
        f"(cosine {parted.min():.4f} to {parted.max():.4f}) were left apart and a split may part them: a "
        "higher threshold tells better what is a duplicate here",
    )


def _large(numbers: Numbers) -> tuple[str, ...]:
    sizes = np.bincount(numbers)
    if len(sizes) < 2 or sizes.max() < LARGE * len(numbers):
        return ()
    return (
        f"{sizes.max():,} of {len(numbers):,} photos belong together (one product, a file that products "
        "share, or near-duplicates), and no split parts them; `vitrine duplicates` shows which",
    )
