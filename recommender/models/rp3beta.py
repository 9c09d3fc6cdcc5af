"""P3alpha (Cooper et al. 2014) and RP3beta (Paudel et al. 2017): a random walk of three steps from what a
customer likes, with popular products damped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.items import Doubles, Items
from recommender.models.item_knn import FittedItemKnn
from recommender.models.kept import Kept
from recommender.models.likes import check_neighbours, check_recency, everyones_likes
from recommender.models.neighbours import neighbour_table, strongest, without_diagonal


@dataclass(frozen=True, slots=True)
class Rp3beta:
    """W_ij = Σ_u (1/|i|)^alpha × (1/|u|)^alpha over customers u who like i and j, divided by |j|^beta.

    |i|: customers who like product i, |u|: products that u likes; a like is a balance above 0. W_ij with
    alpha 1 and beta 0 is the probability to walk from product i to one of its customers and on to product
    j. Then, as in the published comparisons: the strongest ``neighbours`` of every row are kept, rows are
    brought to a sum of 1 if ``normalise``, and the strongest ``neighbours`` of every column are kept.

    A score is the sum of W over the history, weighted by event and faded (as in ``ItemKnn``). beta 0 is
    P3alpha. What it cannot do: products or customers without interactions (they score 0).
    """

    alpha: float = 1.0
    beta: float = 0.3
    neighbours: int = 200
    normalise: bool = True
    half_life: float = 60.0
    recency: float = 1.0
    name: str = "rp3beta"

    def __post_init__(self) -> None:
        """Raises UsageError for settings that make no model."""
        check_neighbours(self.neighbours, self.name)
        check_recency(self.recency, self.name)
        if self.alpha < 0 or self.beta < 0:
            raise UsageError(f"{self.name}'s alpha and beta are at least 0; got {self.alpha}, {self.beta}")

    def fit(self, data: Dataset) -> FittedItemKnn:
        """Walk from every product."""
        table = _walk(everyones_likes(data), self.alpha, self.beta, self.neighbours)
        if self.normalise:
            sums = np.asarray(table.sum(axis=1), np.float64).ravel()
            inverse = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
            table.data = (table.data * np.repeat(inverse, np.diff(table.indptr))).astype(np.float32)
        columns = strongest(sparse.csr_array(table.T.tocsr()), self.neighbours)
        table = sparse.csr_array(columns.T.tocsr())
        return FittedItemKnn(table, self.half_life, self.name, self.recency, data.items.ids)

    def restored(self, kept: Kept, items: Items) -> FittedItemKnn:
        """The fitted model again, from what it kept over ``items``."""
        return FittedItemKnn(kept.pairs["similarity"], self.half_life, self.name, self.recency, items.ids)


def p3alpha() -> Rp3beta:
    """P3alpha: the walk without damping of popular products."""
    return Rp3beta(beta=0.0, name="p3alpha")


def _walk(likes: sparse.csr_array, alpha: float, beta: float, neighbours: int) -> sparse.csr_array:
    """The strongest of every row of W."""
    customers, n = likes.shape
    per_customer = np.diff(likes.indptr).astype(np.float64)
    per_product = np.bincount(likes.indices, minlength=n).astype(np.float64)
    onwards = _scaled(likes, _power(per_customer, -alpha), _power(per_product, -beta))
    back = _scaled(likes, np.ones(customers), _power(per_product, -alpha))
    by_product = sparse.csr_array(back.T.tocsr())

    def block(first: int, last: int) -> sparse.csr_array:
        return without_diagonal(sparse.csr_array(by_product[first:last] @ onwards), first)

    return neighbour_table(n, neighbours, block)


def _power(degrees: Doubles, exponent: float) -> Doubles:
    """degree^exponent, 0 where there is no degree."""
    powers: Doubles = np.power(np.maximum(degrees, 1.0), exponent) * (degrees > 0)
    return powers


def _scaled(likes: sparse.csr_array, rows: Doubles, columns: Doubles) -> sparse.csr_array:
    """1 for every like, times a factor of its customer and one of its product."""
    values = np.repeat(rows, np.diff(likes.indptr)) * columns[likes.indices]
    return sparse.csr_array((values, likes.indices, likes.indptr), shape=likes.shape)
