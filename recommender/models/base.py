"""The seam between models and everything that uses them.

A *recipe* is a model with its settings and nothing learnt; ``fit`` gives a *fitted* model. A fitted model
knows products, never customers: whoever has a history can be scored, also one whose first event is a second
old.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats


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
            scores[cold] = self.backing.score(histories, barred)[cold]
        return scores
