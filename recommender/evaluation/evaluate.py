"""The protocol: split, audit, tune on validation, fit again on all before the test, answer it once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.evaluation.ablation import ablate
from recommender.evaluation.bootstrap import intervals_of, paired
from recommender.evaluation.contestants import OURS, Contestant, contestants, names_of
from recommender.evaluation.leakage import (
    EmbedderTraining,
    Evidence,
    Finding,
    LearntFrom,
    audit,
    audit_models,
    void,
)
from recommender.evaluation.lift import lift_of
from recommender.evaluation.metrics import Backdrop, accuracy, auc_of, exposure
from recommender.evaluation.power import Power, power_of
from recommender.evaluation.ranking import Ranking, rank
from recommender.evaluation.result import Behind, Comparison, Evaluation, ModelResult, Slice
from recommender.evaluation.seeds import Averaged, Spread, averaged, spread
from recommender.evaluation.significance import Family, against_best
from recommender.evaluation.slices import Part, finer_parts, parts, values_in, wanted_in
from recommender.evaluation.splits import Fold, split
from recommender.evaluation.verdict import PRIMARY, headline, reason_to_withhold
from recommender.evaluation.worth import Ablation
from recommender.items import Doubles
from recommender.models.base import Fitted
from recommender.search import Search
from recommender.source import LiveCatalogue, load_dataset
from recommender.stopwatch import stage, stage_told
from recommender.tuning import Tell, Tuned, silent, tune

if TYPE_CHECKING:
    from data.shop import Shop

SEEDS = 3
TESTED = (PRIMARY, "recall@12", "map@12")
COLD = "ndcg@50"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated. split: one of ``splits.SPLITS``. models: names, None: the quick ones.

    seed: of everything random. seeds: runs of every stochastic model. search: tries per model, None: the
    usual ones. repeat: products that a customer has met can be asked for again. ablate: whether the models
    that look are also run with photos shuffled among products and without any.
    """

    split: str = "time"
    models: tuple[str, ...] | None = None
    seed: int = 7
    seeds: int = SEEDS
    search: int | None = None
    repeat: bool = False
    ablate: bool = False

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise UsageError(f"a stochastic model is run at least once, not {self.seeds} times")
        if self.search is not None and self.search < 1:
            raise UsageError(f"a search makes at least one try, not {self.search}")
        names_of(self.models)


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
    """Evaluate models (names of ``recommender.models.kinds``, None: the quick ones) on one split."""
    plan = Plan(split_name, tuple(models) if models else None, seed)
    return carry_out(plan, data, split(data, plan.split, plan.repeat), progress)


def carry_out(
    plan: Plan,
    data: Dataset,
    fold: Fold,
    progress: Tell | None = None,
    embedder: EmbedderTraining | None = None,
) -> Evaluation:
    """Evaluate as planned on one fold of a dataset. embedder: how the looks came to be; None: not known.

    Raises UsageError for an unknown model, NotReady where the interactions cannot be split, LeakageFound
    where the test could be learnt: then there is no result.
    """
    say = progress or silent
    names = names_of(plan.models)
    with stage("audit"):
        findings = list(audit(fold, _evidence(fold, embedder)))
        void(findings)
    search = None if plan.search is None else Search(plan.search, plan.seed)
    seeds = [plan.seed + turn for turn in range(plan.seeds)]
    with stage_told("tune", say) as told:
        tuned = tune(fold.lessons, told, plan.seed, search)
        entered = contestants(names, tuned, fold.lessons, seeds, search, told)
    with stage("slices, popular lists"):
        bench = _Bench.of(fold)
    runs: dict[str, list[_Run]] = {}
    fitted: dict[str, Fitted] = {}
    for contestant in entered:
        say(f"testing {contestant.name}")
        with stage("fit", contestant.name, len(contestant.recipes), "fits"):
            models = {seed: recipe.fit(fold.fit) for seed, recipe in contestant.recipes.items()}
        runs[contestant.name] = [_answer(bench, model, seed) for seed, model in models.items()]
        fitted[contestant.name] = next(iter(models.values()))
    say("auditing the models")
    with stage("audit", "the models"):
        findings += audit_models(fold, fitted, plan.seed)
        void(findings)
    ablation = None
    if plan.ablate:
        with stage("ablate photos"):
            ablation = ablate(fold, [name for name in ("looks", OURS) if name in names], plan.seed, say)
    say("resampling")
    with stage("resample and test"):
        return _told(plan, data, bench, tuned, entered, runs, fitted, findings, ablation)


def _evidence(fold: Fold, embedder: EmbedderTraining | None) -> Evidence:
    """The windows whose choices the ranker's trees are taught by, what its features are made from, and what
    the embedder learnt from.
    """
    return Evidence(
        learnt=tuple(
            LearntFrom.of(
                f"the ranker's lesson {number}",
                lesson.known,
                lesson.known.item_counts(),
                (float(lesson.exam.histories.now.min()), fold.until or np.inf),
            )
            for number, lesson in enumerate(fold.lessons, 1)
            if len(lesson.exam) and fold.until is not None
        ),
        embedder=embedder,
        looks=fold.test.items,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Bench:
    """What all models of a fold are measured against."""

    fold: Fold
    backdrop: Backdrop
    parts: Mapping[str, Part]

    @classmethod
    def of(cls, fold: Fold) -> _Bench:
        counts = fold.fit.item_counts()
        slices = {**parts(fold.test, counts), **finer_parts(fold.test, counts)}
        return cls(fold, Backdrop.of(fold.fit, fold.test), slices)


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One model with one seed: its lists, and every metric per customer (c,)."""

    seed: int
    ranking: Ranking
    values: dict[str, Doubles]


def _answer(bench: _Bench, model: Fitted, seed: int) -> _Run:
    exam = bench.fold.test
    with stage("rank", model.name, len(exam), "customers"):
        ranking = rank(model, exam, measure=auc_of)
    with stage("metrics", model.name, len(exam), "customers"):
        values = {
            **accuracy(ranking.hits, exam.wanted_counts),
            "auc": ranking.measured if ranking.measured is not None else np.full(len(exam), np.nan),
            **bench.backdrop.values(ranking.top, ranking.hits),
        }
    return _Run(seed, ranking, values)


def _told(
    plan: Plan,
    data: Dataset,
    bench: _Bench,
    tuned: Tuned,
    entered: Sequence[Contestant],
    runs: Mapping[str, Sequence[_Run]],
    fitted: Mapping[str, Fitted],
    findings: Sequence[Finding],
    ablation: Ablation | None,
) -> Evaluation:
    fold, exam = bench.fold, bench.fold.test
    means = {name: averaged([run.values for run in of_model]) for name, of_model in runs.items()}
    bounds = intervals_of({name: found.values for name, found in means.items()}, plan.seed)
    slices = _slices(bench, runs, plan.seed)
    results = tuple(
        _result(c, means[c.name], bounds[c.name], slices[c.name], runs[c.name], len(exam.items))
        for c in entered
    )
    comparison = _compare(results, means, runs, bench, plan.seed)
    families = _families(means, results, plan.seed) if len(exam) else ()
    families += _cold(runs, bench, plan.seed)
    ranked = means[OURS].values[PRIMARY] if OURS in means else None
    lift = lift_of(fitted.get(OURS), exam, ranked, plan.seed)
    withheld = reason_to_withhold(len(data.events), len(exam))
    if not fold.conclusive:
        withheld = f"the split {fold.split} exists to compare with published tables only"
    return Evaluation(
        split=fold.split,
        seed=plan.seed,
        customers=len(exam),
        interactions=len(data.events),
        products=len(data.items),
        described=fold.described,
        excluded=exam.excluded,
        dropped=exam.dropped,
        unusable={reason: count for reason, count in data.unusable.items() if count},
        models=results,
        comparison=comparison,
        headline=None if withheld else headline(results, comparison, len(exam), families),
        withheld=withheld,
        leakage={finding.name: finding.compared for finding in findings if finding.status == "passed"},
        tuned=tuned,
        space=data.items.space,
        fold=fold.as_json(),
        digest=fold.digest,
        findings=tuple(findings),
        contestants=tuple(c.as_json() for c in entered),
        families=families,
        power=_power(families),
        candidates=lift.candidates,
        lift=lift.test,
        ablation=ablation,
        behind=Behind(
            data=data,
            fold=fold,
            rankings={name: of_model[0].ranking for name, of_model in runs.items()},
            values={name: found.values for name, found in means.items()},
            runs={(name, run.seed): run.values for name, of_model in runs.items() for run in of_model},
            parts={name: part.customers for name, part in bench.parts.items()},
        ),
    )


def _result(
    contestant: Contestant,
    found: Averaged,
    bounds: Mapping[str, tuple[float, float]],
    slices: Mapping[str, Slice],
    runs: Sequence[_Run],
    products: int,
) -> ModelResult:
    shown = [exposure(run.ranking.top, products) for run in runs]
    of_lists = {name: spread([one[name] for one in shown]) for name in shown[0]}
    spreads: dict[str, Spread] = {**found.spreads, **of_lists} if contestant.stochastic else {}
    return ModelResult(
        model=contestant.name,
        metrics={
            **{metric: _mean(values) for metric, values in found.values.items()},
            **{name: one.mean for name, one in of_lists.items()},
        },
        intervals=bounds,
        slices=slices,
        spreads=spreads,
    )


def _slices(bench: _Bench, runs: Mapping[str, Sequence[_Run]], seed: int) -> dict[str, dict[str, Slice]]:
    """model → slice → what it came to; the customers of a slice are drawn once for all models."""
    exam = bench.fold.test
    found: dict[str, dict[str, Slice]] = {name: {} for name in runs}
    for part_name, part in bench.parts.items():
        tables = {
            name: averaged([values_in(part, exam, run.ranking) for run in of_model]).values
            for name, of_model in runs.items()
        }
        bounds = intervals_of(tables, seed)
        count = int(part.customers.sum())
        wanted = int(wanted_in(part, exam)[part.customers].sum())
        for name, table in tables.items():
            metrics = {metric: float(v.mean()) for metric, v in table.items()} if count else {}
            found[name][part_name] = Slice(count, wanted, metrics, bounds[name])
    return found


def _mean(values: Doubles) -> float:
    usable = values[np.isfinite(values)]
    return float(usable.mean()) if len(usable) else float("nan")


def _baselines(names: Sequence[str]) -> list[str]:
    return [name for name in names if name != OURS]


def _families(means: Mapping[str, Averaged], results: Sequence[ModelResult], seed: int) -> tuple[Family, ...]:
    """Every model against the best baseline of this test, a family per metric."""
    rivals = _baselines([result.model for result in results])
    if not rivals or len(results) < 2:
        return ()
    return tuple(
        against_best({name: found.values[metric] for name, found in means.items()}, rivals, metric, seed)
        for metric in TESTED
    )


def _cold(runs: Mapping[str, Sequence[_Run]], bench: _Bench, seed: int) -> tuple[Family, ...]:
    """The same over choices of cold products alone, at the depth where a few can be found."""
    part = bench.parts["cold_items"]
    rivals = _baselines(list(runs))
    if not rivals or len(runs) < 2 or not part.customers.any():
        return ()
    exam, metric = bench.fold.test, COLD
    values = {
        name: averaged([values_in(part, exam, run.ranking) for run in of_model]).values[metric]
        for name, of_model in runs.items()
    }
    return (against_best(values, rivals, f"{metric} (cold products)", seed),)


def _power(families: Sequence[Family]) -> Power | None:
    """What this test could have shown for our model, or for the first that was tested."""
    tests = families[0].tests if families else ()
    ours = next((test for test in tests if test.model == OURS), tests[0] if tests else None)
    return None if ours is None else power_of(ours)


def _compare(
    results: Sequence[ModelResult],
    means: Mapping[str, Averaged],
    runs: Mapping[str, Sequence[_Run]],
    bench: _Bench,
    seed: int,
) -> Comparison | None:
    """The blend against the baseline that is best in this very test: the choice favours the baseline."""
    theirs = [result for result in results if result.model in _baselines(list(runs))]
    exam = bench.fold.test
    if OURS not in runs or not theirs or not len(exam):
        return None
    best = max(theirs, key=lambda result: result.metrics[PRIMARY]).model

    def in_part(name: str, part: Part) -> Mapping[str, Doubles]:
        return averaged([values_in(part, exam, run.ranking) for run in runs[name]]).values

    slices = {
        name: paired(in_part(OURS, part), in_part(best, part), seed)
        for name, part in parts(exam, bench.backdrop.counts).items()
        if part.customers.any()
    }
    names = accuracy(runs[OURS][0].ranking.hits, exam.wanted_counts)
    ours, others = means[OURS].values, means[best].values
    differences = paired({n: ours[n] for n in names}, {n: others[n] for n in names}, seed)
    return Comparison(OURS, best, differences, slices)
