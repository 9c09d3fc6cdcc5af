"""The model called ``vitrine``: all sources' candidates, put in order by the blend and the trees that
correct it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats, Ints, Items
from recommender.models.attributes import Attributes
from recommender.models.blend import Blend, FittedBlend
from recommender.ranker.pairs import Pairs, leaders
from recommender.ranker.signals import BLEND, Signals
from recommender.ranker.trees import Trees
from recommender.tallies import Tallies

RERANKED = 400
"""Candidates of a customer that the trees rank: they cost 10 to 15 µs each, the blend nothing more."""
BELOW = 0.499  # of the least score that the trees give, times 1 + blend: always less than it


@dataclass(frozen=True, slots=True)
class Vitrine:
    """blend: sources and weights. trees: None where they would not do better than the blend alone."""

    blend: Blend
    attributes: Attributes
    trees: Trees | None = None
    name: str = "vitrine"

    def fit(self, data: Dataset) -> FittedVitrine:
        """Fit every source; the trees are part of the settings, learnt on validation windows."""
        return self.over(self.blend.fit(data), data.items, Tallies.of(data))

    def over(self, blend: FittedBlend, items: Items, tallies: Tallies) -> FittedVitrine:
        """From a fitted blend and tallies of the same products."""
        signals = Signals.over(items, tallies, self.attributes.over(items, tallies))
        return FittedVitrine(blend, signals, self.trees, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class FittedVitrine:
    """See ``Vitrine``."""

    blend: FittedBlend
    signals: Signals
    trees: Trees | None
    name: str = "vitrine"
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n): above 0 and up to 1 for candidates, 0 for products that no source proposes.

        With trees the logistic function of their score, which keeps the order.
        """
        if self.trees is None:
            return self.blend.score(histories, barred)
        heard = self.heard(histories, barred)
        pairs = heard.pairs
        scores = np.zeros((len(histories), len(self.signals.items)), np.float32)
        ranked = self.ranked(histories, pairs.owners, heard.blended, pairs.part)
        scores[pairs.owners, pairs.rows] = ranked.scores
        return scores

    def ranked(
        self, histories: Histories, owners: Ints, blended: Floats, pairs_at: Callable[[Ints], Pairs]
    ) -> Ranked:
        """The order of p candidates. The trees are asked for each customer's best ``RERANKED`` by the blend;
        behind them the others follow, as the blend ranks them.

        owners: int64 (p,), rising. blended: float32 (p,). pairs_at: places of candidates → these.
        """
        if self.trees is None:
            return Ranked(blended, np.zeros(0, np.int64), {})
        places = leaders(owners, blended, RERANKED)
        named = self.features(histories, pairs_at(places), blended[places])
        corrected = logistic(self.trees.add(named, blended[places]))
        least = np.ones(len(histories), np.float32)
        np.minimum.at(least, owners[places], corrected)
        scores = least[owners] * (BELOW * (1 + blended))
        scores[places] = corrected
        return Ranked(scores.astype(np.float32), places, named)

    def pairs(self, histories: Histories, barred: Bools | None) -> tuple[Pairs, Floats]:
        """All candidates, and the blend's score of each, float32 (p,)."""
        heard = self.heard(histories, barred)
        return heard.pairs, heard.blended

    def heard(self, histories: Histories, barred: Bools | None) -> Heard:
        """What all sources say."""
        raw = np.stack([source.score(histories, barred) for source in self.blend.sources])
        standing = self.blend.standings_of(raw, barred)
        silences = np.asarray([source.silence for source in self.blend.sources], np.float32)
        pairs = Pairs.proposed(standing, raw, silences, barred)
        summands = self.blend.weigh(standing)
        # In one piece, so that the sources are added up in the same order as for a single customer.
        return Heard(standing, np.ascontiguousarray(summands[:, pairs.owners, pairs.rows]), pairs)

    def features(self, histories: Histories, pairs: Pairs, blended: Floats) -> dict[str, Floats]:
        """name → float32 (p,), see ``recommender.ranker.signals``."""
        return {
            BLEND: blended,
            **self.signals.of(histories, pairs, tuple(self.blend.names)),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """scores: float32 (p,), above 0, see ``FittedVitrine.score``. places: int64 (q,), which candidates the
    trees ranked; features: name → float32 (q,), what they saw of them.
    """

    scores: Floats
    places: Ints
    features: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the sources say of some customers and all products.

    standing: float32 (sources, c, n). summands: float32 (sources, p), what each source adds to the blend's
    score of each pair. pairs: the p candidates.
    """

    standing: Floats
    summands: Floats
    pairs: Pairs

    @property
    def blended(self) -> Floats:
        """float32 (p,): the blend's score of every candidate."""
        total: Floats = self.summands.sum(axis=0, dtype=np.float32)
        return total


def logistic(scores: Floats) -> Floats:
    """1 / (1 + exp(-s)), never 0: the least candidate stands before a product that is none."""
    found: Floats = np.maximum(1 / (1 + np.exp(-scores.astype(np.float64))), 1e-12).astype(np.float32)
    return found
