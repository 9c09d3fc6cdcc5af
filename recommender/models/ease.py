"""EASE^R: a linear model of products from products, solved in closed form (Steck 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Floats, Ints, Items
from recommender.models.kept import Kept
from recommender.models.likes import check_recency, everyones_likes, told
from recommender.models.silence import SILENT, spoken

MOST = 18_000
BYTES = 12  # per pair of products while fitting: the inverse in float64 and the result in float32
ROWS = 512  # of the matrix that are worked on at once


@dataclass(frozen=True, slots=True)
class Ease:
    """B = argmin ‖X − X B‖² + regularisation ‖B‖² with a zero diagonal: B_ij = −P_ij / P_jj, i ≠ j, with
    P = (XᵀX + regularisation I)⁻¹.

    X holds 1 for every product that a customer likes on balance. A score is the history times B, weighted
    by event and faded (as in ``ItemKnn``). Products that nobody likes take no part in the inversion.
    most: the largest number of liked products that is tried; memory is 12 bytes × its square, 3.9 GB for
    the default. What it cannot do: products or customers without interactions (``SILENT``).
    """

    regularisation: float = 300.0
    half_life: float = 60.0
    recency: float = 1.0
    most: int = MOST
    name: str = "ease"

    def __post_init__(self) -> None:
        """Raises UsageError for settings that make no model."""
        check_recency(self.recency, "ease")
        if not self.regularisation > 0:
            raise UsageError(f"ease's regularisation is above 0; got {self.regularisation}")

    def fit(self, data: Dataset) -> FittedEase:
        """Solve. Raises UsageError where more than ``most`` products are liked."""
        likes = everyones_likes(data)
        likes.data[:] = 1.0
        rows = np.unique(likes.indices).astype(np.int64)
        refuses(len(rows), self.most)
        table = solve(sparse.csr_array(likes[:, rows]), self.regularisation)
        return FittedEase(data.items.ids, rows, table, self)

    def restored(self, kept: Kept, items: Items) -> FittedEase:
        """The fitted model again, from what it kept over ``items``."""
        rows = np.flatnonzero(kept.per_item["known"]).astype(np.int64)
        table = kept.pairs["table"][rows][:, rows].toarray().astype(np.float32)
        return FittedEase(items.ids, rows, table, self)


def refuses(products: int, most: int) -> None:
    """Raises UsageError, with the bytes that it would take, for more than ``most`` products."""
    if products > most:
        size = BYTES * products**2 / 1e9
        raise UsageError(
            f"ease inverts a matrix of all liked products: {products:,} × {products:,} take {size:,.1f} GB, "
            f"and its setting `most` allows {most:,} products; raise `most` or take rp3beta or item-knn"
        )


def solve(liked: sparse.csr_array, regularisation: float) -> Floats:
    """B, float32 (m, m), of 0/1 likes CSR (customers, m) in which every product is liked."""
    m = liked.shape[1]
    if not m:
        return np.zeros((0, 0), np.float32)
    gram = _gram(liked)
    gram[np.diag_indices(m)] += regularisation
    # The matrix is symmetric and positive definite: Cholesky in place, then the inverse in place, both in
    # the lower triangle of the transposed view, which is what LAPACK's order of columns wants.
    factor, failed = lapack.dpotrf(gram.T, lower=1, overwrite_a=1, clean=0)
    inverse, broken = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed or broken:
        raise UsageError("ease's matrix cannot be inverted; raise its regularisation")
    return _weights(inverse)


def _gram(liked: sparse.csr_array) -> Doubles:
    """XᵀX, float64 (m, m), a block of rows at a time so that it is never held twice."""
    m = liked.shape[1]
    by_product = sparse.csr_array(liked.T.tocsr())
    gram = np.empty((m, m), np.float64)
    for first in range(0, m, ROWS):
        last = min(first + ROWS, m)
        gram[first:last] = (by_product[first:last] @ liked).toarray()
    return gram


def _weights(inverse: NDArray[Any]) -> Floats:
    """B from the lower triangle of P."""
    m = len(inverse)
    scale = -1.0 / np.diag(inverse)
    table = np.empty((m, m), np.float32)
    for first in range(0, m, ROWS):
        last = min(first + ROWS, m)
        own = np.tril(inverse[first:last, first:last])
        own += np.tril(own, -1).T
        np.fill_diagonal(own, 0.0)
        below, left = inverse[last:, first:last], inverse[first:last, :first]
        table[first:last, :first] = left * scale[:first]
        table[first:last, first:last] = own * scale[first:last]
        table[first:last, last:] = below.T * scale[last:]
    return table


@dataclass(frozen=True, slots=True, eq=False)
class FittedEase:
    """ids: n product ids. rows: int64 (m,), the products that are known. table: float32 (m, m), B."""

    ids: tuple[str, ...]
    rows: Ints
    table: Floats
    recipe: Ease
    silence: float = SILENT

    @property
    def name(self) -> str:
        """The recipe's word."""
        return self.recipe.name

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n); ``SILENT`` for products that nobody liked and customers without a known product."""
        n = len(self.ids)
        weights = told(histories, n, self.recipe.half_life, self.recipe.recency)[:, self.rows]
        weights.eliminate_zeros()
        asked = np.flatnonzero(np.diff(weights.indptr))
        block = np.zeros((len(asked), n), np.float32)
        block[:, self.rows] = weights[asked] @ self.table
        return spoken(block, asked, len(histories), self._known())

    def _known(self) -> Bools:
        known = np.zeros(len(self.ids), np.bool_)
        known[self.rows] = True
        return known

    def kept(self) -> Kept:
        """B as a table of all pairs, and which products are known."""
        known, n, m = self._known(), len(self.ids), len(self.rows)
        starts = np.concatenate([[0], np.cumsum(known * m)])
        columns = np.tile(self.rows.astype(np.int32), m)
        table = sparse.csr_array((self.table.ravel(), columns, starts), shape=(n, n))
        return Kept(self.ids, per_item={"known": known}, pairs={"table": table})
