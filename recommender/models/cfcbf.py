"""Looks × co-interaction: neighbours by what customers did and by what products look like, in one cosine
(collaborative and content-based features side by side, CFCBF: Mobasher et al. 2003, Deldjoo et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.items import Floats, Items
from recommender.models.item_knn import FittedItemKnn, weighted
from recommender.models.kept import Kept
from recommender.models.likes import check_neighbours, check_recency, everyones_likes
from recommender.models.neighbours import neighbour_table
from recommender.topk import top_k


@dataclass(frozen=True, slots=True)
class LooksKnn:
    """The cosine of rows [x_i ; w f_i]: (x_i·x_j + w² f_i·f_j) / (‖[x_i ; w f_i]‖ ‖[x_j ; w f_j]‖ + shrink).

    x_i is the product's column of likes, 1 per customer, divided by the square root of the number of
    products that the customer likes if ``damp``; f_i its unit vector of looks, or nothing without a photo;
    w the ``looks`` setting. The more customers like a product, the longer x_i and the less looks count: a
    product that nobody liked is placed by its looks alone. Every product keeps its ``neighbours`` nearest
    among all others, those with a cosine above 0, and is scored by what of them is in the history, weighted
    by event and faded (as in ``ItemKnn``). What it cannot do: customers without history; products with
    neither photo nor interaction (they score 0).
    """

    looks: float = 0.3
    shrink: float = 5.0
    neighbours: int = 200
    half_life: float = 60.0
    recency: float = 1.0
    damp: bool = True
    name: str = "looks-knn"

    def __post_init__(self) -> None:
        """Raises UsageError for settings that make no model."""
        check_neighbours(self.neighbours, "looks-knn")
        check_recency(self.recency, "looks-knn")
        if self.looks < 0 or self.shrink < 0:
            raise UsageError("looks-knn's weight of looks and its shrink are at least 0")

    def fit(self, data: Dataset) -> FittedItemKnn:
        """Find every product's neighbours."""
        likes = weighted(everyones_likes(data), "none", self.damp)
        looks = data.items.vectors * np.float32(self.looks)
        rows = _neighbours(likes, looks, self.shrink, self.neighbours)
        table = sparse.csr_array(rows.T.tocsr())
        return FittedItemKnn(table, self.half_life, self.name, self.recency, data.items.ids)

    def restored(self, kept: Kept, items: Items) -> FittedItemKnn:
        """The fitted model again, from what it kept over ``items``; products that came since have no
        neighbours until the next training.
        """
        return FittedItemKnn(kept.pairs["similarity"], self.half_life, self.name, self.recency, items.ids)


def _neighbours(likes: sparse.csr_array, looks: Floats, shrink: float, k: int) -> sparse.csr_array:
    """float32 CSR (n, n): row i holds the k products with the highest cosine to product i."""
    by_product = sparse.csr_array(likes.T.tocsr()).astype(np.float32)
    by_customer = likes.astype(np.float32)
    lengths = np.asarray(likes.power(2).sum(axis=0), np.float64).ravel()
    norms = np.sqrt(lengths + (looks.astype(np.float64) ** 2).sum(axis=1)).astype(np.float32)
    n = len(looks)

    def block(first: int, last: int) -> sparse.csr_array:
        together = looks[first:last] @ looks.T
        together += (by_product[first:last] @ by_customer).toarray()
        together /= norms[first:last, None] * norms + np.float32(shrink + 1e-12)
        together[np.arange(last - first), np.arange(first, last)] = 0
        np.maximum(together, 0, out=together)
        columns = top_k(together, min(k, n))
        values = np.take_along_axis(together, columns, 1)
        starts = np.arange(last - first + 1) * columns.shape[1]
        cells = (values.ravel().astype(np.float64), columns.ravel(), starts)
        return sparse.csr_array(cells, shape=(last - first, n))

    return neighbour_table(n, k, block)
