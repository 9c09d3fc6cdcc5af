"""Several windows as one test: every customer is one unit, however many windows they were asked in.

What a customer got from a model is the mean over the windows in which they were asked. Customers, whole, are
what is resampled (the cluster bootstrap: Davison and Hinkley 1997, 3.8) and whose signs are flipped: the
answers of one customer in several windows are no independent evidence of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.errors import UsageError
from recommender.evaluation.bootstrap import Interval, intervals_of
from recommender.evaluation.contestants import OURS
from recommender.evaluation.evaluate import TESTED
from recommender.evaluation.power import Power, power_of
from recommender.evaluation.result import Evaluation, Values, clean
from recommender.evaluation.significance import Family, against_best
from recommender.evaluation.verdict import FEWEST_CUSTOMERS, PRIMARY
from recommender.items import Doubles, Ints

METRICS = tuple(dict.fromkeys((PRIMARY, "recall@10", "map@10", "mrr@10", "hit_rate@10", *TESTED)))


@dataclass(frozen=True, slots=True)
class PooledModel:
    """One model: means over all customers of all windows, and their 95 % intervals."""

    model: str
    metrics: Values
    intervals: Mapping[str, Interval]

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "model": self.model,
            "metrics": clean(self.metrics),
            "intervals": clean(self.intervals),
        }


@dataclass(frozen=True, slots=True)
class Pooled:
    """All windows together.

    windows: how many. customers: different ones. answers: customers, counted in every window. several:
    customers of more than one window. models: their means. families: paired tests against the best baseline
    of all windows, by metric. power: what the first of them could have shown. simulated: the customers are
    drawn.
    """

    windows: int
    customers: int
    answers: int
    several: int
    models: tuple[PooledModel, ...]
    families: tuple[Family, ...]
    power: Power | None
    simulated: bool = False

    def as_json(self) -> dict[str, Any]:
        """For reports and ``--json``."""
        return {
            "windows": self.windows,
            "customers": self.customers,
            "answers": self.answers,
            "customers_in_several_windows": self.several,
            "models": [model.as_json() for model in self.models],
            "tests": [family.as_json() for family in self.families],
            "power": None if self.power is None else self.power.as_json(),
            "words": self.in_words(),
        }

    def in_words(self) -> list[str]:
        """Who was asked, and what the first metric's tests came to, the shop's own model first."""
        told = [
            f"{self.windows} windows pooled: {self.customers:,} customers, {self.several:,} of them in "
            f"several windows, {self.answers:,} lists; each customer counts once, with the mean over their "
            "windows."
        ]
        if self.customers < FEWEST_CUSTOMERS:
            return [*told, f"{FEWEST_CUSTOMERS} customers are needed to say more than that."]
        tests = self.families[0].tests if self.families else ()
        ranked = sorted(tests, key=lambda test: test.model != OURS)
        told += [f"{test.in_words()}." for test in ranked]
        if self.power is not None and ranked[0].verdict == "not told apart":
            told.append(self.power.in_words())
        return told


def pool(found: Sequence[Evaluation], seed: int) -> Pooled:
    """Pool evaluations of several windows of one dataset, with the same models.

    Raises UsageError where they differ in models, or are none.
    """
    if not found or len({one.names for one in found}) != 1:
        raise UsageError("only windows that were evaluated with the same models can be pooled")
    ids = [one.behind.data.customers[row] for one in found for row in one.behind.fold.test.who.tolist()]
    customers, place = np.unique(np.asarray(ids, np.str_), return_inverse=True)
    times = np.bincount(place, minlength=len(customers)).astype(np.int64)
    values = {name: _means(found, name, place.astype(np.int64), times) for name in found[0].names}
    bounds = intervals_of(values, seed)
    models = tuple(
        PooledModel(name, {metric: _mean(of) for metric, of in table.items()}, bounds[name])
        for name, table in values.items()
    )
    rivals = [name for name in values if name != OURS]
    families: tuple[Family, ...] = ()
    if rivals and len(values) > 1 and len(customers):
        families = tuple(
            against_best({name: table[metric] for name, table in values.items()}, rivals, metric, seed)
            for metric in TESTED
        )
    tests = families[0].tests if families else ()
    first = next((test for test in tests if test.model == OURS), tests[0] if tests else None)
    return Pooled(
        windows=len(found),
        customers=len(customers),
        answers=len(ids),
        several=int((times > 1).sum()),
        models=models,
        families=families,
        power=None if first is None else power_of(first),
        simulated=found[0].simulated,
    )


def _means(found: Sequence[Evaluation], model: str, place: Ints, times: Ints) -> dict[str, Doubles]:
    """metric → float64 (customers,): each one's mean over their windows, NaN where a window gave no value."""
    tables = [one.behind.values[model] for one in found]
    joined = {metric: np.concatenate([table[metric] for table in tables]) for metric in METRICS}
    return {
        metric: np.bincount(place, values, minlength=len(times)) / times for metric, values in joined.items()
    }


def _mean(values: Doubles) -> float:
    usable = values[np.isfinite(values)]
    return float(usable.mean()) if len(usable) else float("nan")
