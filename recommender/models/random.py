"""Random order: what any model must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats, Items
from recommender.models.kept import Kept


@dataclass(frozen=True, slots=True)
class Random:
    """A different order for every customer, the same in every run with the same ``seed``."""

    seed: int = 7
    name: str = "random"

    def fit(self, data: Dataset) -> FittedRandom:
        """Nothing to learn but how many products there are."""
        return FittedRandom(self.seed, data.items.ids, self.name)

    def restored(self, kept: Kept, items: Items) -> FittedRandom:
        """The same order over ``items``."""
        return FittedRandom(self.seed, items.ids, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class FittedRandom:
    """seed: see ``Random``. ids: n product ids."""

    seed: int
    ids: tuple[str, ...]
    name: str = "random"
    silence: float = -1.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """Uniform in [0, 1), from (seed, customer, product) alone, so that batches do not matter."""
        columns = np.arange(1, len(self.ids) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        with np.errstate(over="ignore"):
            mixed = _mix(histories.keys + np.uint64(self.seed))[:, None] ^ columns[None, :]
            drawn = (_mix(mixed) >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
        return np.asarray(drawn, np.float32)

    def kept(self) -> Kept:
        """Nothing but the products."""
        return Kept(self.ids)


def _mix(
    x: np.ndarray[tuple[int, ...], np.dtype[np.uint64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit changes half of the output's."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
