"""Trend: products that look like what sells now, also those that nobody has bought yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.dataset import Dataset
from recommender.items import Floats, Items
from recommender.models.popularity import FittedPopularity, popularity


@dataclass(frozen=True, slots=True)
class Trend:
    """Decayed popularity spread over looks: Σ_j popularity_j × exp((cosine(i, j) - 1) / temperature).

    The sum runs over the ``leaders`` most popular products, and over the product itself never: what it earned
    itself is popularity. Gives new products the standing of what they resemble. Silent on products without photos.
    """

    half_life: float = 30.0
    temperature: float = 0.1
    leaders: int = 500
    name: str = "trend"

    def fit(self, data: Dataset) -> FittedPopularity:
        """Spread the popularity as of ``data.asof``."""
        values = popularity(data, self.half_life)
        values[~data.items.has_vector] = 0.0
        order = np.lexsort((np.arange(len(values)), -values))[: self.leaders]
        leaders = order[values[order] > 0]
        spread = _spread(data.items, leaders, values[leaders].astype(np.float32), self.temperature)
        return FittedPopularity(spread, self.name)


def _spread(items: Items, leaders: np.ndarray[tuple[int], np.dtype[np.int64]], weight: Floats, heat: float) -> Floats:
    if not len(leaders):
        return np.zeros(len(items), np.float32)
    kernels = np.exp((items.vectors @ items.vectors[leaders].T - 1) / np.float32(heat))
    kernels[leaders, np.arange(len(leaders))] = 0.0
    spread: Floats = (kernels @ weight).astype(np.float32)
    spread[~items.has_vector] = 0.0
    return spread
