"""The blend: every source's standing of a product, weighted and added up. The model called ``vitrine``.

The score of a product is Σ_source weight × standing, with weights >= 0 that add up to 1 and were fitted on
validation windows (see ``recommender.fitting``). So the share that a source has in a score is simply its
summand, and can be told to whoever asks why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.features import standings
from recommender.histories import Histories
from recommender.items import Bools, Floats
from recommender.models.base import Fitted, Recipe

DEPTH = 200
PERSONAL = ("looks", "together", "attributes", "category")

Weights = Mapping[str, float]


def _default_warm() -> Weights:
    return {
        "looks": 0.24,
        "together": 0.14,
        "attributes": 0.14,
        "category": 0.06,
        "popular": 0.22,
        "rising": 0.1,
        "trend": 0.05,
        "new": 0.05,
    }


def _default_cold() -> Weights:
    return {"popular": 0.7, "rising": 0.15, "trend": 0.05, "new": 0.1}


@dataclass(frozen=True, slots=True)
class BlendWeights:
    """source → weight, for two kinds of customers; a source that is not named counts nothing.

    warm: customers of whom a personal source has something to say. cold: all others. The defaults, for a
    shop that has not been trained, let looks lead: they need no other customers.
    """

    warm: Weights = field(default_factory=_default_warm)
    cold: Weights = field(default_factory=_default_cold)

    def __post_init__(self) -> None:
        for table in (self.warm, self.cold):
            values = list(table.values())
            if not values or not np.isfinite(values).all() or min(values) < 0 or sum(values) <= 0:
                raise UsageError("blend weights must be numbers >= 0 with at least one above 0")


@dataclass(frozen=True, slots=True)
class Blend:
    """The sources' recipes and the weights they are added up with; depth: candidates per source and
    customer.
    """

    sources: tuple[Recipe, ...]
    weights: BlendWeights
    depth: int = DEPTH
    name: str = "vitrine"

    def fit(self, data: Dataset) -> FittedBlend:
        """Fit every source."""
        return FittedBlend(tuple(s.fit(data) for s in self.sources), self.weights, self.depth, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class FittedBlend:
    """See ``Blend``."""

    sources: tuple[Fitted, ...]
    weights: BlendWeights
    depth: int = DEPTH
    name: str = "vitrine"
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n) in [0, 1]; 0 for products that no source proposes."""
        total: Floats = self.summands(histories, barred).sum(axis=0)
        return total

    def summands(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (sources, c, n): what each source adds to the score of each product."""
        return self.weigh(self.standings(histories, barred))

    def weigh(self, standing: Floats) -> Floats:
        """Standings (sources, c, n) times the weights of each customer's kind."""
        warm = is_warm(standing, self.names)
        table = np.asarray(
            [[of.get(name, 0.0) for of in (self.weights.cold, self.weights.warm)] for name in self.names],
            np.float32,
        )
        weighted: Floats = standing * table[:, warm.astype(np.int64)][:, :, None]
        return weighted

    @property
    def names(self) -> list[str]:
        """The sources' words, in order."""
        return [source.name for source in self.sources]

    def standings(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (sources, c, n): each source's standing of each product, unweighted."""
        return self.standings_of([source.score(histories, barred) for source in self.sources], barred)

    def standings_of(self, scores: Sequence[Floats] | Floats, barred: Bools | None = None) -> Floats:
        """The same from the sources' scores, each (c, n)."""
        parts = zip(self.sources, scores, strict=True)
        stacked: Floats = np.stack([standings(s, of.silence, barred, self.depth) for of, s in parts])
        return stacked


def is_warm(standing: Floats, names: list[str]) -> Bools:
    """bool (c,): customers of whom a personal source has something to say; standing: (sources, c, n)."""
    personal = [position for position, name in enumerate(names) if name in PERSONAL]
    warm: Bools = np.any(standing[personal] > 0, axis=(0, 2))
    return warm
