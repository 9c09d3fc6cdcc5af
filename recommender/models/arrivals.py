"""New arrivals: products that came in lately, whatever anyone did with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.dataset import Dataset
from recommender.histories import DAY, Histories
from recommender.items import Bools, Doubles, Floats, Ints, Items

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
        order = np.argsort(items.arrived, kind="stable")
        return FittedArrivals(
            items.arrived, order, items.arrived[order], self.half_life, self.window, self.name
        )


@dataclass(frozen=True, slots=True, eq=False)
class FittedArrivals:
    """arrived: float64 (n,), UTC seconds, -inf: long ago. order: int64 (n,), rows from the first to arrive to
    the last; dated: arrived in this order.
    """

    arrived: Doubles
    order: Ints
    dated: Doubles
    half_life: float
    window: float
    name: str = "new"
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n) in [0, 1]; products that have not arrived at a customer's ``now`` are silent."""
        scores = np.zeros((len(histories), len(self.arrived)), np.float32)
        for row, now in enumerate(histories.now.tolist()):
            fresh = self.fresh(now)
            scores[row, fresh] = self.standing(now, fresh)
        return scores

    def fresh(self, now: float) -> Ints:
        """int64: the products that have just arrived at a moment; none where they are too many."""
        first = np.searchsorted(self.dated, now - (self.window + 1) * DAY)
        last = np.searchsorted(self.dated, now, side="right")
        rows = self.order[first:last]
        rows = rows[(now - self.arrived[rows]) / DAY <= self.window]
        return rows if len(rows) <= BULK * len(self.arrived) else rows[:0]

    def standing(self, now: float, rows: Ints) -> Floats:
        """float32: the scores of products that have just arrived."""
        found: Floats = np.exp2(-(now - self.arrived[rows]) / DAY / self.half_life).astype(np.float32)
        return found
