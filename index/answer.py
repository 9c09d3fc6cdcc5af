"""From matches to hits: least score, near-duplicates, diversity, and what each aspect says."""

from __future__ import annotations

from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from index.allowed import Allowed
from index.blocks import symmetric
from index.finder import Matches, find
from index.hits import Hit
from index.mmr import distinct, mmr
from index.objective import Objective
from index.query import Query
from index.snapshot import Snapshot

Floats = NDArray[np.float32]
DIVERSE_POOL = 5
SMALLEST_POOL, LARGEST_POOL = 50, 2000


def answer(
    snapshot: Snapshot,
    query: Query,
    objective: Objective,
    shares: Floats,
    allowed: Allowed,
    own: Floats,
) -> list[Hit]:
    """The hits of a query over the slots ``allowed``; own (m, d): photos of the queried products.

    Diversity chooses from the best 5 k products (at least 50, at most 2,000 or k). Where near-duplicates
    leave too few, more are fetched, until there are enough or no more.
    """
    suppress, reweighed = query.near_duplicates == "suppress", bool(query.aspects)
    if query.diversity == 0 and query.min_score is None and not suppress:  # nearly always
        return _hits(find(snapshot, objective, query.k, allowed, reweighed), query, objective, snapshot)
    want = query.k
    if query.diversity > 0:
        want = max(query.k, min(max(DIVERSE_POOL * query.k, SMALLEST_POOL), LARGEST_POOL))
    pool = want
    while True:
        matches = find(snapshot, objective, pool, allowed, reweighed)
        kept = np.arange(len(matches.slots))
        if query.min_score is not None:
            kept = kept[matches.scores >= query.min_score]
        ended = matches.complete or len(matches.slots) < pool or len(kept) < len(matches.slots)
        if suppress:
            kept = kept[distinct(matches.vectors[kept], query.duplicate_cosine, own, want)]
        if not suppress or ended or len(kept) >= want:
            break
        pool *= 4
    kept = kept[:want]
    if query.diversity > 0:
        alike = symmetric(matches.vectors[kept], shares, snapshot.layout)
        chosen = mmr(matches.scores[kept] / objective.span, alike, query.k, query.diversity)
        kept = kept[chosen]
    return _hits(matches.only(kept[: query.k]), query, objective, snapshot)


def _hits(matches: Matches, query: Query, objective: Objective, snapshot: Snapshot) -> list[Hit]:
    names, layout = snapshot.names, snapshot.layout
    told: list[dict[str, float]] | repeat[None] = repeat(None)
    if query.explain_aspects:
        cosines = aspect_cosines(layout, objective, matches.vectors).tolist()
        told = [dict(zip(layout.names, line, strict=True)) for line in cosines]
    products = [names[slot] for slot in matches.slots.tolist()]
    return list(map(Hit, products, matches.scores.tolist(), matches.photo_ids, told))


def aspect_cosines(layout: AspectLayout, objective: Objective, vectors: Floats) -> Floats:
    """Cosine of each aspect (n, n_aspects) between each vector (n, d) and what it was compared with."""
    return cosines_with(layout, objective.nearest(vectors), vectors)


def cosines_with(layout: AspectLayout, references: Floats, vectors: Floats) -> Floats:
    """Cosine of each aspect (n, n_aspects) between vectors (n, d) and references (n or 1, d)."""
    products = vectors * references
    cosines: Floats = np.add.reduceat(products, layout.starts, axis=1)
    cosines /= layout.shares
    return cosines.clip(-1.0, 1.0, out=cosines)
