"""Uncertainty over customers: percentile bootstrap (Efron 1979), one set of resamples for all models and
metrics.

Customers are the unit: they are drawn with replacement, whole, with all that they chose. As every model is
measured on the same draws, a difference between two models is a paired one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from recommender.items import Doubles

RESAMPLES = 10_000
LEVEL = 0.95
CELLS = 2**20  # draws held at once: 8 MiB, so that memory does not grow with the customers
ROUNDING = 1e-12  # of the largest value: a resampled mean this close to 0 is 0

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Difference:
    """mean of a - b over customers; interval: 95 %; p_value: two-sided, never 0 (see ``paired``)."""

    mean: float
    interval: Interval
    p_value: float

    def as_json(self) -> dict[str, object]:
        """For reports; what does not exist is null."""
        return {
            "difference": number(self.mean),
            "interval": [number(end) for end in self.interval],
            "p_value": self.p_value,
        }


def resampled_sums(values: Doubles, seed: int, resamples: int = RESAMPLES) -> Doubles:
    """float64 (resamples, m): the sum of each column over each resample of the rows.

    values: float64 (c, m), finite, one row per customer. How often each customer is drawn is multinomial, c
    draws of c; a block of such counts is multiplied with the values, so that the draws are made once for all
    columns. The same (c, seed, resamples) draw the same customers, whatever the values.
    """
    c, m = values.shape
    sums = np.zeros((resamples, m))
    if not c or not m:
        return sums
    start = 0
    for counts in _draws(c, seed, resamples):
        sums[start : start + len(counts)] = counts @ values
        start += len(counts)
    return sums


def resampled_means(values: Doubles, seed: int, resamples: int = RESAMPLES) -> Doubles:
    """float64 (resamples, m): the mean of each column in each resample of the rows.

    values: float64 (c, m), one row per customer; NaN where a metric does not exist for a customer, which
    then does not enter that mean. NaN where a resample holds no customer with a value. Draws as
    ``resampled_sums``.
    """
    c, m = values.shape
    there = np.isfinite(values)
    gappy = np.flatnonzero(~there.all(axis=0))
    summed = np.concatenate([np.where(there, values, 0.0), there[:, gappy].astype(np.float64)], axis=1)
    sums = resampled_sums(summed, seed, resamples)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Doubles = sums[:, :m] / float(c)
        means[:, gappy] = sums[:, gappy] / sums[:, m:]
    return means


def _draws(c: int, seed: int, resamples: int) -> Iterator[Doubles]:
    """How often each customer is drawn, in blocks of (r, c) that stay within ``CELLS``."""
    rng = np.random.default_rng(seed)
    size = max(1, CELLS // c)
    for start in range(0, resamples, size):
        r = min(size, resamples - start)
        drawn = rng.integers(c, size=(r, c))
        drawn += np.arange(r)[:, None] * c
        yield np.bincount(drawn.ravel(), minlength=r * c).astype(np.float64).reshape(r, c)


def intervals(table: Mapping[str, Doubles], seed: int, resamples: int = RESAMPLES) -> dict[str, Interval]:
    """The 95 % interval of every metric's mean; table: metric → one value per customer (c,)."""
    return intervals_of({"": table}, seed, resamples).get("", {})


def intervals_of(
    tables: Mapping[str, Mapping[str, Doubles]], seed: int, resamples: int = RESAMPLES
) -> dict[str, dict[str, Interval]]:
    """The same for several tables of the same customers (models, seeds), which are drawn once for all.

    tables: name → metric → one value per customer (c,). With ten models this takes little longer than with
    one. Tables without metrics or customers get no intervals.
    """
    keys = [(name, metric) for name, table in tables.items() for metric in table if len(table[metric])]
    found: dict[str, dict[str, Interval]] = {name: {} for name in tables}
    if keys:
        columns = np.stack([tables[name][metric] for name, metric in keys], axis=1)
        means = resampled_means(columns, seed, resamples)
        for at, (name, metric) in enumerate(keys):
            found[name][metric] = interval(means[:, at])
    return found


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
        gap = gaps[np.isfinite(gaps[:, at]), at]
        slack = ROUNDING * float(np.abs(gap).max(initial=0.0))
        below, above = int((means[:, at] <= slack).sum()), int((means[:, at] >= -slack).sum())
        p_value = min(1.0, 2 * (1 + min(below, above)) / (resamples + 1)) if len(gap) else 1.0
        found[name] = Difference(float(gap.mean()) if len(gap) else math.nan, interval(means[:, at]), p_value)
    return found


def interval(means: Doubles) -> Interval:
    """The 2.5 % and 97.5 % quantiles of resampled means (resamples,), of those that exist."""
    usable = means[np.isfinite(means)]
    if not len(usable):
        return (math.nan, math.nan)
    low, high = np.quantile(usable, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def number(value: float) -> float | None:
    """A number as JSON has it: what is not finite is null."""
    return float(value) if math.isfinite(value) else None
