"""What the sources propose to one customer, found without ranking the whole catalogue for every source.

The evaluation scores all products for many customers at once (``FittedVitrine.heard``). A live question is
one customer's, and must be answered in milliseconds: what is popular was sorted when the catalogue changed,
products
chosen together are a few rows of a sparse table, and products that look alike come from the index and are
then compared exactly. The standings are the same, but for what the index misses
(``tests/recommender/test_proposing.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recommender.features import standings_of_best
from recommender.histories import Histories
from recommender.items import Bools, Floats, Ints
from recommender.models.arrivals import FittedArrivals
from recommender.models.base import Fitted
from recommender.models.blend import FittedBlend
from recommender.models.category import FittedCategory
from recommender.models.item_knn import FittedItemKnn
from recommender.models.likes import told
from recommender.models.looks import FittedLooks
from recommender.models.popularity import FittedPopularity
from recommender.ranker.pairs import Pairs
from recommender.topk import best_columns

Near = Callable[[Floats, int], Ints | None]
"""Probes (p, d) and how many to fetch for each → rows, -1 for what the catalogue lacks, or None where the
index is no quicker than comparing all.
"""
CHEAP = 100_000_000  # numbers (interests × products × width) that are compared without the index: some 3 ms
ENOUGH = 0.75  # of the wanted products fetched for every interest: together they find .997 of the best 200
SLACK = 64  # products beyond what is wanted that are looked at first, as a few are barred


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """rows: int64 (m,), rising, the source's best products; scores: float32 (m,). at: rows → the source's
    scores of any products.
    """

    rows: Ints
    scores: Floats
    at: Callable[[Ints], Floats]


class Proposer(Protocol):
    """A source as one customer asks it."""

    def propose(self, history: Histories, barred: Bools, depth: int) -> Proposal:
        """At most ``depth`` products of which the source has something to say, none that is barred (n,)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """Any source: all products are scored, and the best of them picked."""

    source: Fitted

    def propose(self, history: Histories, barred: Bools, depth: int) -> Proposal:
        """See ``Proposer``."""
        scores = self.source.score(history, barred[None, :])[0]
        audible = np.where(barred | (scores <= self.source.silence), np.float32(-np.inf), scores)
        rows = best_columns(audible[None, :], min(depth, len(scores)))[0]
        rows = rows[np.isfinite(audible[rows])]
        return Proposal(rows, scores[rows], scores.__getitem__)


@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    """A source that tells all customers the same. order: rows of which it has something to say, best
    first."""

    values: Floats
    order: Ints

    @classmethod
    def of(cls, source: FittedPopularity) -> _Sorted:
        order = np.argsort(-source.values, kind="stable")
        return cls(source.values, order[source.values[order] > source.silence])

    def propose(self, history: Histories, barred: Bools, depth: int) -> Proposal:
        """See ``Proposer``."""
        rows = self.order[: depth + SLACK]
        rows = rows[~barred[rows]]
        if len(rows) < depth and len(self.order) > depth + SLACK:
            rows = self.order[~barred[self.order]]
        rows = np.sort(rows[:depth])
        return Proposal(rows, self.values[rows], self.values.__getitem__)


@dataclass(frozen=True, slots=True, eq=False)
class _Together:
    """Neighbours of what was liked: only their rows of the table are looked at."""

    source: FittedItemKnn

    def propose(self, history: Histories, barred: Bools, depth: int) -> Proposal:
        """See ``Proposer``."""
        of, table = self.source, self.source.similarity
        weights = told(history, table.shape[0], of.half_life, of.recency)
        sums = np.zeros(table.shape[0])
        # What scipy's product would add up in the same order, had it not to copy the whole table first.
        for product, weight in zip(weights.indices.tolist(), weights.data.tolist(), strict=True):
            part = slice(int(table.indptr[product]), int(table.indptr[product + 1]))
            sums[table.indices[part]] += weight * table.data[part].astype(np.float64)
        scores = sums.astype(np.float32)
        rows = np.flatnonzero((scores > of.silence) & ~barred)
        return _best(rows, scores[rows], depth, scores.__getitem__)


@dataclass(frozen=True, slots=True, eq=False)
class _Nearby:
    """What looks like the customer's interests: from the index, then compared exactly."""

    source: FittedLooks
    near: Near

    def propose(self, history: Histories, barred: Bools, depth: int) -> Proposal:
        """See ``Proposer``."""
        source, tastes = self.source, self.source.tastes(history)
        rows = self._rows(tastes.centres, source.items.has_vector & ~barred, depth)
        known = source.compared(history, tastes, rows)[0]

        def at(asked: Ints) -> Floats:
            places = np.searchsorted(rows, asked).clip(0, max(len(rows) - 1, 0))
            new = rows[places] != asked if len(rows) else np.ones(len(asked), np.bool_)
            scores = np.empty(len(asked), np.float32)
            scores[~new] = known[places[~new]]
            scores[new] = source.compared(history, tastes, asked[new])[0]
            return scores

        return _best(rows, known, depth, at)

    def _rows(self, centres: Floats, allowed: Bools, depth: int) -> Ints:
        """Rows among which the best ``depth`` are: all that are allowed where that costs little, or where the
        index finds too few.
        """
        count = int(np.count_nonzero(allowed))
        if not len(centres):
            return np.zeros(0, np.int64)
        if count * centres.size > CHEAP:
            # A product that is among the best for several interests together is hardly ever far from all.
            found = self.near(centres, int(ENOUGH * depth * len(allowed) / max(count, 1)))
            if found is not None:
                rows = np.sort(found[found >= 0])
                rows = rows[allowed[rows]]
                if len(rows) >= min(depth, count):
                    return rows
        return np.flatnonzero(allowed)


@dataclass(frozen=True, slots=True, eq=False)
class _ByCategory:
    """The best products of the categories that were liked. order: rows, category by category, each with its
    best products first; ``starts[c]:starts[c + 1]`` of them are category c's.
    """

    source: FittedCategory
    order: Ints
    starts: Ints

    @classmethod
    def of(cls, source: FittedCategory) -> _ByCategory:
        order = np.lexsort((-source.values, source.categories))
        order = order[source.categories[order] >= 0]
        starts = np.searchsorted(source.categories[order], np.arange(source.count + 1))
        return cls(source, order, starts)

    def propose(self, history: Histories, barred: Bools, depth: int) -> Proposal:
        """See ``Proposer``."""
        source = self.source
        shares = source.shares(history)[0] if source.count else np.zeros(1)

        def at(rows: Ints) -> Floats:
            # A product without a category has the value 0, whatever share its -1 finds at the end.
            scores: Floats = (shares[source.categories[rows]] * source.values[rows]).astype(np.float32)
            return scores

        parts = [np.zeros(0, np.int64)]
        for category in np.flatnonzero(shares).tolist():
            mine = self.order[self.starts[category] : self.starts[category + 1]]
            few = mine[: depth + SLACK]
            few = few[~barred[few]]
            parts.append(
                few[:depth] if len(few) >= depth or len(mine) <= depth + SLACK else mine[~barred[mine]]
            )
        rows = np.sort(np.concatenate(parts))
        scores = at(rows)
        said = scores > source.silence
        return _best(rows[said], scores[said], depth, at)


@dataclass(frozen=True, slots=True, eq=False)
class _Fresh:
    """New arrivals: they are few, and found by their dates."""

    source: FittedArrivals

    def propose(self, history: Histories, barred: Bools, depth: int) -> Proposal:
        """See ``Proposer``."""
        now = float(history.now[0])
        fresh = np.sort(self.source.fresh(now))
        scores = np.zeros(len(barred), np.float32)
        scores[fresh] = self.source.standing(now, fresh)
        rows = fresh[(scores[fresh] > self.source.silence) & ~barred[fresh]]
        return _best(rows, scores[rows], depth, scores.__getitem__)


def _best(rows: Ints, scores: Floats, depth: int, at: Callable[[Ints], Floats]) -> Proposal:
    """The best ``depth`` of some rows, rising."""
    if len(rows) > depth:
        places = best_columns(scores[None, :], depth)[0]
        rows, scores = rows[places], scores[places]
    return Proposal(rows, scores, at)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """One customer's candidates. rows: int64 (p,), rising. standing, summands: float32 (sources, p), see
    ``FittedBlend``. proposals: of the sources, in order.
    """

    rows: Ints
    standing: Floats
    summands: Floats
    proposals: tuple[Proposal, ...]
    silences: Floats

    @property
    def blended(self) -> Floats:
        """float32 (p,): the blend's score of every candidate."""
        total: Floats = self.summands.sum(axis=0, dtype=np.float32)
        return total

    def pairs(self, places: Ints) -> Pairs:
        """Some of them, with the sources' own scores."""
        rows = self.rows[places]
        raw = np.stack([proposal.at(rows) for proposal in self.proposals])
        said = np.where(raw > self.silences[:, None], raw, np.float32(np.nan))
        return Pairs(np.zeros(len(rows), np.int64), rows, self.standing[:, places], said)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """The sources of a blend, lined up to be asked by one customer at a time."""

    blend: FittedBlend
    proposers: tuple[Proposer, ...]
    n: int

    @classmethod
    def of(cls, blend: FittedBlend, n: int, near: Near) -> Panel:
        """n: products of the catalogue; near: what the index finds."""
        return cls(blend, tuple(_proposer(source, near) for source in blend.sources), n)

    def ask(self, history: Histories, barred: Bools) -> Candidates:
        """The candidates of the one customer whose history it is; barred: bool (n,)."""
        depth = min(self.blend.depth, self.n)
        proposals = tuple(proposer.propose(history, barred, depth) for proposer in self.proposers)
        rows = np.unique(np.concatenate([p.rows for p in proposals]))
        standing = np.zeros((len(proposals), len(rows)), np.float32)
        for at, proposal in enumerate(proposals):
            places = np.searchsorted(rows, proposal.rows)
            standing[at, places] = standings_of_best(proposal.scores, depth)
        summands = self.blend.weigh(standing[:, None, :])[:, 0, :]
        silences = np.asarray([source.silence for source in self.blend.sources], np.float32)
        return Candidates(rows, standing, summands, proposals, silences)


def _proposer(source: Fitted, near: Near) -> Proposer:
    if isinstance(source, FittedPopularity):
        return _Sorted.of(source)
    if isinstance(source, FittedItemKnn):
        return _Together(source)
    if isinstance(source, FittedLooks):
        return _Nearby(source, near)
    if isinstance(source, FittedArrivals):
        return _Fresh(source)
    if isinstance(source, FittedCategory):
        return _ByCategory.of(source)
    return _Scored(source)
