"""New arrivals: products that came in lately, whatever anyone did with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.dataset import Dataset
from recommender.histories import DAY, Histories
from recommender.items import Bools, Doubles, Floats, Items

BULK = 0.3


@dataclass(frozen=True, slots=True)
class Arrivals:
    """2^(-age / half_life) for products younger than ``window`` days at the moment of the question, else 0.

    Silent where more than ``BULK`` of the catalogue is that young: then it was imported in bulk and its
    dates say nothing.
    """

    half_life: float = 14.0
    window: float = 45.0
    name: str = "new"

    def fit(self, data: Dataset) -> FittedArrivals:
        """Keep the products' dates."""
        return self.over(data.items)

    def over(self, items: Items) -> FittedArrivals:
        """The same, from the catalogue alone."""
        return FittedArrivals(items.arrived, self.half_life, self.window, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class FittedArrivals:
    """arrived: float64 (n,), UTC seconds, -inf: long ago."""

    arrived: Doubles
    half_life: float
    window: float
    name: str = "new"
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n) in [0, 1]; products that have not arrived at a customer's ``now`` are silent."""
        scores = np.zeros((len(histories), len(self.arrived)), np.float32)
        dated = np.flatnonzero(np.isfinite(self.arrived))
        if not len(dated):
            return scores
        age = (histories.now[:, None] - self.arrived[None, dated]) / DAY
        young = (age >= 0) & (age <= self.window)
        bulk = young.sum(axis=1) > BULK * len(self.arrived)
        young[bulk] = False
        scores[:, dated] = np.where(young, np.exp2(-np.clip(age, 0, None) / self.half_life), 0.0)
        return scores
