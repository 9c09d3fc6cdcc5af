"""Item-kNN: products that the same customers liked (Sarwar et al. 2001, with the shrinkage of Bell and
Koren 2007).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import sparse

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats, Items
from recommender.models.kept import Kept
from recommender.models.likes import check_neighbours, check_recency, everyones_likes, told
from recommender.models.neighbours import neighbour_table, without_diagonal

Weighting = Literal["none", "tfidf", "bm25"]
Per = Literal["history", "candidate"]
WEIGHTINGS: tuple[Weighting, ...] = ("none", "tfidf", "bm25")
PER: tuple[Per, ...] = ("history", "candidate")
K1, B = 1.2, 0.75  # of BM25 (Robertson et al. 1994), the values of implicit's BM25Recommender


@dataclass(frozen=True, slots=True)
class ItemKnn:
    """s_ij = x_i·x_j / (‖x_i‖ ‖x_j‖ + shrink + epsilon), the strongest ``neighbours`` of each product kept.

    x_i has an entry for every customer who likes product i on balance: with ``weighting`` "none" a 1; with
    "tfidf" and "bm25" products are the documents and customers the terms, so that a customer who likes
    everything says little about any pair (see ``weighted``). ``damp`` divides each entry by the square root
    of the number of products that this customer likes, to the same end.

    per: "history" keeps the neighbours of each product of a history, "candidate" those of each product
    that is scored (as Sarwar et al. do): the same cosines, cut along the other axis.

    A customer's score of a product is the sum of its similarities to the history, weighted by event, faded
    with ``half_life`` days, and multiplied by ``recency``^r for the product that r others were liked after.
    What it cannot do: products or customers without interactions (they score 0).
    """

    shrink: float = 5.0
    neighbours: int = 200
    half_life: float = 60.0
    damp: bool = True
    weighting: Weighting = field(default="none", kw_only=True)
    per: Per = field(default="history", kw_only=True)
    recency: float = field(default=1.0, kw_only=True)
    epsilon: float = field(default=1e-12, kw_only=True)
    name: str = "item-knn"

    def __post_init__(self) -> None:
        """Raises UsageError for settings that make no model."""
        check_neighbours(self.neighbours, "item-knn")
        check_recency(self.recency, "item-knn")
        if self.weighting not in WEIGHTINGS:
            raise UsageError(f"no weighting {self.weighting!r}; there are {', '.join(WEIGHTINGS)}")
        if self.per not in PER:
            raise UsageError(f"neighbours are kept per {' or '.join(PER)}, not per {self.per!r}")

    def fit(self, data: Dataset) -> FittedItemKnn:
        """Count who liked what together."""
        liked = weighted(everyones_likes(data), self.weighting, self.damp)
        table = _similarity(liked, self.shrink + self.epsilon, self.neighbours)
        if self.per == "candidate":
            table = sparse.csr_array(table.T.tocsr())
        return FittedItemKnn(table, self.half_life, self.name, self.recency, data.items.ids)

    def restored(self, kept: Kept, items: Items) -> FittedItemKnn:
        """The fitted model again, from what it kept over ``items``."""
        return FittedItemKnn(kept.pairs["similarity"], self.half_life, self.name, self.recency, items.ids)


def weighted(likes: sparse.csr_array, weighting: Weighting, damp: bool) -> sparse.csr_array:
    """x of ``ItemKnn`` as float64 CSR (customers, n), from the likes' balances w_ui (customers, n).

    none: 1. tfidf: √w_ui × idf_u. bm25: w_ui (K1 + 1) / (K1 (1 − B + B ℓ_i / mean ℓ) + w_ui) × idf_u with
    ℓ_i = Σ_u w_ui. Both with idf_u = ln(n / (1 + products that u likes)), at least 0.
    damp: each entry divided by the square root of the number of products that its customer likes.
    """
    n = likes.shape[1]
    sizes = np.repeat(np.maximum(np.diff(likes.indptr), 1), np.diff(likes.indptr))
    values = np.ones(len(likes.data))
    if weighting != "none":
        values = np.maximum(np.log(n / (1.0 + sizes)), 0.0)
    if weighting == "tfidf":
        values *= np.sqrt(likes.data)
    if weighting == "bm25":
        lengths = np.bincount(likes.indices, likes.data, minlength=n)
        norms = K1 * (1 - B + B * lengths / max(float(lengths.mean()) if n else 0.0, 1e-12))
        values *= likes.data * (K1 + 1) / (norms[likes.indices] + likes.data)
    if damp:
        values /= np.sqrt(sizes)
    return sparse.csr_array((values, likes.indices, likes.indptr), shape=likes.shape)


def _similarity(liked: sparse.csr_array, offset: float, neighbours: int) -> sparse.csr_array:
    """CSR (n, n) without diagonal: row i holds the strongest neighbours of product i."""
    by_product = sparse.csr_array(liked.T.tocsr())
    norms = np.sqrt(np.asarray(liked.power(2).sum(axis=0), np.float64).ravel())

    def block(first: int, last: int) -> sparse.csr_array:
        together = sparse.csr_array(by_product[first:last] @ liked)
        own = np.repeat(norms[first:last], np.diff(together.indptr))
        together.data = together.data / (own * norms[together.indices] + offset)
        return without_diagonal(together, first)

    return neighbour_table(liked.shape[1], neighbours, block)


@dataclass(frozen=True, slots=True, eq=False)
class FittedItemKnn:
    """A table of neighbours of any kind, read through histories.

    similarity: float32 CSR (n, n), zero diagonal; row: product of the history, column: product scored.
    half_life: days; recency: factor per rank (see ``told``). ids: n product ids, needed to keep it.
    """

    similarity: sparse.csr_array
    half_life: float
    name: str = "item-knn"
    recency: float = 1.0
    ids: tuple[str, ...] = ()
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n): weighted similarity to the history; dislikes and returns count against."""
        n = self.similarity.shape[0]
        weights = told(histories, n, self.half_life, self.recency)
        return np.asarray((weights @ self.similarity).toarray(), np.float32)

    def kept(self) -> Kept:
        """The table."""
        return Kept(self.ids, pairs={"similarity": self.similarity})
