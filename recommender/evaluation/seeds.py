"""Models that draw lots: their mean over several seeds for the tests, and the spread between seeds apart.

Customers and seeds are two sources of chance. Intervals and tests are over customers and hold for the mean of
the seeds that were run; how far single runs lie from each other is told beside them, never mixed in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.errors import UsageError
from recommender.evaluation.bootstrap import number
from recommender.items import Doubles

FEWEST = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """One metric of one model over its seeds.

    means: the metric of every seed, in order. mean, low, high, deviation (n - 1) of them; deviation is NaN
    with a single one.
    """

    means: tuple[float, ...]
    mean: float
    low: float
    high: float
    deviation: float

    @property
    def seeds(self) -> int:
        """How many there are."""
        return len(self.means)

    @property
    def enough(self) -> bool:
        """Whether a stochastic model was run often enough to speak of a spread."""
        return self.seeds >= FEWEST

    def as_json(self) -> dict[str, Any]:
        """For reports; what does not exist is null."""
        return {
            "seeds": self.seeds,
            "means": [number(mean) for mean in self.means],
            "mean": number(self.mean),
            "min": number(self.low),
            "max": number(self.high),
            "deviation": number(self.deviation),
        }

    def in_words(self) -> str:
        """The spread, or that none is known."""
        if self.seeds == 1:
            return f"{self.mean:.4f}, one seed only: how much another would have changed is not known"
        return f"{self.mean:.4f} over {self.seeds} seeds, from {self.low:.4f} to {self.high:.4f}"


@dataclass(frozen=True, slots=True, eq=False)
class Averaged:
    """values: metric → mean over seeds, one per customer (c,). spreads: metric → how far the seeds differ."""

    values: Mapping[str, Doubles]
    spreads: Mapping[str, Spread]


def averaged(tables: Sequence[Mapping[str, Doubles]]) -> Averaged:
    """Of a model's runs, one table per seed; a deterministic model has one.

    tables: metric → one value per customer (c,), NaN where there is none. Raises UsageError where runs differ
    in metrics or customers.
    """
    if not tables or any(set(table) != set(tables[0]) for table in tables):
        raise UsageError("the runs of a model's seeds must all have the same metrics, and there must be one")
    values, spreads = {}, {}
    for name in tables[0]:
        values[name], spreads[name] = over_seeds(_stacked(name, tables))
    return Averaged(values, spreads)


def _stacked(name: str, tables: Sequence[Mapping[str, Doubles]]) -> Doubles:
    if len({len(table[name]) for table in tables}) > 1:
        raise UsageError(f"the seeds' values of {name} are not of the same customers")
    return np.stack([table[name] for table in tables])


def over_seeds(values: Doubles) -> tuple[Doubles, Spread]:
    """float64 (c,): each customer's mean over the seeds that have a value for them, and the spread of the
    seeds' own means. values: float64 (s, c), NaN where there is none.
    """
    there = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        mean: Doubles = np.where(there, values, 0.0).sum(axis=0) / there.sum(axis=0)
    return mean, spread([_mean(row) for row in values])


def spread(means: Sequence[float]) -> Spread:
    """Of numbers that exist once per seed (also coverage and Gini, which are no means over customers)."""
    known = np.asarray([mean for mean in means if math.isfinite(mean)], np.float64)
    if not len(known):
        return Spread(tuple(means), math.nan, math.nan, math.nan, math.nan)
    deviation = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    return Spread(tuple(means), float(known.mean()), float(known.min()), float(known.max()), deviation)


def _mean(values: Doubles) -> float:
    usable = values[np.isfinite(values)]
    return float(usable.mean()) if len(usable) else math.nan
