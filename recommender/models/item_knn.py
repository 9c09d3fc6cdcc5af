"""Item-kNN: products that the same customers liked (Sarwar et al. 2001, with the shrinkage of Bell and
Koren 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats


@dataclass(frozen=True, slots=True)
class ItemKnn:
    """s_ij = x_i·x_j / (‖x_i‖ ‖x_j‖ + shrink), the strongest ``neighbours`` of each product kept.

    x_i holds 1 for every customer who likes product i on balance, divided by the square root of the number of
    products that this customer likes if ``damp``: a customer who likes everything says little about any pair.
    A customer's score of a product is the sum of its similarities to the history, weighted by event and
    faded with ``half_life`` days. What it cannot do: products or customers without interactions (they score
    0).
    """

    shrink: float = 5.0
    neighbours: int = 200
    half_life: float = 60.0
    damp: bool = True
    name: str = "item-knn"

    def fit(self, data: Dataset) -> FittedItemKnn:
        """Count who liked what together."""
        everyone = np.arange(len(data.customers), dtype=np.int64)
        histories = data.histories(everyone, np.full(len(everyone), data.asof))
        liked = histories.wanted(len(data.items))
        liked.data[:] = 1.0
        if self.damp:
            sizes = np.maximum(np.diff(liked.indptr), 1)
            liked.data /= np.sqrt(np.repeat(sizes, np.diff(liked.indptr)))
        return FittedItemKnn(_similarity(liked, self.shrink, self.neighbours), self.half_life, self.name)


def _similarity(liked: sparse.csr_array, shrink: float, neighbours: int) -> sparse.csr_array:
    """CSR (n, n) without diagonal: row i holds the strongest neighbours of product i."""
    together = sparse.csr_array(liked.T @ liked)
    norms = np.sqrt(together.diagonal())
    rows = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
    columns = together.indices
    together.data = together.data / (norms[rows] * norms[columns] + shrink + 1e-12)
    together.data[rows == columns] = 0.0
    together.eliminate_zeros()
    return _strongest(together, neighbours)


def _strongest(matrix: sparse.csr_array, k: int) -> sparse.csr_array:
    """The k largest values of every row; equal ones: the lower column first."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    place = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], np.diff(matrix.indptr))
    keep = np.sort(order[place < k])
    kept = (matrix.data[keep].astype(np.float32), (rows[keep], matrix.indices[keep]))
    return sparse.csr_array(sparse.coo_array(kept, shape=matrix.shape))


@dataclass(frozen=True, slots=True, eq=False)
class FittedItemKnn:
    """similarity: float32 CSR (n, n), zero diagonal."""

    similarity: sparse.csr_array
    half_life: float
    name: str = "item-knn"
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n): weighted similarity to the history; dislikes and returns count against."""
        n = self.similarity.shape[0]
        weights = histories.matrix(histories.faded(self.half_life), n)
        return np.asarray((weights @ self.similarity).toarray(), np.float32)
