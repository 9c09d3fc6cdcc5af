"""Category: what is popular in the categories that a customer likes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Floats, Ints, Items
from recommender.models.kept import Kept
from recommender.models.popularity import popularity

FLOOR = 0.05


@dataclass(frozen=True, slots=True)
class Category:
    """A category's share of the customer's likes × (decayed popularity + ``FLOOR`` × its mean).

    half_life: days, of the popularity; the likes do not fade. The floor lets products that nobody has
    chosen yet follow those that were, in the categories that matter. What it cannot do: products without a
    category.
    """

    half_life: float = 120.0
    name: str = "category"

    def fit(self, data: Dataset) -> FittedCategory:
        """Count popularity as of ``data.asof``."""
        return self.over(data.items, popularity(data, self.half_life))

    def restored(self, kept: Kept, items: Items) -> FittedCategory:
        """As it was fitted, on the products of the day."""
        return self.over(items, kept.over(items).per_item["popular"])

    def over(self, items: Items, popular: Doubles) -> FittedCategory:
        """From the popularity (n,) of products that may have come after it was counted."""
        floor = FLOOR * float(popular.mean()) if len(popular) else 0.0
        values = np.where(items.categories >= 0, popular + max(floor, 1e-6), 0.0)
        return FittedCategory(
            values.astype(np.float32),
            items.categories,
            len(items.category_names),
            self.name,
            kept_as=Kept(items.ids, {"popular": popular}),
        )


@dataclass(frozen=True, slots=True, eq=False)
class FittedCategory:
    """values: float32 (n,), standing within the category; categories: int64 (n,), -1 where there is none."""

    values: Floats
    categories: Ints
    count: int
    name: str = "category"
    silence: float = 0.0
    kept_as: Kept | None = None

    def kept(self) -> Kept:
        """The popularity of every product."""
        if self.kept_as is None:
            raise UsageError("this category model was not made from popularity, so nothing can be kept of it")
        return self.kept_as

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n); 0 for customers who have liked nothing that has a category."""
        scores = np.zeros((len(histories), len(self.values)), np.float32)
        if not self.count:
            return scores
        for row, own in enumerate(self.shares(histories)):
            # Products without a category have the value 0, whatever share their -1 finds at the end.
            np.multiply(own[self.categories], self.values, out=scores[row], casting="same_kind")
        return scores

    def shares(self, histories: Histories) -> Doubles:
        """float64 (c, categories): of each customer's likes; all 0 where none of them has a category."""
        liked = histories.wanted(len(self.values))
        c, kinds = liked.shape[0], self.categories[liked.indices]
        places = np.repeat(np.arange(c), np.diff(liked.indptr)) * self.count + kinds
        likes = np.bincount(places[kinds >= 0], liked.data[kinds >= 0], minlength=c * self.count)
        likes = likes.reshape(c, self.count)
        found: Doubles = likes / np.maximum(likes.sum(axis=1, keepdims=True), 1e-12)
        return found
