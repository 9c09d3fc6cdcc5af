"""What each product has earned: counts, popularity at several half-lives, when it was first chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.dataset import Dataset
from recommender.items import Doubles, Ints
from recommender.models.popularity import popularity

HALF_LIVES = (7.0, 30.0, 120.0, float("inf"))
"""Days. What is chosen this week and what always was are different things to know."""


@dataclass(frozen=True, slots=True, eq=False)
class Tallies:
    """counts: int64 (n,), customers who liked each product. earned: float64 (half-lives, n), decayed likes.

    first: float64 (n,), UTC seconds of a product's first like, inf where it has none.
    """

    counts: Ints
    earned: Doubles
    first: Doubles

    @classmethod
    def of(cls, data: Dataset) -> Tallies:
        """Add up what a dataset knows, as of its moment."""
        likes = data.likes()
        first = np.full(len(data.items), np.inf)
        np.minimum.at(first, likes.items, likes.times)
        earned = np.stack([popularity(data, half_life) for half_life in HALF_LIVES])
        return cls(data.item_counts(), earned, first)

    def moved(self, rows: Ints, n: int) -> Tallies:
        """By new row (n,) instead of by old; rows: int64, the new row of each old one, -1 drops it."""
        stay = rows >= 0
        counts, first = np.zeros(n, np.int64), np.full(n, np.inf)
        earned = np.zeros((len(self.earned), n))
        counts[rows[stay]], first[rows[stay]] = self.counts[stay], self.first[stay]
        earned[:, rows[stay]] = self.earned[:, stay]
        return Tallies(counts, earned, first)

    def at(self, half_life: float) -> Doubles:
        """float64 (n,): decayed likes at one of ``HALF_LIVES``."""
        found: Doubles = self.earned[HALF_LIVES.index(half_life)]
        return found
