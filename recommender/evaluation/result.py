"""What an evaluation found: values that turn into JSON, and the arrays behind them for the report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recommender.dataset import Dataset
from recommender.evaluation.bootstrap import Difference, Interval
from recommender.evaluation.leakage.finding import Finding
from recommender.evaluation.percustomer import PerCustomer, Run
from recommender.evaluation.power import Power
from recommender.evaluation.ranking import Ranking
from recommender.evaluation.seeds import Spread
from recommender.evaluation.significance import Family, PairedTest
from recommender.evaluation.splits import Fold
from recommender.evaluation.worth import Ablation
from recommender.items import Bools, Doubles
from recommender.tuning import Tuned

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Slice:
    """Metrics over a part: customers who are in it, products they chose there."""

    customers: int
    wanted: int
    metrics: Values
    intervals: Mapping[str, Interval]

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "customers": self.customers,
            "wanted": self.wanted,
            "metrics": clean(self.metrics),
            "intervals": clean(self.intervals),
        }


@dataclass(frozen=True, slots=True)
class ModelResult:
    """One model: means over all customers, their 95 % intervals, and the same for slices.

    spreads: of a stochastic model, how far its seeds lie apart, metric by metric; figures are means over
    seeds.
    """

    model: str
    metrics: Values
    intervals: Mapping[str, Interval]
    slices: Mapping[str, Slice]
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "model": self.model,
            "metrics": clean(self.metrics),
            "intervals": clean(self.intervals),
            "slices": {name: part.as_json() for name, part in self.slices.items()},
            "seeds": {name: one.as_json() for name, one in self.spreads.items()},
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """``model`` against ``baseline`` on the same customers, for all of them and for slices."""

    model: str
    baseline: str
    differences: Mapping[str, Difference]
    slices: Mapping[str, Mapping[str, Difference]]

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "model": self.model,
            "baseline": self.baseline,
            "differences": _differences(self.differences),
            "slices": {name: _differences(part) for name, part in self.slices.items()},
        }


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """The arrays behind the figures, for plots and examples; they do not go into JSON.

    values: model → metric → one value per customer of ``fold.test``, a mean over seeds. rankings: model →
    ranked products, of the first seed. runs: (model, seed) → metric → the same. parts: slice → bool (c,).
    """

    data: Dataset
    fold: Fold
    rankings: Mapping[str, Ranking]
    values: Mapping[str, Mapping[str, Doubles]]
    runs: Mapping[tuple[str, int], Mapping[str, Doubles]]
    parts: Mapping[str, Bools]

    def per_customer(self) -> PerCustomer:
        """What every run was worth to every customer."""
        exam, values = self.fold.test, self.runs
        seeds = {name: sum(1 for one, _ in values if one == name) for name, _ in values}
        return PerCustomer(
            customer_ids=tuple(self.data.customers[row] for row in exam.who.tolist()),
            wanted=exam.wanted_counts,
            history=exam.histories.liked(),
            slices=self.parts,
            runs=tuple(
                Run(name, seed if seeds[name] > 1 else None, table) for (name, seed), table in values.items()
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """One evaluation of several models on one split.

    customers: who were asked. excluded, dropped, unusable: reason → count, of customers, of chosen
    products, and of interactions. headline: the result in a sentence; None where it is withheld, and
    ``withheld`` says why.
    leakage: check → how much it compared; an evaluation with a finding never comes to be. findings: the whole
    audit with its warnings. fold: the split as it is kept; digest: names what was learnt and what was asked.
    contestants: what each model is, cannot do, and how it was tuned. families: paired tests against the best
    baseline, by metric. power: what this test could have shown. candidates: recall before the ranker.
    lift: the ranker's order against the blend's own; None where no trees are kept. ablation: what photos were
    worth. openings: how often this test was opened, where that is counted.
    simulated: the customers are drawn, not real.
    """

    split: str
    seed: int
    customers: int
    interactions: int
    products: int
    described: Mapping[str, object]
    excluded: Mapping[str, int]
    dropped: Mapping[str, int]
    unusable: Mapping[str, int]
    models: tuple[ModelResult, ...]
    comparison: Comparison | None
    headline: str | None
    withheld: str | None
    leakage: Mapping[str, int]
    tuned: Tuned
    space: str
    fold: Mapping[str, Any]
    digest: str
    findings: tuple[Finding, ...]
    contestants: tuple[Mapping[str, Any], ...]
    families: tuple[Family, ...]
    power: Power | None
    candidates: Values
    lift: PairedTest | None
    ablation: Ablation | None
    behind: Behind = field(repr=False)
    openings: int | None = None
    simulated: bool = False

    def as_json(self) -> dict[str, Any]:
        """The whole evaluation as JSON values; the same data, split and seed give the same."""
        return {
            "split": self.split,
            "seed": self.seed,
            "customers": self.customers,
            "interactions": self.interactions,
            "products": self.products,
            "space": self.space,
            "described": dict(self.described),
            "excluded_customers": dict(self.excluded),
            "dropped_choices": dict(self.dropped),
            "unusable_interactions": dict(self.unusable),
            "headline": self.headline,
            "withheld": self.withheld,
            "models": [model.as_json() for model in self.models],
            "comparison": self.comparison.as_json() if self.comparison else None,
            "leakage_checks": dict(self.leakage),
            "audit": [finding.as_json() for finding in self.findings],
            "fold": dict(self.fold),
            "split_digest": self.digest,
            "contestants": [dict(one) for one in self.contestants],
            "tests": [family.as_json() for family in self.families],
            "power": None if self.power is None else self.power.as_json(),
            "candidates": clean(self.candidates),
            "ranker_lift": None if self.lift is None else self.lift.as_json(),
            "ablation": None if self.ablation is None else self.ablation.as_json(),
            "openings": self.openings,
            "simulated": self.simulated,
            "tuning": self.tuned.as_json(),
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The models' words, in the order of the table."""
        return tuple(result.model for result in self.models)

    def model(self, name: str) -> ModelResult:
        """One model's result. Raises KeyError for a model that was not evaluated."""
        return {result.model: result for result in self.models}[name]


def clean(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: a value that does not exist becomes null; intervals become lists."""
    return {name: _clean(value) for name, value in values.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_clean(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _differences(found: Mapping[str, Difference]) -> dict[str, Any]:
    return {name: difference.as_json() for name, difference in found.items()}
