"""Finding candidates for many queries at once: what ``index.finder`` does for one, over arrays.

A query is settled by the same rule as there: so many products have a photo that nothing unseen can beat.
Where the last of these ties with something unseen, which of them is found depends on the order of the scan;
such a query is left to be asked alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.alike import Alike
from index.allowed import Allowed
from index.delta import Delta
from index.finder import FURTHER, ROUNDING, first_fetch, suits_quick
from index.generations import Generation
from index.halves import widened
from index.scans import Each, Scan
from index.snapshot import Snapshot

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
VALUES = 250_000
"""Numbers (rows x width) that are scored at a time: a megabyte, which the core's cache holds."""
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Candidates:
    """Products found, each once for a query: owners (m,) the query, slots (m,), scores (m,), rows (m,) of the
    best photo, numbered within the generation or the delta.
    """

    owners: Ints
    slots: Ints
    scores: Floats
    rows: Ints

    @classmethod
    def joined(cls, parts: Sequence[Candidates]) -> Candidates:
        """All of several, by query."""
        if len(parts) == 1:
            return parts[0]
        owners = np.concatenate([np.empty(0, np.int64), *(part.owners for part in parts)])
        order = np.argsort(owners, kind="stable")
        return cls(
            owners[order],
            np.concatenate([np.empty(0, np.int64), *(part.slots for part in parts)])[order],
            np.concatenate([np.empty(0, np.float32), *(part.scores for part in parts)])[order],
            np.concatenate([np.empty(0, np.int64), *(part.rows for part in parts)])[order],
        )

    def only(self, which: NDArray[np.generic]) -> Candidates:
        """Some of them."""
        return Candidates(self.owners[which], self.slots[which], self.scores[which], self.rows[which])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of a generation or a delta: probes (q, d); slots and rows that all may find; banned
    (q, b), slots that each leaves out, -1 pads, ``spare`` rows each; the best ``want`` products.
    """

    probes: Floats
    rows: Allowed
    banned: Ints
    spare: int
    want: int
    reweighed: bool


def found(snapshot: Snapshot, asked: Alike) -> tuple[Candidates, Mask]:
    """Candidates of all queries, and which queries (q,) they settle."""
    built = snapshot.built_slots
    early, late = asked.allowed.split(built)
    parts: list[Candidates] = []
    settled = np.ones(len(asked.numbers), bool)
    if snapshot.generation is not None:
        banned = np.where(asked.banned < built, asked.banned, -1)
        candidates, sure = _in_part(snapshot.generation, asked, early, banned)
        parts.append(candidates)
        settled &= sure
    if snapshot.delta.slots:
        candidates, sure = _in_part(snapshot.delta, asked, late, np.maximum(asked.banned - built, -1))
        candidates.slots[:] += built
        parts.append(candidates)
        settled &= sure
    return Candidates.joined(parts), settled


def _in_part(part: Generation | Delta, asked: Alike, slots: Allowed, banned: Ints) -> tuple[Candidates, Mask]:
    """Candidates in a generation or delta, and which queries they settle there."""
    left_out = banned[0][banned[0] >= 0]
    want = min(asked.k, slots.count - len(left_out))
    if want <= 0:
        return Candidates.joined(()), np.ones(len(banned), bool)
    rows = part.rows.allowed(slots)
    own, _ = part.rows.of_products(left_out)
    told = _Asked(asked.probes, rows, banned, len(own), want, asked.reweighed)
    every = np.arange(len(banned))
    if isinstance(part, Delta):
        candidates, settled, _ = _settle(part, part.scan, told, every)
        return candidates, settled
    if not suits_quick(part, rows.without(own), asked.reweighed):
        candidates, settled, _ = _settle(part, part.scans.exact(), told, every)
        return candidates, settled
    candidates, settled, spent = _settle(part, part.scans.quick(), told, every)
    if spent.any():
        more, sure, _ = _settle(part, part.scans.exact(), told, np.flatnonzero(spent))
        candidates, settled = Candidates.joined([candidates, more]), settled | sure
    return candidates, settled


def _settle(part: Generation | Delta, scan: Scan, asked: _Asked, left: Ints) -> tuple[Candidates, Mask, Mask]:
    """Ask a scan about some queries, and for more for those for which it was not enough. Candidates of what
    is settled, which queries (q,) that is, and for which the scan has no more to give.
    """
    settled, spent = np.zeros((2, len(asked.probes)), bool)
    fetch, kept = first_fetch(part, asked.want), list[Candidates]()
    for _ in range(ROUNDS):
        near = scan.each(asked.probes[left], fetch, asked.reweighed, asked.rows, asked.spare)
        candidates = _of_products(part, scan.exact, asked, left, near)
        sure, further = _judged(candidates, scan.exact, near, asked.want)
        mine = candidates.only(sure[candidates.owners])
        kept.append(Candidates(left[mine.owners], mine.slots, mine.scores, mine.rows))
        settled[left[sure]] = True
        if fetch >= scan.limit:
            further[:] = False
        spent[left[~sure & ~further]] = True
        left = left[further]
        if not len(left):
            break
        fetch *= FURTHER
    return Candidates.joined(kept), settled, spent


def _judged(candidates: Candidates, exact: bool, near: Each, want: int) -> tuple[Mask, Mask]:
    """Which queries (q,) are settled, and of the others, which would be if more was fetched."""
    many, bound = len(near.worst), near.worst[candidates.owners]
    ended = np.isneginf(near.worst)
    count = np.bincount(candidates.owners[candidates.scores >= bound - ROUNDING], minlength=many)
    if not exact:
        sure = count >= want
        return sure, ~sure & ~ended
    above = np.bincount(candidates.owners[candidates.scores > bound + ROUNDING], minlength=many)
    return ended | (above >= want), ~ended & (count < want)


def _of_products(
    part: Generation | Delta, exact: bool, asked: _Asked, queries: Ints, near: Each
) -> Candidates:
    """The products of what was found for some queries, scored by their stored vectors."""
    slots = part.rows.slot_of_row[np.maximum(near.rows, 0)]
    good = near.rows >= 0
    for banned in asked.banned[queries].T:
        good &= slots != banned[:, None]
    which = np.flatnonzero(good)
    owners, rows = which // max(near.rows.shape[1], 1), near.rows.ravel()[which]
    mine = slots.ravel()[which].astype(np.int64)
    probes = asked.probes[queries]
    if part.rows.single:
        return Candidates(owners, mine, _scores(part.matrix, rows, owners, probes), rows)
    many = len(part.rows.products)
    if exact:
        order = np.lexsort((rows, mine, owners))
        owners, mine, rows = owners[order], mine[order], rows[order]
    else:  # an approximate type may miss a product's better photo
        owners, mine = np.divmod(np.unique(owners * many + mine), many)
        rows, counts = part.rows.of_products(mine)
        owners, mine = np.repeat(owners, counts), np.repeat(mine, counts)
    return _best(Candidates(owners, mine, _scores(part.matrix, rows, owners, probes), rows))


def _best(photos: Candidates) -> Candidates:
    """Of each product the best photo, the first where several are; photos in order of query and product."""
    if not len(photos.owners):
        return photos
    new = np.ones(len(photos.owners), bool)
    new[1:] = (photos.owners[1:] != photos.owners[:-1]) | (photos.slots[1:] != photos.slots[:-1])
    group = np.cumsum(new) - 1
    top = np.maximum.reduceat(photos.scores, np.flatnonzero(new))
    best = np.flatnonzero(photos.scores == top[group])
    first = np.ones(len(best), bool)
    first[1:] = group[best[1:]] != group[best[:-1]]
    return photos.only(best[first])


def _scores(matrix: NDArray[np.float16], rows: Ints, owners: Ints, probes: Floats) -> Floats:
    """Cosines (m,) of rows with their owners' probes; owners rise. Bit by bit those of ``Linear.score``."""
    scores = np.empty(len(rows), np.float32)
    ends = np.searchsorted(owners, np.arange(len(probes) + 1)).tolist()
    most = max(VALUES // matrix.shape[1], 1)
    first = 0
    while first < len(probes):
        last = first + 1
        while last < len(probes) and ends[last + 1] - ends[first] <= most:
            last += 1
        begin = ends[first]
        # Taking rows is twice as quick as indexing with them.
        vectors = widened(matrix.take(rows[begin : ends[last]], axis=0))
        for owner in range(first, last):
            here = slice(ends[owner] - begin, ends[owner + 1] - begin)
            np.vecdot(vectors[here], probes[owner], out=scores[ends[owner] : ends[owner + 1]])
        first = last
    return scores.clip(-1.0, 1.0)
