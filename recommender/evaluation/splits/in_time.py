"""Splits by the clock: one global cut, or several test windows one after the other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from recommender.dataset import Dataset
from recommender.evaluation.exam import choice_threshold, hold_exam
from recommender.evaluation.splits.edges import between, cuts, dates, rolling, rolling_edges, window_edges
from recommender.evaluation.splits.fold import Fold


def split_time(data: Dataset, repeat: bool = False) -> Fold:
    """One global cut: the last ``TEST_SHARE`` of all interactions is the test; before it ``WINDOWS``
    validation windows.

    Each validation window holds ``VALIDATION_SHARE`` of what is before the cut and is answered from what is
    before it. Customers who appear only after the cut are asked as well: they are cold.
    """
    edges, choice = cuts(data), choice_threshold(data.events)
    fit, tested = data.until(edges[-1]), between(data, edges[-1], np.inf)
    return Fold(
        split="time",
        lessons=tuple(rolling(data, edges, choice, repeat)),
        fit=fit,
        test=hold_exam(fit, tested, choice=choice, repeat=repeat),
        tested=tested,
        until=edges[-1],
        described=dates(edges, tested),
    )


def rolling_folds(data: Dataset, windows: int = 3, repeat: bool = False) -> tuple[Fold, ...]:
    """Several test windows, one after the other, the last one at the end of the interactions.

    Each holds ``ROLLING_SHARE`` of all interactions. It is a fold of its own: learnt is everything before
    the window, tuned is on validation windows before it, and what is after the window is not touched. What
    one fold tests the next one learns: settings must be tuned for each fold anew. Raises UsageError and
    NotReady as ``rolling_edges`` does.
    """
    choice = choice_threshold(data.events)
    folds = []
    starts = rolling_edges(data.events.times, windows)
    for number, (opens, closes) in enumerate(pairwise([*starts, np.inf]), 1):
        fit, tested = data.until(opens), between(data, opens, closes)
        edges = window_edges(fit.events.times, opens)
        folds.append(
            Fold(
                split="rolling",
                lessons=tuple(rolling(fit, edges, choice, repeat)),
                fit=fit,
                test=hold_exam(fit, tested, choice=choice, repeat=repeat),
                tested=tested,
                until=opens,
                described={"window": f"{number} of {windows}", **dates(edges, tested)},
            )
        )
    return tuple(folds)
