"""Finding the best products of a snapshot for an objective, never fewer than wanted where there are as many.

Photos are fetched, scored by their stored vectors, and grouped by product, until enough products are certain:
a quick scan is asked for more and more; what it cannot settle is compared exactly.
"""

from __future__ import annotations

import math
from typing import NamedTuple

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


class Matches(NamedTuple):
    """Products found, in falling order of score, ties by product id.

    slots (m,), scores (m,), vectors (m, d): of the photo that matched; photo_ids (m,). complete: whether no
    product is missing, however many were asked for.
    """

    slots: NDArray[np.int64]
    scores: Floats
    vectors: Floats
    photo_ids: list[str]
    complete: bool

    def only(self, which: NDArray[np.int64]) -> Matches:
        """Some of them, in this order."""
        photos = [self.photo_ids[place] for place in which.tolist()]
        return Matches(self.slots[which], self.scores[which], self.vectors[which], photos, self.complete)


class _Part(NamedTuple):
    """Rows of the generation or the delta (m,) with their vectors (m, d), scored. certain: no other row makes
    a difference to the products that are wanted; complete: there is no other.
    """

    rows: NDArray[np.int64]
    vectors: Floats
    scores: Floats
    certain: bool
    complete: bool

    def and_also(self, other: _Part) -> _Part:
        """These rows, then those of another part, whose numbers are its own."""
        return _Part(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.scores, other.scores]),
            self.certain and other.certain,
            self.complete and other.complete,
        )


def _nothing(width: int) -> _Part:
    """A part without rows."""
    none = np.empty((0, width), np.float32)
    return _Part(np.empty(0, np.int64), none, none[:, 0], certain=True, complete=True)


def find(snapshot: Snapshot, objective: Objective, want: int, allowed: Allowed, reweighed: bool) -> Matches:
    """The best ``want`` products among the slots that are ``allowed``."""
    generation, delta = snapshot.generation, snapshot.delta
    if generation is not None and not delta.slots:
        part = _in_generation(generation, objective, want, allowed, reweighed)
        slots = generation.rows.slot_of_row.take(part.rows)
        return _grouped(snapshot, slots, part, want, generation.rows.single)
    built = snapshot.built_slots
    early_slots, late_slots = allowed.split(built)
    part = _in_delta(delta, objective, want, late_slots)
    slots, single = delta.rows.slot_of_row.take(part.rows) + built, delta.rows.single
    if generation is not None:
        early = _in_generation(generation, objective, want, early_slots, reweighed)
        slots = np.concatenate([generation.rows.slot_of_row.take(early.rows), slots])
        part, single = early.and_also(part), single and generation.rows.single
    return _grouped(snapshot, slots, part, want, single)


def _in_delta(delta: Delta, objective: Objective, want: int, slots: Allowed) -> _Part:
    """Candidates among a delta's rows that settle its best ``want`` products."""
    if not slots.count:
        return _nothing(delta.matrix.shape[1])
    return _settle(delta, delta.scan, objective, min(want, slots.count), delta.rows.allowed(slots), False)


def _in_generation(
    generation: Generation, objective: Objective, want: int, slots: Allowed, reweighed: bool
) -> _Part:
    """Candidates among a generation's rows that settle its best ``want`` products."""
    if not slots.count:
        return _nothing(generation.layout.d)
    want = min(want, slots.count)
    rows = generation.rows.allowed(slots)
    if suits_quick(generation, rows, reweighed):
        part = _settle(generation, generation.scans.quick(), objective, want, rows, reweighed)
        if part.certain:
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
        vectors = widened(generation.matrix.take(seen, axis=0))
        scores = objective.score(vectors)
        exhausted = max(found.worst.tolist()) == -math.inf
        complete = exhausted and scan.exact
        bound = -math.inf if exhausted else objective.bound(found.worst)
        certain = complete or _settled(generation, seen, scores, bound) >= want
        if certain or exhausted or fetch >= scan.limit:
            return _Part(seen, vectors, scores, certain, complete)
        fetch *= FURTHER


def _with_siblings(generation: Generation | Delta, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """These rows and all others of the same products, as an approximate type may miss the better photo."""
    if generation.rows.single or not len(rows):
        return rows
    return generation.rows.of_products(np.unique(generation.rows.slot_of_row[rows]))[0]


def _settled(generation: Generation | Delta, rows: NDArray[np.int64], scores: Floats, bound: float) -> int:
    """How many products have a photo that nothing unseen, which scores ``bound`` at most, can beat."""
    near = scores >= bound - ROUNDING
    if generation.rows.single:
        return int(np.count_nonzero(near))
    return len(np.unique(generation.rows.slot_of_row[rows[near]]))


def _grouped(
    snapshot: Snapshot, slots: NDArray[np.integer], part: _Part, want: int, distinct: bool
) -> Matches:
    """The best photo of each product, the best ``want`` products first by score, then by id. slots (m,): of
    the part's rows; distinct: no product is there twice.
    """
    kept: NDArray[np.intp] | None = None
    if not distinct:
        order = np.lexsort((part.rows, -part.scores, slots))
        first = np.ones(len(order), bool)
        first[1:] = slots[order[1:]] != slots[order[:-1]]
        kept = order[first]
    scores = part.scores if kept is None else part.scores[kept]
    order = (-scores).argsort(kind="stable")
    ranked = scores[order[: want + 1]].tolist()
    if len(set(ranked)) < len(ranked):
        among = np.flatnonzero(scores >= ranked[:want][-1])
        places = slots[among if kept is None else kept[among]].tolist()
        names = snapshot.names
        ranks = [(-score, names[slot]) for score, slot in zip(scores[among].tolist(), places, strict=True)]
        order = among[sorted(range(len(ranks)), key=ranks.__getitem__)]
    best = order[:want] if kept is None else kept[order[:want]]
    found, rows = slots[best].astype(np.int64), part.rows[best]
    complete = part.complete and len(scores) <= want
    return Matches(found, part.scores[best], part.vectors[best], snapshot.photos_at(found, rows), complete)
