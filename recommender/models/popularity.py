"""Popularity with time decay: what many customers liked lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.dataset import Dataset
from recommender.histories import DAY, Histories
from recommender.items import Bools, Doubles, Floats, Items
from recommender.models.kept import Kept


@dataclass(frozen=True, slots=True)
class Popularity:
    """The sum over a product's likes of weight × 2^(-age / half_life); see ``Dataset.likes``.

    half_life: days; inf counts all likes alike. What it cannot do: tell customers apart, or rank products
    that nobody has liked yet (they stay at 0, in tie order).
    """

    half_life: float = 120.0
    name: str = "popularity"

    def fit(self, data: Dataset) -> FittedPopularity:
        """Add up; ages are counted back from ``data.asof``."""
        values = popularity(data, self.half_life).astype(np.float32)
        return FittedPopularity(values, self.name, data.items.ids)

    def restored(self, kept: Kept, items: Items) -> FittedPopularity:
        """The fitted model again, from what it kept over ``items``."""
        return FittedPopularity(kept.per_item["values"], self.name, items.ids)


def popularity(data: Dataset, half_life: float) -> Doubles:
    """float64 (n,): the decayed likes of every product."""
    likes = data.likes()
    fade = np.exp2(-np.maximum(data.asof - likes.times, 0.0) / DAY / half_life)
    sums: Doubles = np.bincount(likes.items, likes.weights * fade, minlength=len(data.items)).astype(
        np.float64
    )
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class FittedPopularity:
    """values: float32 (n,), one number per product, the same for all customers. ids: n product ids, needed to
    keep it.
    """

    values: Floats
    name: str = "popularity"
    ids: tuple[str, ...] = ()
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """The same row for every customer."""
        return np.repeat(self.values[None, :], len(histories), axis=0)

    def kept(self) -> Kept:
        """The numbers."""
        return Kept(self.ids, per_item={"values": self.values})
