"""Near-duplicates: photos that are the same file, or that a vector can hardly tell apart.

Every photo is compared with every other, in blocks, so what is found is exact and memory stays bounded. The
work grows with the square of the photos: about one minute for 100,000 photos of 352 numbers on two cores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from embedder.disjoint import DisjointSets
from embedder.measures import unit_rows

Floats = NDArray[np.float32]
Pairs = NDArray[np.int64]
Kind = Literal["same file", "near"]

NEAR_DUPLICATE = 0.98
"""The cosine from which photos count as near-duplicates; ``docs/duplicates.md`` says how it was chosen."""
BLOCK = 2048
MOST_PAIRS = 2_000_000
_ROUNDING = 1e-6
"""Sums of products of float32 differ by about this much with the shape of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class NearPairs:
    """All pairs of photos whose cosine reaches ``threshold``.

    pairs: int64 (m, 2), rows i < j, ordered by i, then j. cosines: float32 (m,).
    """

    pairs: Pairs
    cosines: Floats
    threshold: float


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Photos that belong together.

    kind: ``same file``, or ``near`` for near-identical photos under different products.
    cosine: the lowest of the links that hold the group together; 1 for one file.
    photos: their ids. owners: the product of each.
    """

    kind: Kind
    cosine: float
    photos: tuple[str, ...]
    owners: tuple[str, ...]

    @property
    def products(self) -> tuple[str, ...]:
        """The products, each once, sorted."""
        return tuple(sorted(set(self.owners)))


def near_pairs(
    vectors: Floats, threshold: float = NEAR_DUPLICATE, block: int = BLOCK
) -> tuple[Pairs, Floats]:
    """All pairs of rows of (n, d) vectors with a cosine of at least ``threshold``, a row of zeros in none.

    block: rows compared at a time; a tile of block × block cosines is in memory. Returns rows i < j, int64
    (m, 2), ordered, and their cosines, float32 (m,). Raises UsageError for a threshold that is not above 0
    and at most 1, vectors that are not finite, and where more than ``MOST_PAIRS`` are found.
    """
    found = strongest_pairs(vectors, threshold, block, MOST_PAIRS)
    if found.threshold > threshold:
        raise UsageError(
            f"more than {MOST_PAIRS:,} pairs of photos have a cosine of {threshold:g} or more, so it "
            "does not tell near-duplicates from others; take a higher threshold"
        )
    return found.pairs, found.cosines


def strongest_pairs(
    vectors: Floats, threshold: float = NEAR_DUPLICATE, block: int = BLOCK, most: int = MOST_PAIRS
) -> NearPairs:
    """As ``near_pairs``, but where more than ``most`` are found the threshold rises until they fit.

    It may end above 1, with no pair at all: then so many vectors are the same that they tell nothing.
    """
    _check(vectors, threshold, block)
    floor, held = threshold - _ROUNDING, 0
    tiles: list[tuple[Pairs, Floats]] = []
    for pairs, cosines in _tiles(unit_rows(vectors), floor, block):
        kept = cosines >= floor
        tiles.append((pairs[kept], cosines[kept]))
        held += int(kept.sum())
        if held > most:
            pairs, cosines = _joined(tiles)
            # Half are let go, not only what is too many, so that this happens rarely; equal ones go together.
            edge = np.partition(cosines, held - most // 2 - 1)[held - most // 2 - 1]
            floor = float(np.nextafter(edge, np.float32(2.0)))
            tiles = [(pairs[cosines > edge], cosines[cosines > edge])]
            held = len(tiles[0][1])
    pairs, cosines = _joined(tiles)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return NearPairs(pairs[order], cosines[order], max(threshold, floor))


def groups_of_duplicates(
    photos: Sequence[str],
    products: Sequence[str],
    shas: Sequence[str],
    vectors: Floats,
    threshold: float = NEAR_DUPLICATE,
) -> list[DuplicateGroup]:
    """Photos of one file, and near-identical photos under different products; the largest groups first.

    photos, products, shas: id, product and sha256 of the file of each row of ``vectors`` (n, d). A file
    is compared once, however many photos it is. A near group holds the photos of at least two files; two
    photos of one product are only in it where both look like another product's. Raises what ``near_pairs``
    does.
    """
    files: dict[str, list[int]] = defaultdict(list)
    for row, sha in enumerate(shas):
        files[sha].append(row)
    members = list(files.values())
    found = [_group("same file", 1.0, rows, photos, products) for rows in members if len(rows) > 1]
    owners = [{products[row] for row in rows} for rows in members]
    pairs, cosines = near_pairs(vectors[[rows[0] for rows in members]], threshold)
    for weakest, joined in _components(pairs, cosines, owners):
        rows = sorted(row for file in joined for row in members[file])
        found.append(_group("near", weakest, rows, photos, products))
    return sorted(found, key=lambda g: (-len(g.photos), -len(g.products), -g.cosine, g.photos))


def _components(
    pairs: Pairs, cosines: Floats, owners: Sequence[set[str]]
) -> Iterator[tuple[float, list[int]]]:
    """(lowest cosine, files) of every set of files that pairs of different products hold together."""
    sets = DisjointSets(len(owners))
    # Two files of the same single product are its own business.
    kept = [k for k, (a, b) in enumerate(pairs.tolist()) if len(owners[a] | owners[b]) > 1]
    sets.join_all((a, b) for a, b in pairs[kept].tolist())
    weakest: dict[int, float] = {}
    joined: dict[int, set[int]] = defaultdict(set)
    for (a, b), cosine in zip(pairs[kept].tolist(), cosines[kept].tolist(), strict=True):
        root = sets.root(a)
        weakest[root] = min(weakest.get(root, 1.0), cosine)
        joined[root] |= {a, b}
    for root, files in joined.items():
        yield weakest[root], sorted(files)


def _group(
    kind: Kind, cosine: float, rows: Sequence[int], photos: Sequence[str], products: Sequence[str]
) -> DuplicateGroup:
    return DuplicateGroup(
        kind, cosine, tuple(photos[row] for row in rows), tuple(products[row] for row in rows)
    )


def _tiles(vectors: Floats, least: float, block: int) -> Iterator[tuple[Pairs, Floats]]:
    """Pairs i < j with a cosine of at least ``least``, from one tile of the matrix after another."""
    for top in range(0, len(vectors), block):
        for left in range(top, len(vectors), block):
            cosines = vectors[top : top + block] @ vectors[left : left + block].T
            i, j = np.nonzero(cosines >= least)
            if left == top:
                i, j = i[i < j], j[i < j]
            if len(i):
                values = np.minimum(cosines[i, j], np.float32(1.0))
                yield np.stack([i + top, j + left], axis=1).astype(np.int64), values


def _joined(tiles: Sequence[tuple[Pairs, Floats]]) -> tuple[Pairs, Floats]:
    none = (np.empty((0, 2), np.int64), np.empty(0, np.float32))
    pairs, cosines = zip(none, *tiles, strict=True)
    return np.concatenate(pairs), np.concatenate(cosines)


def _check(vectors: Floats, threshold: float, block: int) -> None:
    if not 0.0 < threshold <= 1.0:
        raise UsageError(f"a threshold of near-duplicates is a cosine above 0 and up to 1, not {threshold:g}")
    if block < 1:
        raise UsageError(f"a block has at least 1 row, not {block}")
    if vectors.ndim != 2:
        raise UsageError(f"vectors to compare have the shape (n, d), not {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise UsageError("vectors to compare must be finite numbers")
