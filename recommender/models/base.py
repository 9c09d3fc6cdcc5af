"""The seam between models and everything that uses them.

A *recipe* is a model with its settings and nothing learnt; ``fit`` gives a *fitted* model. A fitted model
knows products, never customers: whoever has a history can be scored, also one whose first event is a second
old.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats, Ints


class Fitted(Protocol):
    """A model that has learnt.

    name: the model's word in tables, reports and reasons.
    silence: the score of a product of which the model has nothing to say; only higher scores make a
    candidate.
    """

    @property
    def name(self) -> str:
        """The model's word."""

    @property
    def silence(self) -> float:
        """The score that means "nothing to say"."""

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n), higher is better, always finite.

        barred: bool (c, n), products that will not be shown (seen, not there yet, filtered out). A model
        whose scores depend on a product's rank leaves them out of its ranking; others need not care. The
        caller drops them.
        """


@runtime_checkable
class Factored(Protocol):
    """A fitted model whose ``score`` is an inner product of two vectors, up to rounding. Its best products
    can be found without all the scores (see ``shortlist``).
    """

    def item_factors(self) -> Floats:
        """float32 (n, d)."""

    def customer_factors(self, histories: Histories) -> tuple[Ints, Floats]:
        """Positions int64 (a,), rising, of the customers of whom the model knows something, and their
        vectors, float32 (a, d). Others are to be scored.
        """


class Folding(ABC):
    """The customers' half of ``Factored`` for a model that makes a customer's vector of their history, and
    whose products have vectors ``with_bias``.
    """

    __slots__ = ()

    @abstractmethod
    def folded(self, histories: Histories) -> tuple[Ints, Floats]:
        """Positions int64 (a,), rising, of who has likes, and their vectors, float32 (a, d)."""

    def customer_factors(self, histories: Histories) -> tuple[Ints, Floats]:
        """See ``Factored``: a 1 stands behind each vector, for the products' bias."""
        asked, vectors = self.folded(histories)
        ones = np.ones((len(vectors), 1), np.float32)
        return asked, np.concatenate([vectors, ones], axis=1).astype(np.float32)


def with_bias(factors: Floats, known: Bools, silence: float, bias: Floats | None = None) -> Floats:
    """float32 (n, d + 1): vectors whose product with a customer's vector and a 1 behind it is the score,
    ``silence`` for products (n,) that are not known. bias: (n,), none where nothing is added.
    """
    last = np.zeros((len(factors), 1), np.float32) if bias is None else bias[:, None]
    table = np.concatenate([factors, last], axis=1).astype(np.float32)
    table[~known] = 0
    table[~known, -1] = silence
    return table


class Recipe(Protocol):
    """A model with its settings, before it has learnt anything. Fitting the same data twice gives the
    same.
    """

    @property
    def name(self) -> str:
        """The model's word."""

    def fit(self, data: Dataset) -> Fitted:
        """Learn from what the dataset knows."""


@dataclass(frozen=True, slots=True)
class Backed:
    """A personal model that asks another one for customers of whom nothing is known.

    So that every row of a table answers for every customer: the fall-back is part of the model and is named
    here.
    """

    personal: Recipe
    backing: Recipe

    @property
    def name(self) -> str:
        """The personal model's word."""
        return self.personal.name

    def fit(self, data: Dataset) -> FittedBacked:
        """Fit both."""
        return FittedBacked(self.personal.fit(data), self.backing.fit(data))


@dataclass(frozen=True, slots=True, eq=False)
class FittedBacked:
    """See ``Backed``."""

    personal: Fitted
    backing: Fitted

    @property
    def name(self) -> str:
        """The personal model's word."""
        return self.personal.name

    @property
    def silence(self) -> float:
        """The personal model's."""
        return self.personal.silence

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """The personal scores; the backing model's for customers who have liked nothing."""
        scores = self.personal.score(histories, barred)
        cold = np.flatnonzero(histories.liked() == 0)
        if len(cold):
            theirs = None if barred is None else barred[cold]
            scores[cold] = self.backing.score(histories.of(cold), theirs)
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class PersonalFactors:
    """The vectors of a backed model: of customers who have liked something, all others are scored."""

    personal: Factored

    def item_factors(self) -> Floats:
        """The personal model's."""
        return self.personal.item_factors()

    def customer_factors(self, histories: Histories) -> tuple[Ints, Floats]:
        """The personal model's, without those whom the backing model answers."""
        asked, vectors = self.personal.customer_factors(histories)
        warm = histories.liked()[asked] > 0
        return asked[warm], vectors[warm]


def factors_of(model: Fitted) -> Factored | None:
    """The model by its vectors; None where it has none."""
    if isinstance(model, FittedBacked):
        inner = factors_of(model.personal)
        return None if inner is None else PersonalFactors(inner)
    return model if isinstance(model, Factored) else None
