"""The protocol: split, check for leaks, tune on validation, fit again on all before the test, answer it
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recommender.dataset import Dataset
from recommender.evaluation.bootstrap import intervals, paired
from recommender.evaluation.leakage import check
from recommender.evaluation.metrics import accuracy, exposure, intra_list_diversity, novelty
from recommender.evaluation.ranking import Ranking, rank
from recommender.evaluation.result import Behind, Comparison, Evaluation, ModelResult
from recommender.evaluation.slices import measure, parts, values_in
from recommender.evaluation.splits import Fold, split
from recommender.evaluation.verdict import PRIMARY, headline, reason_to_withhold
from recommender.items import Doubles
from recommender.settings import BASELINES, MODELS
from recommender.source import LiveCatalogue, load_dataset
from recommender.tuning import Tell, Tuned, silent, tune

if TYPE_CHECKING:
    from data.shop import Shop

OURS = "vitrine"


def evaluate(
    shop: Shop,
    index: LiveCatalogue,
    split: str = "time",
    models: Sequence[str] | None = None,
    seed: int = 7,
    progress: Tell | None = None,
) -> Evaluation:
    """Evaluate models on a shop's interactions; see ``evaluate_dataset``."""
    index.refresh()
    return evaluate_dataset(load_dataset(shop, index), split, models, seed, progress)


def evaluate_dataset(
    data: Dataset,
    split_name: str = "time",
    models: Sequence[str] | None = None,
    seed: int = 7,
    progress: Tell | None = None,
) -> Evaluation:
    """Evaluate models (names of ``recommender.settings.MODELS``, None: all) on one split.

    seed: of the random model and of the bootstrap. Raises UsageError for an unknown model or split,
    NotReady where the interactions cannot be split, LeakageFound where the test could be learnt.
    """
    say = progress or silent
    names = list(dict.fromkeys(models or MODELS))
    fold = split(data, split_name)
    looked = check(fold)
    tuned = tune(fold.lessons, say, seed)
    for name in names:
        tuned.settings.model(name)  # an unknown name fails before the long work
    runs = []
    for name in names:
        say(f"testing {name}")
        runs.append(_run(name, tuned, fold, seed))
    comparison = _compare(runs, fold, seed)
    withheld = reason_to_withhold(len(data.events), len(fold.test))
    return Evaluation(
        split=split_name,
        seed=seed,
        customers=len(fold.test),
        interactions=len(data.events),
        products=len(data.items),
        described=fold.described,
        excluded=fold.test.excluded,
        dropped=fold.test.dropped,
        unusable={reason: count for reason, count in data.unusable.items() if count},
        models=tuple(run.result for run in runs),
        comparison=comparison,
        headline=None if withheld else headline([run.result for run in runs], comparison, len(fold.test)),
        withheld=withheld,
        leakage=looked,
        tuned=tuned,
        space=data.items.space,
        behind=Behind(
            data=data,
            fold=fold,
            rankings={run.result.model: run.ranking for run in runs},
            values={run.result.model: run.values for run in runs},
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    result: ModelResult
    ranking: Ranking
    values: dict[str, Doubles]


def _run(name: str, tuned: Tuned, fold: Fold, seed: int) -> _Run:
    """Fit one model on everything before the test and answer the test once."""
    fitted = tuned.settings.model(name, seed).fit(fold.fit)
    exam = fold.test
    ranking = rank(fitted, exam)
    counts = fold.fit.item_counts()
    shown = {
        **novelty(ranking.top, counts, len(np.unique(fold.fit.events.customers))),
        **intra_list_diversity(ranking.top, exam.items.vectors, exam.items.has_vector),
    }
    values = {**accuracy(ranking.hits, exam.wanted_counts), **shown}
    means = {metric: _mean(value) for metric, value in values.items()}
    slices = {
        part_name: measure(part, exam, values_in(part, exam, ranking), seed)
        for part_name, part in parts(exam, counts).items()
    }
    result = ModelResult(
        model=name,
        metrics={**means, **exposure(ranking.top, len(exam.items))},
        intervals=intervals(values, seed),
        slices=slices,
    )
    return _Run(result, ranking, values)


def _mean(values: Doubles) -> float:
    usable = values[np.isfinite(values)]
    return float(usable.mean()) if len(usable) else float("nan")


def _compare(runs: Sequence[_Run], fold: Fold, seed: int) -> Comparison | None:
    """The blend against the baseline that is best in this very test: the choice favours the baseline."""
    ours = next((run for run in runs if run.result.model == OURS), None)
    theirs = [run for run in runs if run.result.model in BASELINES]
    if ours is None or not theirs or not len(fold.test):
        return None
    best = max(theirs, key=lambda run: run.result.metrics[PRIMARY])
    exam = fold.test
    slices = {
        name: paired(values_in(part, exam, ours.ranking), values_in(part, exam, best.ranking), seed)
        for name, part in parts(exam, fold.fit.item_counts()).items()
        if part.customers.any()
    }
    differences = paired(
        accuracy(ours.ranking.hits, exam.wanted_counts), accuracy(best.ranking.hits, exam.wanted_counts), seed
    )
    return Comparison(OURS, best.result.model, differences, slices)
