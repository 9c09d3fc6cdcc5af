"""How a search goes: Optuna (Akiba et al., 2019) draws values, a judge says what they are worth, and the
trial is kept; trials that lie below the median of the others are given up early.

A search that was stopped draws the trial it was at anew, which is the same one, since every trial has a seed
of its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from data.errors import VitrineError
from embedder.finetuning.knobs import Value
from embedder.finetuning.space import Search, Space, Varied, told
from embedder.finetuning.study import FAILED, REASON, SECONDS, KeptStudy, Trial, best_of

if TYPE_CHECKING:
    import optuna

PRUNED_FROM = 4
"""So many trials are finished before one is pruned."""
GIVEN_UP = 3
"""If so many trials fail and none was ever finished, the rest would fail too."""

Watch = Callable[[int, int, float], None]
"""Told of every epoch: number, of how many, and value on validation. What it raises ends the trial."""
Judge = Callable[[Mapping[str, Value], Watch], float]
"""The value on validation of some settings, higher is better; it tells the watch of every epoch."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Start:
    """seed: of what is drawn. own: the values that are tried first; None: none are. quiet: so many first
    epochs of a trial say too little to prune it by."""

    seed: int
    own: Mapping[str, Value] | None
    quiet: int


def explore(kept: KeptStudy, wanted: Search, start: Start, judge: Judge, tell: Tell) -> None:
    """Tries values until as many were tried as are wanted, or the grid is through, or the time is up.

    A trial whose judge raises a VitrineError has failed, and the search goes on. Raises VitrineError where
    the first trials all fail.
    """
    import optuna

    # Drawn in memory, so that the file never holds half a trial.
    study = optuna.create_study(direction="maximize", pruner=_pruner(start))
    study.add_trials(kept.study.trials)
    most = min(wanted.trials, grid_size(wanted.space)) if wanted.sampler == "grid" else wanted.trials
    while (number := len(study.trials)) < most and not _spent(study, wanted.minutes):
        study.sampler = _sampler(wanted, start.seed, number)
        if not number and start.own is not None and wanted.sampler != "grid":
            study.enqueue_trial(dict(start.own))
        study.optimize(_objective(wanted.space, judge), n_trials=1, catch=(VitrineError,))
        kept.study.add_trial(study.trials[-1])
        trials = kept.trials()
        tell(_line(trials, most))
        _check_hope(trials)


def grid_size(space: Space) -> int:
    """How many points the grid of a space has."""
    return math.prod(len(varied.steps()) for varied in space)


def _pruner(start: Start) -> optuna.pruners.BasePruner:
    from optuna.pruners import MedianPruner

    return MedianPruner(n_startup_trials=PRUNED_FROM, n_warmup_steps=start.quiet + 1)


def _sampler(wanted: Search, seed: int, number: int) -> optuna.samplers.BaseSampler:
    """A fresh one for every trial: what it draws depends on the trials before, and on nothing else."""
    from optuna.samplers import GridSampler, RandomSampler, TPESampler

    own = int(np.random.SeedSequence((seed, number)).generate_state(1)[0])
    if wanted.sampler == "grid":
        # The seed is the order of the whole grid, and so the same for all.
        return GridSampler({varied.name: varied.steps() for varied in wanted.space}, seed=seed)
    return RandomSampler(seed=own) if wanted.sampler == "random" else TPESampler(seed=own)


def _objective(space: Space, judge: Judge) -> Callable[[optuna.Trial], float]:
    from optuna import TrialPruned

    def objective(trial: optuna.Trial) -> float:
        values = {varied.name: _drawn(trial, varied) for varied in space}
        began = time.perf_counter()

        def watch(epoch: int, epochs: int, value: float) -> None:
            trial.report(value, epoch)
            # After the last epoch there is nothing to save.
            if epoch < epochs and trial.should_prune():
                raise TrialPruned

        try:
            return judge(values, watch)
        except VitrineError as error:
            trial.set_user_attr(REASON, error.message)
            raise
        finally:
            trial.set_user_attr(SECONDS, time.perf_counter() - began)

    return objective


def _drawn(trial: optuna.Trial, varied: Varied) -> Value:
    if varied.choices:
        return cast("Value", trial.suggest_categorical(varied.name, varied.choices))
    if varied.whole:
        return trial.suggest_int(varied.name, int(varied.low), int(varied.high), log=varied.log)
    return trial.suggest_float(varied.name, varied.low, varied.high, log=varied.log)


def _spent(study: optuna.Study, minutes: float | None) -> bool:
    """Whether the trials took as long as they may; never before the first."""
    if minutes is None or not study.trials:
        return False
    seconds: float = sum(trial.user_attrs.get(SECONDS, 0.0) for trial in study.trials)
    return seconds >= 60 * minutes


def _line(trials: tuple[Trial, ...], most: int) -> str:
    last, best = trials[-1], best_of(trials)
    value = "" if last.value is None else f", mAP@R {last.value:.3f}"
    so_far = (
        "" if best is None or best.value is None else f"; best so far {best.value:.3f} (trial {best.number})"
    )
    reason = f" ({last.reason})" if last.reason else ""
    return f"trial {last.number} of {most} {last.state}{reason}: {told(last.values)}{value}{so_far}"


def _check_hope(trials: tuple[Trial, ...]) -> None:
    if len(trials) == GIVEN_UP and all(trial.state == FAILED for trial in trials):
        raise VitrineError(
            f"none of the first {GIVEN_UP} settings could be trained; the last: {trials[-1].reason}"
        )
