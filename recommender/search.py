"""Tuning any model of the table on validation windows, every one with the same number of tries (Optuna).

A baseline that was tuned less than its rival is no baseline (Ferrari Dacrema et al. 2019). The first try is
always the model's usual settings; the others are drawn by TPE (Bergstra et al. 2011), seeded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from recommender.evaluation.exam import Lesson
from recommender.evaluation.metrics import accuracy
from recommender.evaluation.ranking import rank
from recommender.models.base import Recipe
from recommender.models.kinds import Kind
from recommender.models.popularity import Popularity
from recommender.models.ranges import Choice, Range, Whole
from recommender.unfinished import Course, chapter

if TYPE_CHECKING:
    import optuna

LIST = 50
PRIMARY = f"ndcg@{LIST}"


@dataclass(frozen=True, slots=True)
class Searched:
    """recipe: the best of what was tried, without a fall-back. value: its NDCG@50, a mean over windows; None
    where there was no window.

    tried: every try in order, [{"settings", "ndcg@50"}].
    """

    recipe: Recipe
    value: float | None
    tried: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Search:
    """tries: per model, the usual settings among them.

    Inside ``unfinished.kept_in`` every try that is over is kept at once, and a search that was stopped goes
    on with those it has. Each try has a seed of its own, so that it comes to what it would have come to.
    """

    tries: int
    seed: int = 7

    def run(self, kind: Kind, lessons: Sequence[Lesson], popularity: Popularity) -> Searched:
        """The best settings of a model, the usual ones where there are no lessons. All of these ask somebody.

        popularity: what answers for customers it knows nothing of.
        """
        usual = kind.make(self.seed)
        if not lessons:
            return Searched(usual, None, [])

        def quality(recipe: Recipe) -> float:
            return quality_of(kind.backed(recipe, popularity), lessons)

        if not kind.space or self.tries < 2:
            value = quality(usual)
            return Searched(usual, value, [_told({}, value)])
        course = Course.of("search", None, kind.name, usual, kind.space, self.seed, popularity, list(lessons))
        study = _study(kind, _read(course)[: self.tries])

        def objective(trial: optuna.Trial) -> float:
            chosen = {name: _drawn(trial, name, of) for name, of in kind.space.items()}
            with chapter():
                return quality(_with(usual, chosen))

        if study.trials:
            course.say(f"{kind.name}: going on after {len(study.trials)} of {self.tries} tries")
        while (number := len(study.trials)) < self.tries:
            study.sampler = _sampler(self.seed, number)
            if not number:
                study.enqueue_trial({name: _usual(usual, name, of) for name, of in kind.space.items()})
            study.optimize(objective, n_trials=1)
            course.write(json.dumps([[one.params, one.value] for one in study.trials]).encode())
        best = _with(usual, {name: _plain(kind.space[name], v) for name, v in study.best_params.items()})
        tried = [_told(trial.params, cast("float", trial.value)) for trial in study.trials]
        return Searched(best, float(study.best_value), tried)


def _study(kind: Kind, kept: Sequence[tuple[dict[str, Any], float]]) -> optuna.Study:
    """Kept tries in memory: a file of Optuna's would also hold the one that a stop cut short."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    ranges = {name: _distribution(of) for name, of in kind.space.items()}
    study.add_trials(
        [optuna.trial.create_trial(params=p, distributions=ranges, value=value) for p, value in kept]
    )
    return study


def _sampler(seed: int, number: int) -> optuna.samplers.BaseSampler:
    """A fresh one for every try: what it draws depends on the tries before, and on nothing else."""
    from optuna.samplers import TPESampler

    return TPESampler(seed=int(np.random.SeedSequence((seed, number)).generate_state(1)[0]))


def _read(course: Course) -> list[tuple[dict[str, Any], float]]:
    """Settings and value of every try that is over; none where the file cannot be read, which is told."""
    try:
        return [(params, float(value)) for params, value in json.loads(course.read() or b"[]")]
    except (ValueError, TypeError) as error:
        course.say(f"the tries of the stopped search cannot be read ({error}); beginning anew")
        return []


def quality_of(recipe: Recipe, lessons: Sequence[Lesson]) -> float:
    """NDCG@50, a mean over windows."""
    means = []
    for lesson in lessons:
        ranking = rank(recipe.fit(lesson.known), lesson.exam, LIST)
        means.append(float(accuracy(ranking.hits, lesson.exam.wanted_counts, (LIST,))[PRIMARY].mean()))
    return float(np.mean(means))


def _with(recipe: Recipe, chosen: Mapping[str, Any]) -> Recipe:
    return cast("Recipe", replace(cast("Any", recipe), **chosen))


def _usual(recipe: Recipe, name: str, of: Range) -> Any:
    """The usual value of a setting, brought into its range."""
    value = getattr(recipe, name)
    if isinstance(of, Choice):
        return _word(value if value in of.values else of.values[0])
    return min(max(value, of.low), of.high)


def _drawn(trial: optuna.Trial, name: str, of: Range) -> Any:
    if isinstance(of, Choice):
        return _plain(of, trial.suggest_categorical(name, [_word(value) for value in of.values]))
    if isinstance(of, Whole):
        return trial.suggest_int(name, of.low, of.high, log=of.log)
    return trial.suggest_float(name, of.low, of.high, log=of.log)


def _distribution(of: Range) -> optuna.distributions.BaseDistribution:
    """What ``_drawn`` draws from, in optuna's words."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(of, Choice):
        return CategoricalDistribution([_word(value) for value in of.values])
    if isinstance(of, Whole):
        return IntDistribution(of.low, of.high, log=of.log)
    return FloatDistribution(of.low, of.high, log=of.log)


def _word(value: Any) -> Any:
    """Infinity has no place in JSON."""
    return "never" if value == float("inf") else value


def _plain(of: Range, value: Any) -> Any:
    return float("inf") if isinstance(of, Choice) and value == "never" else value


def _told(settings: Mapping[str, Any], value: float) -> dict[str, Any]:
    return {"settings": dict(settings) or "usual", PRIMARY: round(value, 6)}
