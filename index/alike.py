"""Queries that are answered together: with one example each, the same filter, weights and number of hits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.errors import VitrineError
from index.allowed import FEW, Allowed
from index.blocks import unit
from index.halves import widened
from index.query import Query
from index.rows import Rows
from index.snapshot import Snapshot

if TYPE_CHECKING:
    from data.where import Where

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Passing = Callable[["Where | None"], Allowed]


@dataclass(frozen=True, slots=True)
class Alike:
    """Some queries of a call.

    numbers (q,): their places in the call. references (q, d): what they look like, with unit blocks. probes
    (q, d): the same under the weights that they want. allowed: the slots that all of them may find. banned
    (q, b): those of them that each leaves out by itself, -1 pads; every query leaves out as many slots and as
    many photos of the generation and of what changed since as the others. reweighed: whether the weights are
    not the default's.
    """

    numbers: Ints
    references: Floats
    probes: Floats
    allowed: Allowed
    banned: Ints
    k: int
    reweighed: bool

    def only(self, which: Ints | slice) -> Alike:
        """Some of them."""
        return Alike(
            self.numbers[which],
            self.references[which],
            self.probes[which],
            self.allowed,
            self.banned[which],
            self.k,
            self.reweighed,
        )


def alike(snapshot: Snapshot, queries: Sequence[Query], passing: Passing) -> Iterator[Alike]:
    """All queries that can be answered together, in groups. Left out are those with other options, and those
    that are wrong.

    passing: the live slots that a filter lets through; asked once for each filter, weights and k.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    slots: dict[int, int] = {}
    for number, query in enumerate(queries):
        slot = _slot(snapshot, query)
        if slot is not None:
            slots[number] = slot
            weights = tuple(sorted(query.aspects.items())) if query.aspects else ()
            groups.setdefault((query.where, weights, query.k), []).append(number)
    for numbers in groups.values():
        first = queries[numbers[0]]
        try:
            allowed, shares = passing(first.where), snapshot.layout.chosen(first.aspects)
        except VitrineError:
            continue
        own = np.asarray([slots[number] for number in numbers], np.int64)
        references = _looks(snapshot, [queries[number] for number in numbers], own)
        factors = snapshot.layout.spread(shares / snapshot.layout.shares)
        probes = references if shares is snapshot.layout.shares else references * factors
        banned = _banned(snapshot, [queries[number].exclude for number in numbers], own, allowed)
        group = Alike(
            np.asarray(numbers, np.int64),
            references,
            probes,
            allowed,
            banned,
            first.k,
            reweighed=bool(first.aspects),
        )
        yield from _evenly(snapshot, group.only(np.flatnonzero(probes.any(axis=1))))


def _slot(snapshot: Snapshot, query: Query) -> int | None:
    """The slot of the product that a query asks for, -1 where it asks by a vector; None for one that has to
    be answered by itself.
    """
    example = query.examples[0]
    if (
        len(query.examples) > 1
        or query.negatives
        or query.diversity > 0
        or query.strategy != "average"
        or query.near_duplicates != "keep"
        or len(query.exclude) > FEW
        or (example.space is not None and example.space != snapshot.space)
    ):
        return None
    if example.vector is None:
        return snapshot.slot(str(example.product_id))
    return -1 if example.vector.shape == (snapshot.layout.d,) else None


def _looks(snapshot: Snapshot, queries: Sequence[Query], own: Ints) -> Floats:
    """What each query looks like (q, d), in unit blocks: its vector, or the mean of its product's photos."""
    looks = np.empty((len(queries), snapshot.layout.d), np.float32)
    for place in np.flatnonzero(own < 0).tolist():
        looks[place] = queries[place].examples[0].vector
    built = snapshot.built_slots
    parts = [(snapshot.delta.matrix, snapshot.delta.rows, built, own >= built)]
    if snapshot.generation is not None:
        generation = snapshot.generation
        parts.append((generation.matrix, generation.rows, 0, (own >= 0) & (own < built)))
    for matrix, rows, first, mine in parts:
        if mine.any():
            looks[mine] = _means(matrix, rows, own[mine] - first)
    return unit(looks, snapshot.layout)


def _means(matrix: NDArray[np.float16], rows: Rows, slots: Ints) -> Floats:
    """The mean of each product's photos (p, d)."""
    which, counts = rows.of_products(slots)
    vectors = widened(matrix[which])
    if len(which) == len(slots):
        return vectors
    means: Floats = np.add.reduceat(vectors, np.cumsum(counts) - counts, axis=0)
    means /= counts[:, None].astype(np.float32)
    return means


def _banned(snapshot: Snapshot, excluded: Sequence[frozenset[str]], own: Ints, allowed: Allowed) -> Ints:
    """The allowed slots (q, b) that each query leaves out, each once, from the left; -1 pads."""
    banned = own[:, None]
    if any(excluded):
        lines = [
            sorted({slot, *snapshot.slots(products)}, reverse=True)
            for slot, products in zip(own.tolist(), excluded, strict=True)
        ]
        banned = np.full((len(lines), max(map(len, lines))), -1, np.int64)
        for place, line in enumerate(lines):
            banned[place, : len(line)] = line
    held = (banned >= 0) & allowed.holds(np.maximum(banned, 0))
    return -np.sort(-np.where(held, banned, -1), axis=1)


def _evenly(snapshot: Snapshot, group: Alike) -> Iterator[Alike]:
    """In parts of which every query leaves out as many slots and photos as the others."""
    built, banned = snapshot.built_slots, group.banned
    early, late = (banned >= 0) & (banned < built), banned >= built
    photos = np.zeros_like(banned)
    if snapshot.generation is not None:
        photos[early] = snapshot.generation.rows.of_products(banned[early])[1]
    photos[late] = snapshot.delta.rows.of_products(banned[late] - built)[1]
    left_out = np.stack(
        [early.sum(axis=1), late.sum(axis=1), (photos * early).sum(axis=1), (photos * late).sum(axis=1)],
        axis=1,
    )
    if len(left_out) and (left_out == left_out[0]).all():
        yield group
        return
    kinds, kind = np.unique(left_out, axis=0, return_inverse=True)
    for number in range(len(kinds)):
        yield group.only(np.flatnonzero(kind.ravel() == number))
