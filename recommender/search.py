"""Tuning any model of the table on validation windows, every one with the same number of tries (Optuna).

A baseline that was tuned less than its rival is no baseline (Ferrari Dacrema et al. 2019). The first try is
always the model's usual settings; the others are drawn by TPE (Bergstra et al. 2011), seeded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from recommender.evaluation.exam import Lesson
from recommender.evaluation.metrics import accuracy
from recommender.evaluation.ranking import rank
from recommender.models.base import Recipe
from recommender.models.kinds import Kind
from recommender.models.popularity import Popularity
from recommender.models.ranges import Choice, Range, Whole

if TYPE_CHECKING:
    import optuna

LIST = 50
PRIMARY = f"ndcg@{LIST}"


@dataclass(frozen=True, slots=True)
class Searched:
    """recipe: the best of what was tried, without a fall-back. value: its NDCG@50, a mean over windows.

    tried: every try in order, [{"settings", "ndcg@50"}].
    """

    recipe: Recipe
    value: float
    tried: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Search:
    """tries: per model, the usual settings among them. store: a file in which tries are kept, so that a
    stopped search goes on; None: in memory."""

    tries: int
    seed: int = 7
    store: Path | None = None

    def run(self, kind: Kind, lessons: Sequence[Lesson], popularity: Popularity) -> Searched:
        """The best settings of a model; popularity: what answers for customers it knows nothing of."""
        usual = kind.make(self.seed)

        def quality(recipe: Recipe) -> float:
            return quality_of(kind.backed(recipe, popularity), lessons)

        if not kind.space or self.tries < 2:
            value = quality(usual)
            return Searched(usual, value, [_told({}, value)])
        study = self._study(kind, lessons)
        if not study.trials:
            study.enqueue_trial({name: _usual(usual, name, of) for name, of in kind.space.items()})

        def objective(trial: optuna.Trial) -> float:
            chosen = {name: _drawn(trial, name, of) for name, of in kind.space.items()}
            return quality(_with(usual, chosen))

        done = sum(trial.state.is_finished() for trial in study.trials)
        study.optimize(objective, n_trials=max(0, self.tries - done))
        best = _with(usual, {name: _plain(kind.space[name], v) for name, v in study.best_params.items()})
        tried = [_told(trial.params, cast("float", trial.value)) for trial in study.trials if trial.values]
        return Searched(best, float(study.best_value), tried)

    def _study(self, kind: Kind, lessons: Sequence[Lesson]) -> optuna.Study:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage: Any = None
        if self.store is not None:
            from optuna.storages.journal import JournalFileBackend, JournalStorage

            self.store.parent.mkdir(parents=True, exist_ok=True)
            storage = JournalStorage(JournalFileBackend(str(self.store)))
        # A study is of one model, one seed and these very windows.
        return optuna.create_study(
            study_name=f"{kind.name}-{self.seed}-{_digest(lessons)}",
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=self.seed),
            storage=storage,
            load_if_exists=True,
        )


def quality_of(recipe: Recipe, lessons: Sequence[Lesson]) -> float:
    """NDCG@50, a mean over windows."""
    means = []
    for lesson in lessons:
        ranking = rank(recipe.fit(lesson.known), lesson.exam, LIST)
        means.append(float(accuracy(ranking.hits, lesson.exam.wanted_counts, (LIST,))[PRIMARY].mean()))
    return float(np.mean(means)) if means else 0.0


def _digest(lessons: Sequence[Lesson]) -> str:
    told = [
        [
            len(part.known.events),
            part.known.asof,
            len(part.exam),
            int(part.exam.wanted.nnz),
            part.known.items.space,
        ]
        for part in lessons
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]


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


def _word(value: Any) -> Any:
    """Infinity has no place in JSON."""
    return "never" if value == float("inf") else value


def _plain(of: Range, value: Any) -> Any:
    return float("inf") if isinstance(of, Choice) and value == "never" else value


def _told(settings: Mapping[str, Any], value: float) -> dict[str, Any]:
    return {"settings": dict(settings) or "usual", PRIMARY: round(value, 6)}
