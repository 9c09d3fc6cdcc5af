"""Finding the best products of a snapshot for an objective, never fewer than wanted where there are as many.

Photos are fetched, scored by their stored vectors, and grouped by product, until enough products are certain:
a quick scan is asked for more and more; what it cannot settle is compared exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.allowed import Allowed
from index.delta import Delta
from index.generations import Generation
from index.halves import widened
from index.objective import Objective
from index.scans import Scan
from index.snapshot import Snapshot

Floats = NDArray[np.float32]
ROUNDING = 1e-5
FURTHER = 4
"""So many times as much is fetched where it was not enough."""
EXACT_VALUES = 100_000_000
"""Numbers (rows x width) that a filtered query compares exactly rather than over-fetch: about 6 ms."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Products found, in falling order of score, ties by product id.

    slots (m,), scores (m,), vectors (m, d): of the photo that matched; photo_ids (m,). complete: whether no
    product is missing, however many were asked for.
    """

    slots: NDArray[np.int64]
    scores: Floats
    vectors: Floats
    photo_ids: list[str]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of the generation or the delta, scored; no other exceeds ``bound``; complete: there is none."""

    rows: NDArray[np.int64]
    scores: Floats
    bound: float
    complete: bool


NOTHING = _Part(np.empty(0, np.int64), np.empty(0, np.float32), -math.inf, complete=True)


def find(snapshot: Snapshot, objective: Objective, want: int, allowed: Allowed, reweighed: bool) -> Matches:
    """The best ``want`` products among the slots that are ``allowed``."""
    built, generation = snapshot.built_slots, snapshot.generation
    if generation is not None and not snapshot.delta.slots:
        part = _in_generation(generation, objective, want, allowed, reweighed)
        slots = generation.rows.slot_of_row[part.rows].astype(np.int64)
        found = _Rows(slots, part.scores, part.rows)
        return _grouped(snapshot, found, want, part.complete, generation.rows.single)
    delta = snapshot.delta
    early_slots, late_slots = allowed.split(built)
    late = _in_delta(delta, objective, want, late_slots)
    found = _Rows(delta.rows.slot_of_row[late.rows].astype(np.int64) + built, late.scores, late.rows)
    if generation is None:
        return _grouped(snapshot, found, want, late.complete)
    part = _in_generation(generation, objective, want, early_slots, reweighed)
    slots = generation.rows.slot_of_row[part.rows].astype(np.int64)
    both = _Rows(
        np.concatenate([slots, found.slots]),
        np.concatenate([part.scores, found.scores]),
        np.concatenate([part.rows, found.rows]),
    )
    return _grouped(snapshot, both, want, part.complete and late.complete)


def _in_delta(delta: Delta, objective: Objective, want: int, slots: Allowed) -> _Part:
    """Candidates among a delta's rows that settle its best ``want`` products."""
    if not slots.count:
        return NOTHING
    return _settle(delta, delta.scan, objective, min(want, slots.count), delta.rows.allowed(slots), False)


def _in_generation(
    generation: Generation, objective: Objective, want: int, slots: Allowed, reweighed: bool
) -> _Part:
    """Candidates among a generation's rows that settle its best ``want`` products."""
    if not slots.count:
        return NOTHING
    want = min(want, slots.count)
    rows = generation.rows.allowed(slots)
    if suits_quick(generation, rows, reweighed):
        part = _settle(generation, generation.scans.quick(), objective, want, rows, reweighed)
        if part.complete or _settled(generation, part) >= want:
            return part
    return _settle(generation, generation.scans.exact(), objective, want, rows, reweighed)


def suits_quick(generation: Generation, rows: Allowed, reweighed: bool) -> bool:
    """Whether the chosen type shall look among these rows first, or all of them be compared at once."""
    compared_quickly = rows.is_selective and rows.count * generation.layout.d <= EXACT_VALUES
    return generation.scans.suits(reweighed) and not compared_quickly


def first_fetch(part: Generation | Delta, want: int) -> int:
    """How many rows are fetched at first for the best ``want`` products."""
    return math.ceil(want * len(part.rows) / len(part.rows.products)) + 8


def _settle(
    generation: Generation | Delta,
    scan: Scan,
    objective: Objective,
    want: int,
    rows: Allowed,
    reweighed: bool,
) -> _Part:
    """Ask one scan for more and more rows until ``want`` products are certain or it has no more to give."""
    fetch = first_fetch(generation, want)
    while True:
        found = scan.top(objective.probes, fetch, rows, reweighed)
        seen = found.rows if scan.exact else _with_siblings(generation, found.rows)
        scores = objective.score(widened(generation.matrix[seen]))
        exhausted = bool(np.isneginf(found.worst).all())
        bound = -math.inf if exhausted else objective.bound(found.worst)
        part = _Part(seen, scores, bound, exhausted and scan.exact)
        if exhausted or fetch >= scan.limit or _settled(generation, part) >= want:
            return part
        fetch *= FURTHER


def _with_siblings(generation: Generation | Delta, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """These rows and all others of the same products, as an approximate type may miss the better photo."""
    if generation.rows.single or not len(rows):
        return rows
    return generation.rows.of_products(np.unique(generation.rows.slot_of_row[rows]))[0]


def _settled(generation: Generation | Delta, part: _Part) -> int:
    """How many products have a photo that nothing unseen can beat."""
    near = part.scores >= part.bound - ROUNDING
    if generation.rows.single:
        return int(np.count_nonzero(near))
    sure = part.rows[near]
    return len(np.unique(generation.rows.slot_of_row[sure]))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Slots, scores and row numbers (within generation or delta) of candidates, each (m,)."""

    slots: NDArray[np.int64]
    scores: Floats
    rows: NDArray[np.int64]

    def take(self, which: NDArray[np.generic]) -> _Rows:
        return _Rows(self.slots[which], self.scores[which], self.rows[which])


def _grouped(snapshot: Snapshot, found: _Rows, want: int, complete: bool, distinct: bool = False) -> Matches:
    """The best photo of each product, the best ``want`` products first by score, then by id; distinct: no
    product is there twice.
    """
    if not distinct:
        found = found.take(np.lexsort((found.rows, -found.scores, found.slots)))
        first = np.ones(len(found.slots), bool)
        first[1:] = found.slots[1:] != found.slots[:-1]
        found = found.take(first)
    complete = complete and len(found.slots) <= want
    if len(found.slots) > want:
        edge = np.partition(found.scores, len(found.scores) - want)[len(found.scores) - want]
        found = found.take(found.scores >= edge)
    names, slots = snapshot.names, found.slots.tolist()
    ranks = [(-score, names[slot]) for score, slot in zip(found.scores.tolist(), slots, strict=True)]
    order = sorted(range(len(slots)), key=ranks.__getitem__)
    found = found.take(np.asarray(order[:want], np.intp))
    photos, vectors = snapshot.rows_at(found.slots, found.rows)
    return Matches(found.slots, found.scores, vectors, photos, complete)
