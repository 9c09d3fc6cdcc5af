"""BPR: matrix factorisation by pairs of a liked and another product (Rendle et al. 2009), trained by the
library ``implicit``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Floats, Ints, Items
from recommender.models.als import plain, single_blas
from recommender.models.base import Folding, with_bias
from recommender.models.kept import Kept
from recommender.models.likes import everyones_likes
from recommender.models.silence import SILENT, spoken

RIDGE = 0.01  # of the mean variance of what is regressed on


@dataclass(frozen=True, slots=True)
class Bpr:
    """max Σ ln σ(s_ui − s_uj) − regularisation ‖Θ‖² over likes (u, i) and products j that u does not like,
    with s_ui = b_i + p_u·q_i, by stochastic gradient ascent.

    A history is folded in by a linear map that is fitted after the training: p = A·m, with m = Σ w_i q_i /
    √Σ w_i over the liked products, and A the ridge regression of the trained p_u on the customers' own m
    (closed form). It does not need the customer to have been there. Weights w are 1 in the training; in the
    fold-in those of the events, faded with ``half_life`` days. Dislikes are not used. Trained in one thread:
    more would race and give another model each time. What it cannot do: products nobody liked, customers
    without likes (``SILENT``).
    """

    factors: int = 32
    learning_rate: float = 0.02
    regularisation: float = 0.01
    iterations: int = 100
    half_life: float = float("inf")
    seed: int = 7
    name: str = "bpr"

    def __post_init__(self) -> None:
        """Raises UsageError for settings that make no model."""
        if min(self.factors, self.iterations) < 1:
            raise UsageError("bpr needs at least one factor and one iteration")
        if not self.learning_rate > 0 or self.regularisation < 0:
            raise UsageError("bpr's learning rate is above 0 and its regularisation at least 0")

    def fit(self, data: Dataset) -> FittedBpr:
        """Train, then fit the map from histories to factors. Raises UsageError where training diverges."""
        likes = everyones_likes(data)
        n, width = len(data.items), self.factors
        if not likes.nnz:
            empty = np.zeros((n, width), np.float32)
            return FittedBpr.of(data.items.ids, empty, np.zeros(n, np.float32), np.eye(width), self)
        likes.data[:] = 1.0
        users, products = self._train(likes)
        factors, bias = products[:, :-1].copy(), products[:, -1].copy()
        fold = _fold_map(_middle(likes, factors), users)
        return FittedBpr.of(data.items.ids, factors, bias, fold, self)

    def restored(self, kept: Kept, items: Items) -> FittedBpr:
        """The fitted model again, from what it kept over ``items``."""
        part = kept.per_item
        return FittedBpr.of(items.ids, part["factors"], part["bias"], kept.other["fold"], self)

    def _train(self, likes: sparse.csr_array) -> tuple[Floats, Floats]:
        """float32 (customers with likes, factors) and (n, factors + 1), the bias last."""
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        with single_blas():
            trained: Any = BayesianPersonalizedRanking(
                factors=self.factors,
                learning_rate=self.learning_rate,
                regularization=self.regularisation,
                iterations=self.iterations,
                num_threads=1,
                random_state=self.seed,
            )
            trained.fit(plain(likes), show_progress=False)
        users, products = np.asarray(trained.user_factors), np.asarray(trained.item_factors)
        if not (np.isfinite(users).all() and np.isfinite(products).all()):
            raise UsageError("bpr's training diverged; lower its learning rate")
        return users[:, :-1], products


def _middle(weights: sparse.csr_array, factors: Floats) -> Doubles:
    """float64 (c, factors): m = Σ w_i q_i / √Σ w_i for every customer, zeros without likes."""
    sums = np.asarray(weights.sum(axis=1), np.float64).ravel()
    middle = (weights @ factors.astype(np.float64)) / np.sqrt(np.maximum(sums, 1e-12))[:, None]
    return np.asarray(middle, np.float64)


def _fold_map(middle: Doubles, users: Floats) -> Doubles:
    """A of ``Bpr``, transposed: float64 (factors, factors)."""
    gram = middle.T @ middle
    width = len(gram)
    gram[np.diag_indices(width)] += RIDGE * np.trace(gram) / width + 1e-12
    return np.asarray(np.linalg.solve(gram, middle.T @ users.astype(np.float64)), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class FittedBpr(Folding):
    """ids: n product ids. factors: float32 (n, f), bias: float32 (n,), zeros for products that nobody liked.
    fold: float64 (f, f), see ``Bpr``. known: bool (n,), products that somebody liked.
    """

    ids: tuple[str, ...]
    factors: Floats
    bias: Floats
    fold: Doubles
    known: Bools
    recipe: Bpr
    silence: float = SILENT

    @classmethod
    def of(cls, ids: tuple[str, ...], factors: Floats, bias: Floats, fold: Doubles, recipe: Bpr) -> FittedBpr:
        """From what was learnt."""
        return cls(ids, factors, bias, fold, np.any(factors != 0, axis=1), recipe)

    @property
    def name(self) -> str:
        """The recipe's word."""
        return self.recipe.name

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n): b_i + p·q_i; ``SILENT`` where it has nothing to say."""
        asked, users = self.folded(histories)
        block = users @ self.factors.T
        block += self.bias
        return spoken(block, asked, len(histories), self.known)

    def item_factors(self) -> Floats:
        """See ``Factored``."""
        return with_bias(self.factors, self.known, SILENT, self.bias)

    def folded(self, histories: Histories) -> tuple[Ints, Floats]:
        """Who has likes, int64 (a,), and their factors, float32 (a, f)."""
        likes = histories.wanted(len(self.ids), self.recipe.half_life)
        asked = np.flatnonzero(np.diff(likes.indptr))
        users = _middle(sparse.csr_array(likes[asked]), self.factors) @ self.fold
        return asked, users.astype(np.float32)

    def kept(self) -> Kept:
        """The products' factors and the map from histories to factors."""
        per_item = {"factors": self.factors, "bias": self.bias}
        return Kept(self.ids, per_item=per_item, other={"fold": self.fold})
