"""Trend: products that look like what sells now, also those that nobody has bought yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.dataset import Dataset
from recommender.items import Doubles, Items
from recommender.models.popularity import FittedPopularity, popularity

PART = 4_096
"""Products whose kernels are held at once."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Decayed popularity spread over looks: Σ_j popularity_j × exp((cosine(i, j) - 1) / temperature).

    The sum runs over the ``leaders`` most popular products, and over the product itself never: what it earned
    itself is popularity. Gives new products the standing of what they resemble. Silent on products without
    photos.
    """

    half_life: float = 30.0
    temperature: float = 0.1
    leaders: int = 500
    name: str = "trend"

    def fit(self, data: Dataset) -> FittedPopularity:
        """Spread the popularity as of ``data.asof``."""
        return self.spread(data.items, popularity(data, self.half_life))

    def spread(self, items: Items, popular: Doubles) -> FittedPopularity:
        """From the decayed popularity (n,) of products that may have come after it was counted."""
        values = np.where(items.has_vector, popular, 0.0)
        order = np.lexsort((np.arange(len(values)), -values))[: self.leaders]
        leaders = order[values[order] > 0]
        spread = np.zeros(len(items), np.float32)
        if len(leaders):
            towards, shares = items.vectors[leaders].T, values[leaders].astype(np.float32)
            for first in range(0, len(items), PART):
                kernels = items.vectors[first : first + PART] @ towards
                kernels -= 1
                kernels /= np.float32(self.temperature)
                np.exp(kernels, out=kernels)
                here = np.flatnonzero((leaders >= first) & (leaders < first + PART))
                kernels[leaders[here] - first, here] = 0.0
                spread[first : first + PART] = kernels @ shares
            spread[~items.has_vector] = 0.0
        return FittedPopularity(spread, self.name)
