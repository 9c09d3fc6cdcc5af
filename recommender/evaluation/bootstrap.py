"""Uncertainty over customers: percentile bootstrap (Efron 1979), one set of resamples for all models and
metrics.

Customers are the unit: they are drawn with replacement, whole, with all that they chose. As every model is
measured on the same draws, a difference between two models is a paired one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recommender.items import Doubles

RESAMPLES = 2000
LEVEL = 0.95
CELLS = 2_000_000  # draws held at once

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Difference:
    """mean of a - b over customers; interval: 95 %; p_value: two-sided, never 0 (see ``paired``)."""

    mean: float
    interval: Interval
    p_value: float

    def as_json(self) -> dict[str, object]:
        """For reports."""
        return {"difference": self.mean, "interval": list(self.interval), "p_value": self.p_value}


def resampled_means(values: Doubles, seed: int, resamples: int = RESAMPLES) -> Doubles:
    """float64 (resamples, m): the mean of each column in each resample of the rows.

    values: float64 (c, m), one row per customer; NaN where a metric does not exist for a customer, which
    then does not enter that mean. The same (c, seed, resamples) draw the same customers, whatever the values.
    """
    c, m = values.shape
    rng = np.random.default_rng(seed)
    there = np.isfinite(values)
    filled = np.where(there, values, 0.0)
    whole = bool(there.all())
    means = np.full((resamples, m), np.nan)
    size = max(1, CELLS // max(c, 1))
    for start in range(0, resamples, size):
        draws = _draws(rng, c, min(size, resamples - start))
        counts = np.full((len(draws), m), float(c)) if whole else draws @ there.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            means[start : start + len(draws)] = (draws @ filled) / counts
    return means


def _draws(rng: np.random.Generator, c: int, resamples: int) -> Doubles:
    """How often each customer is drawn, (resamples, c)."""
    drawn = rng.integers(c, size=(resamples, c)) + np.arange(resamples)[:, None] * c
    counts: Doubles = np.bincount(drawn.ravel(), minlength=resamples * c).astype(np.float64)
    return counts.reshape(resamples, c)


def intervals(table: Mapping[str, Doubles], seed: int, resamples: int = RESAMPLES) -> dict[str, Interval]:
    """The 95 % interval of every metric's mean; table: metric → one value per customer (c,)."""
    names = list(table)
    if not names or not len(table[names[0]]):
        return {}
    means = resampled_means(np.stack([table[name] for name in names], axis=1), seed, resamples)
    return {name: _interval(means[:, at]) for at, name in enumerate(names)}


def paired(
    ours: Mapping[str, Doubles], theirs: Mapping[str, Doubles], seed: int, resamples: int = RESAMPLES
) -> dict[str, Difference]:
    """The difference of two models on the same customers, metric by metric.

    The p-value is twice the smaller share of resamples on either side of 0, counting the observed sample
    once more (Davison and Hinkley 1997, 4.11), so it is never below 2 / (resamples + 1).
    """
    names = [name for name in ours if name in theirs]
    if not names or not len(ours[names[0]]):
        return {}
    gaps = np.stack([ours[name] - theirs[name] for name in names], axis=1)
    means = resampled_means(gaps, seed, resamples)
    found = {}
    for at, name in enumerate(names):
        below, above = (int((means[:, at] <= 0).sum()), int((means[:, at] >= 0).sum()))
        p_value = min(1.0, 2 * (1 + min(below, above)) / (resamples + 1))
        found[name] = Difference(float(np.nanmean(gaps[:, at])), _interval(means[:, at]), p_value)
    return found


def _interval(means: Doubles) -> Interval:
    usable = means[np.isfinite(means)]
    if not len(usable):
        return (float("nan"), float("nan"))
    low, high = np.quantile(usable, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
