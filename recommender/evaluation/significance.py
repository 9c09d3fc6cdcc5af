"""Whether two models can be told apart on the same customers: a randomisation test, an effect size, and
Holm's correction over all comparisons that were made.

The test flips, for every customer, which of the two models got which value (Fisher 1935): if the models were
alike, either way round would have been as likely. Its claim needs no distribution. Why no Wilcoxon test:
``docs/evaluation-statistics.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from data.errors import UsageError
from recommender.evaluation.bootstrap import CELLS, ROUNDING, Interval, interval, number, resampled_means
from recommender.items import Doubles

FLIPS = 10_000
LEVEL = 0.05
_STREAM = 1  # the flips are drawn apart from the bootstrap's resamples of the same seed

Verdict = Literal["better", "worse", "not told apart"]


@dataclass(frozen=True, slots=True)
class PairedTest:
    """``model`` against ``baseline`` on the customers for whom both have a value of ``metric``.

    customers: how many; missing: those left out, as one of the two has no value for them. ours, theirs: means
    over the customers. difference: ours - theirs, with its 95 % bootstrap interval. p_value: of the sign-flip
    test, two-sided; p_holm: the same after Holm over ``family`` tests. deviation: of the differences per
    customer (n - 1). effect: difference / deviation (d_z, Cohen 1988; 0 where nothing differs, infinite where
    all differences are the same). superiority: share of customers whose value is higher with ``model``, ties
    counting half (McGraw and Wong 1992, paired). wins, ties, losses: customers.
    """

    metric: str
    model: str
    baseline: str
    customers: int
    missing: int
    ours: float
    theirs: float
    difference: float
    interval: Interval
    p_value: float
    p_holm: float
    family: int
    deviation: float
    effect: float
    superiority: float
    wins: int
    ties: int
    losses: int

    @property
    def verdict(self) -> Verdict:
        """By the corrected p-value and ``LEVEL`` alone."""
        if not self.p_holm < LEVEL:
            return "not told apart"
        return "better" if self.difference > 0 else "worse"

    def as_json(self) -> dict[str, Any]:
        """For reports; what does not exist is null."""
        found: dict[str, Any] = {
            name: number(value) if isinstance(value, float) else value for name, value in asdict(self).items()
        }
        return {**found, "interval": [number(end) for end in self.interval], "verdict": self.verdict}

    def in_words(self) -> str:
        """One sentence with everything that bears it."""
        if not self.customers:
            return f"{self.model} and {self.baseline} share no customer with a value of {self.metric}"
        told = {
            "better": "is better than",
            "worse": "is worse than",
            "not told apart": "cannot be told apart from",
        }[self.verdict]
        low, high = self.interval
        after = f" after Holm over {self.family} tests" if self.family > 1 else ""
        return (
            f"{self.model} {told} {self.baseline}: {self.metric} {self.ours:.4f} against {self.theirs:.4f}, "
            f"difference {self.difference:+.4f} [{low:+.4f}, {high:+.4f}] (95 %), "
            f"p = {self.p_holm:.2g}{after}, effect {self.effect:.2f} (d_z), "
            f"{self.wins} customers better served, {self.losses} worse, {self.ties} alike"
        )


@dataclass(frozen=True, slots=True)
class Family:
    """All tests that one question led to, corrected together; about: the question in words."""

    metric: str
    about: str
    tests: tuple[PairedTest, ...]

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "metric": self.metric,
            "about": self.about,
            "level": LEVEL,
            "correction": "holm",
            "tests": [test.as_json() for test in self.tests],
        }


def against_best(values: Mapping[str, Doubles], baselines: Sequence[str], metric: str, seed: int) -> Family:
    """Every model against the baseline with the highest mean of this very test.

    values: model → one value of ``metric`` per customer (c,), NaN where there is none; of a stochastic model
    the mean over its seeds. The choice by the test favours the baseline. Baselines that ``values`` lacks are
    passed over. Raises UsageError where none is left.
    """
    rivals = [name for name in baselines if name in values]
    if not rivals:
        raise UsageError(f"no baseline was evaluated; there are {', '.join(baselines) or 'none'}")
    best = max(rivals, key=lambda name: _order(values[name]))
    return compared(
        values,
        [(name, best) for name in values if name != best],
        metric,
        seed,
        f"every model against {best}, the best baseline of this test",
    )


def all_pairs(values: Mapping[str, Doubles], metric: str, seed: int) -> Family:
    """All pairs of models, the one with the higher mean as ``model``; values as in ``against_best``."""
    names = sorted(values, key=lambda name: -_order(values[name]))
    return compared(values, list(combinations(names, 2)), metric, seed, "all pairs of models")


def compared(
    values: Mapping[str, Doubles], pairs: Sequence[tuple[str, str]], metric: str, seed: int, about: str
) -> Family:
    """A family of (model, baseline) pairs, tested on the same flips and resamples; values as in
    ``against_best``.

    Raises UsageError where models were not measured on equally many customers.
    """
    if len({len(value) for value in values.values()}) > 1:
        raise UsageError("the models were not measured on the same customers; evaluate them in one run")
    if not pairs:
        return Family(metric, about, ())
    gaps = np.stack([values[model] - values[baseline] for model, baseline in pairs], axis=1)
    p_values = sign_flip_p(gaps, seed)
    corrected = holm(p_values)
    means = resampled_means(gaps, seed)
    tests = []
    for at, (model, baseline) in enumerate(pairs):
        there = np.isfinite(gaps[:, at])
        ours, theirs = values[model][there], values[baseline][there]
        tests.append(
            PairedTest(
                metric=metric,
                model=model,
                baseline=baseline,
                customers=int(there.sum()),
                missing=int((~there).sum()),
                ours=_mean(ours),
                theirs=_mean(theirs),
                difference=_mean(gaps[there, at]),
                interval=interval(means[:, at]),
                p_value=float(p_values[at]),
                p_holm=float(corrected[at]),
                family=len(pairs),
                **_sizes(gaps[there, at]),
            )
        )
    return Family(metric, about, tuple(tests))


def sign_flip_p(gaps: Doubles, seed: int, flips: int = FLIPS) -> Doubles:
    """float64 (m,): two-sided p-values of m columns of paired differences (c, m), NaN where there is none.

    p = (1 + flips whose sum is at least as far from 0 as the observed one) / (1 + flips), so it is never 0
    (Phipson and Smyth 2010). All columns are flipped by the same signs; the same (c, seed, flips) give the
    same signs.
    """
    filled = np.where(np.isfinite(gaps), gaps, 0.0)
    total = filled.sum(axis=0)
    least = np.abs(total) - ROUNDING * np.abs(filled).sum(axis=0)
    extreme = np.zeros(filled.shape[1], np.int64)
    for heads in _coins(len(filled), seed, flips):
        extreme += (np.abs(2 * (heads @ filled) - total) >= least).sum(axis=0)
    p_values: Doubles = ((1 + extreme) / (1 + flips)).astype(np.float64)
    return p_values


def _coins(c: int, seed: int, flips: int) -> Iterator[Doubles]:
    """0 or 1 for every customer and flip, in blocks of (r, c) that stay within ``CELLS``."""
    rng = np.random.default_rng((seed, _STREAM))
    size = max(1, CELLS // max(c, 1))
    for start in range(0, flips, size):
        r = min(size, flips - start)
        octets = rng.integers(256, size=(r, (c + 7) // 8), dtype=np.uint8)
        yield np.unpackbits(octets, axis=1, count=c).astype(np.float64)


def holm(p_values: Sequence[float] | Doubles) -> Doubles:
    """float64 (m,): p-values corrected so that the chance of any false alarm among m tests stays below the
    level (Holm 1979). The smallest is multiplied by m, the next by m - 1 and so on, never falling, at most 1.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected


def _sizes(gaps: Doubles) -> dict[str, Any]:
    """How large a difference is, from the differences (c,) that exist."""
    slack = ROUNDING * float(np.abs(gaps).max(initial=0.0))
    wins, losses = int((gaps > slack).sum()), int((gaps < -slack).sum())
    count, mean = len(gaps), _mean(gaps)
    deviation = float(gaps.std(ddof=1)) if count > 1 else float("nan")
    if deviation <= slack:
        deviation = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = float(np.float64(mean) / np.float64(deviation))
    return {
        "deviation": deviation,
        "effect": effect if wins or losses else 0.0,
        "superiority": (wins + (count - wins - losses) / 2) / count if count else float("nan"),
        "wins": wins,
        "ties": count - wins - losses,
        "losses": losses,
    }


def _mean(values: Doubles) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _order(values: Doubles) -> float:
    """The mean of what exists; below everything where nothing does."""
    mean = _mean(values[np.isfinite(values)])
    return mean if mean == mean else -np.inf
