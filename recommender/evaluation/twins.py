"""Two evaluations against each other, customer by customer: `vitrine evaluate --compare A.json B.json`.

Only runs that asked the same customers the same questions can be compared; everything else is refused, with
the reason. Of two pooled reports (``--split rolling``) every customer is one pair, with the mean over their
windows. A difference is B minus A, so that B is the new run and A the one it has to beat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UsageError
from recommender.evaluation.power import Power, power_of
from recommender.evaluation.seeds import FEWEST
from recommender.evaluation.sides import Side, read_side, same_customers, same_split
from recommender.evaluation.significance import PairedTest, compared
from recommender.items import Doubles, Ints

PRIMARY = "ndcg@10"
METRICS = (PRIMARY, "recall@10", "map@10", "mrr@10", "hit_rate@10")
HEADER = (
    *("A", "B", "A's", "B's", "difference"),
    *("95 % interval", "p (Holm)", "d_z", "won/tied/lost", "verdict"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A model of A against a model of B (the same one, or the best of each)."""

    first: str
    second: str
    test: PairedTest
    power: Power

    def cells(self) -> tuple[str, ...]:
        """A row of a table under ``HEADER``."""
        test = self.test
        low, high = test.interval
        return (
            self.first,
            self.second,
            f"{test.theirs:.4f}",
            f"{test.ours:.4f}",
            f"{test.difference:+.4f}",
            f"{low:+.4f} – {high:+.4f}",
            f"{test.p_holm:.2g}",
            f"{test.effect:.2f}",
            f"{test.wins}/{test.ties}/{test.losses}",
            test.verdict,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Twins:
    """Two runs compared.

    customers: asked in both. metric: the one that the verdict is by. best: the model with the highest mean of
    it in A and in B. pairs: metric → every model that both have, then the best of each where those are two
    models; Holm corrects over the pairs of one metric. only: models that A alone has, and that B alone has.
    notes: what else differs, in words.
    """

    first: Side
    second: Side
    customers: int
    metric: str
    best: tuple[str, str]
    pairs: Mapping[str, tuple[Pair, ...]]
    only: tuple[tuple[str, ...], tuple[str, ...]]
    notes: tuple[str, ...]

    def rows(self, metric: str | None = None) -> list[tuple[str, ...]]:
        """Rows of a table under ``HEADER``; metric: the primary one if not given."""
        return [pair.cells() for pair in self.pairs[metric or self.metric]]

    def in_words(self) -> list[str]:
        """The finding, what could have been found, and what else differs, a sentence or two each."""
        pairs = self.pairs[self.metric]
        best = next(pair for pair in pairs if (pair.first, pair.second) == self.best)
        told = [f"The best of each run, on {self.customers:,} customers: {best.test.in_words()}."]
        if self.first.windows:
            asked = sum(len(one.values.customer_ids) for one in self.first.windows)
            told.append(
                f"{len(self.first.windows)} windows are pooled, {asked:,} lists a model; each customer "
                "counts once, with the mean over their windows."
            )
        told += [f"{pair.test.in_words()}." for pair in pairs if pair is not best]
        if best.test.verdict == "not told apart":
            told.append(best.power.in_words())
        return told + [f"Note: {note}." for note in self.notes]

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "a": _told(self.first, tuple(self.pairs)),
            "b": _told(self.second, tuple(self.pairs)),
            "split": self.first.split,
            "split_digest": self.first.split_digest,
            "windows": [one.split_digest for one in self.first.windows],
            "customers": self.customers,
            "metric": self.metric,
            "best": {"a": self.best[0], "b": self.best[1]},
            "only_in_a": list(self.only[0]),
            "only_in_b": list(self.only[1]),
            "notes": list(self.notes),
            "tests": {
                metric: [
                    {"a": p.first, "b": p.second, **p.test.as_json(), "power": p.power.as_json()}
                    for p in pairs
                ]
                for metric, pairs in self.pairs.items()
            },
            "words": self.in_words(),
        }


def compare(first: Path, second: Path, metrics: Sequence[str] | None = None, seed: int = 7) -> Twins:
    """Test two evaluations against each other, paired by customer.

    first, second: report.json files, or the folders that hold one. metrics: the first is the one that the
    verdict is by; None: NDCG@10, and recall, MAP, MRR and hit rate at 10 where both have them. Raises
    NotFound where a file is missing, Damaged where one is not what its report says, UsageError where the runs
    were not asked the same or a metric is unknown.
    """
    theirs, ours = read_side("A", first), read_side("B", second)
    same_split(theirs, ours)
    place = same_customers(theirs, ours)
    chosen = _metrics(theirs, ours, metrics)
    best = (_best(theirs, chosen[0]), _best(ours, chosen[0]))
    shared = [name for name in theirs.values.models if name in ours.values.models]
    pairs = [(name, name) for name in shared]
    if best not in pairs:
        pairs.append(best)
    return Twins(
        first=theirs,
        second=ours,
        customers=len(place),
        metric=chosen[0],
        best=best,
        pairs={metric: _compared(theirs, ours, place, pairs, metric, seed) for metric in chosen},
        only=(
            tuple(name for name in theirs.values.models if name not in shared),
            tuple(name for name in ours.values.models if name not in shared),
        ),
        notes=_notes(theirs, ours),
    )


def _compared(
    first: Side, second: Side, place: Ints, pairs: Sequence[tuple[str, str]], metric: str, seed: int
) -> tuple[Pair, ...]:
    """place: int64 (c,), where each customer of A stands in B."""
    values: dict[str, Doubles] = {f"A's {name}": v for name, v in first.values.of_metric(metric).items()}
    values |= {f"B's {name}": v[place] for name, v in second.values.of_metric(metric).items()}
    family = compared(values, [(f"B's {b}", f"A's {a}") for a, b in pairs], metric, seed, "B against A")
    return tuple(Pair(a, b, test, power_of(test)) for (a, b), test in zip(pairs, family.tests, strict=True))


def _metrics(first: Side, second: Side, wanted: Sequence[str] | None) -> list[str]:
    both = [name for name in first.values.metrics if name in second.values.metrics]
    chosen = list(dict.fromkeys([name for name in METRICS if name in both] if wanted is None else wanted))
    unknown = [name for name in chosen if name not in both]
    if unknown or not chosen:
        missing = unknown[0] if unknown else "metric of the usual ones"
        raise UsageError(f"the two runs do not share the {missing}; they share {', '.join(both) or 'none'}")
    return chosen


def _best(side: Side, metric: str) -> str:
    means = {name: v[np.isfinite(v)] for name, v in side.values.of_metric(metric).items()}
    return max(means, key=lambda name: means[name].mean() if len(means[name]) else -np.inf)


def _notes(first: Side, second: Side) -> tuple[str, ...]:
    notes = []
    if first.path.resolve() == second.path.resolve():
        notes.append("A and B are the same file")
    if first.space != second.space:
        notes.append(
            f"the embedders differ ({first.space[:12] or 'none'} in A, {second.space[:12] or 'none'} in B)"
        )
    if first.seed != second.seed:
        notes.append(
            f"the seeds differ ({first.seed} in A, {second.seed} in B): models that draw lots drew others"
        )
    for side in (first, second):
        seeds = Counter(run.model for run in side.values.runs if run.seed is not None)
        few = [name for name, count in seeds.items() if count < FEWEST]
        if few:
            notes.append(f"in {side.label} fewer than {FEWEST} seeds were run of {', '.join(few)}")
    return tuple(notes)


def _told(side: Side, metrics: Sequence[str]) -> dict[str, Any]:
    return {
        "report": str(side.path),
        "seed": side.seed,
        "space": side.space,
        "models": {
            name: {metric: side.values.over_seeds(name, metric)[1].as_json() for metric in metrics}
            for name in side.values.models
        },
    }
