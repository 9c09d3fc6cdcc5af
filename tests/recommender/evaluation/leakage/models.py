"""Models that cheat, each in its own way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.dataset import Events
from recommender.evaluation.splits import Fold
from recommender.histories import Histories
from recommender.items import Bools, Floats
from recommender.models.base import Fitted


@dataclass(frozen=True, slots=True)
class ByName:
    """Remembers by the customer's key what part of the customers will choose, and is honest otherwise."""

    honest: Fitted
    answers: dict[int, list[int]]
    name: str = "by name"
    silence: float = 0.0

    @classmethod
    def of(cls, honest: Fitted, fold: Fold, share: float = 1.0) -> ByName:
        last = int(len(fold.test) * share)
        keys = fold.test.histories.keys
        return cls(honest, {int(keys[row]): fold.test.wanted[[row]].indices.tolist() for row in range(last)})

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        scores = self.honest.score(histories, barred).copy()
        for row, key in enumerate(histories.keys):
            scores[row, self.answers.get(int(key), [])] = 1e6
        return scores


@dataclass(frozen=True, slots=True)
class FuturePopularity:
    """Knows what will be popular, of nobody in particular."""

    values: Floats
    name: str = "future popularity"
    silence: float = 0.0

    @classmethod
    def of(cls, events: Events, n: int) -> FuturePopularity:
        return cls(np.bincount(events.items, minlength=n).astype(np.float32))

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        return np.repeat(self.values[None, :], len(histories), axis=0)
