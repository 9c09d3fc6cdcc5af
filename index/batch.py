"""Answering many queries at once: their candidates ranked, and made into hits.

Everything is done over arrays of all queries; only the hits themselves are made one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.alike import Alike, Passing, alike
from index.answer import cosines_with
from index.candidates import Candidates, found
from index.finder import first_fetch
from index.hits import Hit
from index.query import Query
from index.snapshot import Snapshot

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
MOST_QUERIES = 1024
MOST_CANDIDATES = 250_000
VALUES = 1_000_000


def together(snapshot: Snapshot, queries: Sequence[Query], passing: Passing) -> list[list[Hit] | None]:
    """The hits of each query; None for those that have to be asked one by one (see ``index.alike``), because
    of their options, because something is wrong with them, or because what was found does not settle them.

    passing: the live slots that a filter lets through. Queries are answered in portions of at most 1,024 and
    250,000 candidates. Beside the hits this takes some 100 MB at most, whatever the number of queries.
    """
    answers: list[list[Hit] | None] = [None] * len(queries)
    if not snapshot.live_products:
        return answers
    for group in alike(snapshot, queries, passing):
        size = _portion(snapshot, group)
        for first in range(0, len(group.numbers), size):
            portion = group.only(slice(first, first + size))
            for number, hits in _answered(snapshot, queries, portion):
                answers[number] = hits
    return answers


def _portion(snapshot: Snapshot, group: Alike) -> int:
    """How many queries of a group are answered at a time."""
    fetch, generation = 0, snapshot.generation
    if generation is not None:
        fetch += first_fetch(generation, group.k) * generation.scans.quick().overfetch
    if snapshot.delta.slots:
        fetch += first_fetch(snapshot.delta, group.k)
    return min(max(MOST_CANDIDATES // max(fetch, 1), 1), MOST_QUERIES)


def _answered(snapshot: Snapshot, queries: Sequence[Query], portion: Alike) -> list[tuple[int, list[Hit]]]:
    """Numbers and hits of those queries of a portion that are settled."""
    candidates, settled = found(snapshot, portion)
    places = _ranked(snapshot.names, candidates, len(portion.numbers), portion.k)
    asked = [queries[number] for number in portion.numbers.tolist()]
    good = (places >= 0) & settled[:, None]
    if any(query.min_score is not None for query in asked):
        least = np.asarray([-np.inf if q.min_score is None else q.min_score for q in asked])
        good[good] &= candidates.scores[places[good]] >= least[np.nonzero(good)[0]]
    hits = _hits(snapshot, candidates.only(places[good]), portion.references, asked)
    ends = np.cumsum(good.sum(axis=1)).tolist()
    numbers = portion.numbers.tolist()
    return [
        (numbers[place], hits[ends[place - 1] if place else 0 : ends[place]])
        for place in np.flatnonzero(settled).tolist()
    ]


def _ranked(names: Sequence[str], candidates: Candidates, many: int, k: int) -> Ints:
    """Which candidates are each query's best (many, k), in falling order of score, ties by product id; -1
    pads.
    """
    counts = np.bincount(candidates.owners, minlength=many)
    starts = np.cumsum(counts) - counts
    scores = np.full((many, max(int(counts.max(initial=0)), 1)), -np.inf, np.float32)
    scores[candidates.owners, np.arange(len(candidates.owners)) - starts[candidates.owners]] = (
        candidates.scores
    )
    order = np.argsort(-scores, axis=1, kind="stable")[:, : k + 1]
    ranked = np.take_along_axis(scores, order, axis=1)
    tied = ((ranked[:, 1:] == ranked[:, :-1]) & ~np.isneginf(ranked[:, 1:])).any(axis=1)
    places = np.where(np.isneginf(ranked), -1, starts[:, None] + order)[:, :k]
    for query in np.flatnonzero(tied).tolist():
        first = starts[query]
        least = ranked[query, min(k, int(counts[query])) - 1]
        among = first + np.flatnonzero(scores[query] >= least)
        slots = candidates.slots[among].tolist()
        ranks = [(-s, names[slot]) for s, slot in zip(candidates.scores[among].tolist(), slots, strict=True)]
        best = sorted(range(len(slots)), key=ranks.__getitem__)[:k]
        places[query, : len(best)] = among[best]
    return places


def _hits(snapshot: Snapshot, chosen: Candidates, references: Floats, asked: Sequence[Query]) -> list[Hit]:
    """A hit for each of what was chosen, query after query."""
    names, layout = snapshot.names, snapshot.layout
    told = np.asarray([query.explain_aspects for query in asked], bool)
    hits: list[Hit] = []
    step = max(VALUES // layout.d, 1)
    for first in range(0, len(chosen.owners), step):
        part = chosen.only(np.arange(first, min(first + step, len(chosen.owners))))
        photos, vectors = snapshot.rows_at(part.slots, part.rows)
        explained: list[dict[str, float] | None] = [None] * len(photos)
        if told.any():
            cosines = cosines_with(layout, references[part.owners], vectors)
            lines = zip(*cosines.T.tolist(), strict=True)
            explained = [
                dict(zip(layout.names, line, strict=True)) if wanted else None
                for line, wanted in zip(lines, told[part.owners].tolist(), strict=True)
            ]
        slots, scores = part.slots.tolist(), part.scores.tolist()
        hits += [
            Hit(names[slot], score, photo, aspects)
            for slot, score, photo, aspects in zip(slots, scores, photos, explained, strict=True)
        ]
    return hits
