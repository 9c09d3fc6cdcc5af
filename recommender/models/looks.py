"""Looks: products that look like what a customer liked, from the photos alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats, Ints, Items
from recommender.models.kept import Kept
from recommender.taste import Mode, Tastes, tastes_of

CELLS = 1_000_000  # similarities held at once
UNSEEN = -2.0  # below any cosine, also after the penalty for dislikes


@dataclass(frozen=True, slots=True)
class Looks:
    """temperature × log Σ_j share_j × exp(cosine(interest_j, product) / temperature), less the dislikes.

    With one interest this is the cosine to the taste; with several it lies between the mean and the maximum
    of the
    cosines: the lower the ``temperature``, the nearer to the closest interest alone. It is the log density
    of a mixture of von Mises-Fisher kernels on the interests. ``dislike`` × the largest positive cosine to
    anything disliked or returned is taken off. What it cannot do: products without photos; customers who
    liked nothing with a photo.
    """

    half_life: float = 120.0
    mode: Mode = "each"
    temperature: float = 0.05
    dislike: float = 0.25
    name: str = "looks"

    def fit(self, data: Dataset) -> FittedLooks:
        """Nothing is learnt from interactions: a product that came a second ago has all that is needed."""
        return FittedLooks(data.items, self)

    def restored(self, kept: Kept, items: Items) -> FittedLooks:
        """The model over ``items``, whose looks are all that it needs."""
        return FittedLooks(items, self)


@dataclass(frozen=True, slots=True, eq=False)
class FittedLooks:
    """items: the catalogue whose looks are compared; recipe: the settings."""

    items: Items
    recipe: Looks
    silence: float = UNSEEN

    @property
    def name(self) -> str:
        """The recipe's word."""
        return self.recipe.name

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n); ``UNSEEN`` where the product or the taste has no looks."""
        return self.compared(histories, self.tastes(histories), None)

    def tastes(self, histories: Histories) -> Tastes:
        """The customers' interests."""
        return tastes_of(histories, self.items, self.recipe.half_life, self.recipe.mode)

    def compared(self, histories: Histories, tastes: Tastes, rows: Ints | None) -> Floats:
        """float32 (c, m): the scores of some products (rows; None: all), tastes being the histories'."""
        vectors = self.items.vectors if rows is None else self.items.vectors[rows]
        seen = self.items.has_vector if rows is None else self.items.has_vector[rows]
        scores = np.full((len(histories), len(vectors)), UNSEEN, np.float32)
        having = np.flatnonzero(np.diff(tastes.starts))
        if len(having):
            scores[having] = self._densities(tastes, vectors)
            self._take_off_dislikes(scores, histories, vectors)
            scores[:, ~seen] = UNSEEN
        return scores

    def _densities(self, tastes: Tastes, vectors: Floats) -> Floats:
        """Rows of the customers who have a taste, in blocks of interests that fit the processor's caches."""
        heat, n = np.float32(self.recipe.temperature), len(vectors)
        firsts = np.append(tastes.starts[:-1][np.diff(tastes.starts) > 0], len(tastes.shares))
        densities = np.empty((len(firsts) - 1, n), np.float32)
        row = 0
        while row < len(densities):
            last = int(np.searchsorted(firsts, firsts[row] + max(CELLS // max(n, 1), 1), side="right")) - 1
            last = min(max(last, row + 1), len(densities))
            block = slice(int(firsts[row]), int(firsts[last]))
            kernels = tastes.centres[block] @ vectors.T
            # Cosines are at most 1, so taking 1 off keeps every exponential within (0, 1].
            kernels -= 1
            kernels /= heat
            np.exp(kernels, out=kernels)
            starts = firsts[row : last + 1] - firsts[row]
            weights = (tastes.shares[block].astype(np.float32), np.arange(block.stop - block.start), starts)
            densities[row:last] = (
                sparse.csr_array(weights, shape=(last - row, block.stop - block.start)) @ kernels
            )
            row = last
        np.maximum(densities, np.float32(1e-37), out=densities)
        np.log(densities, out=densities)
        densities *= heat
        densities += 1
        return np.maximum(densities, np.float32(-1.0), out=densities)

    def _take_off_dislikes(self, scores: Floats, histories: Histories, vectors: Floats) -> None:
        disliked = histories.unwanted(len(self.items), self.recipe.half_life)
        for row in np.flatnonzero(np.diff(disliked.indptr)):
            products = disliked.indices[disliked.indptr[row] : disliked.indptr[row + 1]]
            nearest = (self.items.vectors[products] @ vectors.T).max(axis=0)
            scores[row] -= self.recipe.dislike * np.maximum(nearest, 0)

    def kept(self) -> Kept:
        """Nothing but the products: looks are always those of the catalogue of the day."""
        return Kept(self.items.ids)
