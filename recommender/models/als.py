"""Implicit ALS: matrix factorisation of likes with confidences (Hu, Koren and Volinsky 2008), trained by the
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
from recommender.items import Bools, Floats, Ints, Items
from recommender.models.base import Folding, with_bias
from recommender.models.kept import Kept
from recommender.models.likes import everyones_likes
from recommender.models.silence import SILENT, spoken


@dataclass(frozen=True, slots=True)
class Als:
    """min Σ_ui c_ui (p_ui − x_u·y_i)² + regularisation (Σ‖x_u‖² + Σ‖y_i‖²), a score being x_u·y_i.

    p_ui is 1 where u likes i on balance, else 0; c_ui = 1 + alpha × the balance, 1 where there is none. The
    factors of a history are solved exactly from it, with the products' factors as they are (fold-in), so a
    customer need not have been there at the training; their weights fade with ``half_life`` days then.
    Dislikes are not used. What it cannot do: products nobody liked, customers without likes (``SILENT``).
    """

    factors: int = 32
    regularisation: float = 3.0
    alpha: float = 5.0
    iterations: int = 15
    half_life: float = float("inf")
    seed: int = 7
    name: str = "als"

    def __post_init__(self) -> None:
        """Raises UsageError for settings that make no model."""
        if min(self.factors, self.iterations) < 1:
            raise UsageError("als needs at least one factor and one iteration")
        if not self.regularisation > 0 or self.alpha < 0:
            raise UsageError("als's regularisation is above 0 and its alpha at least 0")

    def fit(self, data: Dataset) -> FittedAls:
        """Alternate, on all cores: the answer does not depend on how many there are."""
        likes = everyones_likes(data)
        solver = self._solver(threads=0)
        if likes.nnz:
            with single_blas():
                solver.fit(self._confidences(likes), show_progress=False)
        else:
            solver.item_factors = np.zeros((len(data.items), self.factors), np.float32)
        solver.num_threads = 1  # from here on, for histories: batches of them are scored side by side
        return FittedAls.of(data.items.ids, solver, self)

    def restored(self, kept: Kept, items: Items) -> FittedAls:
        """The fitted model again, from what it kept over ``items``."""
        solver = self._solver(threads=1)
        solver.item_factors = np.ascontiguousarray(kept.per_item["factors"], np.float32)
        return FittedAls.of(items.ids, solver, self)

    def _solver(self, threads: int) -> Any:
        from implicit.cpu.als import AlternatingLeastSquares

        with single_blas():
            return AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularisation,
                iterations=self.iterations,
                num_threads=threads,
                random_state=self.seed,
            )

    def _confidences(self, likes: sparse.csr_array) -> Any:
        table = plain(likes)
        table.data = 1 + np.float32(self.alpha) * table.data
        return table


@dataclass(frozen=True, slots=True, eq=False)
class FittedAls(Folding):
    """ids: n product ids. solver: implicit's model, of which only the products' factors are used.
    known: bool (n,), products that somebody liked.
    """

    ids: tuple[str, ...]
    solver: Any
    known: Bools
    recipe: Als
    silence: float = SILENT

    @classmethod
    def of(cls, ids: tuple[str, ...], solver: Any, recipe: Als) -> FittedAls:
        """From a solver that has factors: those of products that nobody liked are zeros."""
        return cls(ids, solver, np.any(solver.item_factors != 0, axis=1), recipe)

    @property
    def name(self) -> str:
        """The recipe's word."""
        return self.recipe.name

    @property
    def factors(self) -> Floats:
        """float32 (n, factors), zeros for products that nobody liked."""
        return np.asarray(self.solver.item_factors, np.float32)

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n), around 0 to 1; ``SILENT`` where it has nothing to say."""
        asked, users = self.folded(histories)
        return spoken(users @ self.factors.T, asked, len(histories), self.known)

    def item_factors(self) -> Floats:
        """See ``Factored``."""
        return with_bias(self.factors, self.known, SILENT)

    def folded(self, histories: Histories) -> tuple[Ints, Floats]:
        """Who has likes, int64 (a,), and their factors, float32 (a, factors)."""
        likes = histories.wanted(len(self.ids), self.recipe.half_life)
        asked = np.flatnonzero(np.diff(likes.indptr))
        told = self.recipe._confidences(sparse.csr_array(likes[asked]))
        users: Floats = self.solver.recalculate_user(np.arange(len(asked)), told)
        return asked, users

    def kept(self) -> Kept:
        """The products' factors."""
        return Kept(self.ids, per_item={"factors": self.factors})


def plain(table: sparse.csr_array) -> Any:
    """As implicit takes it: a csr_matrix of float32 with int32 positions."""
    parts = (
        table.data.astype(np.float32),
        table.indices.astype(np.int32),
        table.indptr.astype(np.int32),
    )
    return sparse.csr_matrix(parts, shape=table.shape)


def single_blas() -> Any:
    """A context in which BLAS has one thread, as implicit wants it while it trains in threads of its own.

    It is for training only: the limit holds for the whole process, so that two requests which entered and
    left it at the same time could leave it behind.
    """
    import implicit.cpu.als  # noqa: F401  (so that its BLAS is loaded)
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")
