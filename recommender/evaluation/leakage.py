"""The leakage check: nothing that is asked in the test may have been learnt."""

from __future__ import annotations

import numpy as np

from data.errors import LeakageFound
from recommender.dataset import Events
from recommender.evaluation.exam import Exam
from recommender.evaluation.splits import Fold
from recommender.items import Ints


def check(fold: Fold) -> dict[str, int]:
    """Check what models are fitted on, what they are tuned on, and what they are told about customers.

    Returns what was looked at: name of the check → number of things compared. Raises LeakageFound at the
    first finding.
    """
    n = len(fold.test.items)
    looked = {
        "test events among those learnt": _events(fold.fit.events, fold.tested, n, "the model is fitted on"),
        "test answers among pairs learnt": _answers(fold.test, fold.fit.events, n),
        "test answers in the histories told": _told(fold.test, n),
    }
    for number, lesson in enumerate(fold.lessons, 1):
        place = f"validation window {number} is fitted on"
        looked[f"test events in validation window {number}"] = _events(
            lesson.known.events, fold.tested, n, place
        )
        _told(lesson.exam, n)
        _answers(lesson.exam, lesson.known.events, n)
    if fold.until is not None:
        looked["events learnt after the cut"] = _times(fold)
    if fold.split == "cold-items":
        looked["cold products that were learnt"] = _cold(fold)
    return looked


def _events(learnt: Events, tested: Events, n: int, where: str) -> int:
    """The same customer, product and moment on both sides."""
    both = set(_keys(learnt, n)) & set(_keys(tested, n))
    if both:
        raise LeakageFound(
            f"leakage: {where} {len(both)} interactions that the test asks for; the evaluation is void",
            count=len(both),
        )
    return len(learnt)


def _keys(events: Events, n: int) -> list[tuple[int, float]]:
    pairs = events.customers * np.int64(n) + events.items
    return list(zip(pairs.tolist(), events.times.tolist(), strict=True))


def _answers(exam: Exam, learnt: Events, n: int) -> int:
    """A (customer, product) pair that is asked for and was learnt at another moment."""
    both = np.intersect1d(_asked(exam, n), learnt.customers * np.int64(n) + learnt.items)
    if len(both):
        raise LeakageFound(
            f"leakage: {len(both)} of the products asked for were learnt with the same customer",
            count=len(both),
        )
    return int(exam.wanted.nnz)


def _told(exam: Exam, n: int) -> int:
    """An answer, or anything from its moment or later, in the history that the model is told."""
    who = exam.who[exam.histories.owners]
    both = np.intersect1d(_asked(exam, n), who * np.int64(n) + exam.histories.items)
    late = int((exam.histories.times >= exam.histories.now[exam.histories.owners]).sum())
    if len(both) or late:
        raise LeakageFound(
            f"leakage: the histories told hold {len(both)} answers and {late} events from after the question",
            count=len(both) + late,
        )
    return len(exam.histories.items)


def _asked(exam: Exam, n: int) -> Ints:
    rows, columns = exam.wanted.nonzero()
    pairs: Ints = exam.who[rows] * np.int64(n) + columns
    return pairs


def _times(fold: Fold) -> int:
    until = float("inf") if fold.until is None else fold.until
    parts = [fold.fit.events, *(lesson.known.events for lesson in fold.lessons)]
    late = sum(int((events.times >= until).sum()) for events in parts)
    if late:
        raise LeakageFound(f"leakage: {late} events from after the cut are learnt", count=late)
    return sum(len(events) for events in parts)


def _cold(fold: Fold) -> int:
    asked = np.unique(fold.test.wanted.indices)
    learnt = np.intersect1d(asked, fold.fit.events.items)
    if len(learnt):
        raise LeakageFound(
            f"leakage: {len(learnt)} products that should be cold have been learnt", count=len(learnt)
        )
    return len(asked)
