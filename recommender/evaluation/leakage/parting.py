"""The split itself: nothing that is asked in the test may be learnt, tuned on, or told."""

from __future__ import annotations

import numpy as np

from recommender.dataset import Events
from recommender.evaluation.exam import Exam, Lesson
from recommender.evaluation.leakage.finding import Finding, judged
from recommender.evaluation.leakage.matching import asked, pairs, shared
from recommender.evaluation.splits import Fold

COLD_SPLITS = ("cold-items", "cold-natural")


def parting(fold: Fold) -> tuple[Finding, ...]:
    """Every check of what models are fitted on, tuned on, and told about customers."""
    n = len(fold.test.items)
    findings = [
        _events("test events among those learnt", fold.fit.events, fold.tested, n, "the model is fitted on"),
        _answers("test answers among pairs learnt", fold.test, fold.fit.events),
        _told("test answers in the histories told", fold.test),
    ]
    for number, lesson in enumerate(fold.lessons, 1):
        where = f"validation window {number}"
        known = lesson.known.events
        findings += [
            _events(f"test events in {where}", known, fold.tested, n, f"{where} is fitted on"),
            _answers(f"answers of {where} among its pairs learnt", lesson.exam, known),
            _told(f"answers of {where} in the histories told", lesson.exam),
        ]
    findings += [_sorted(fold), _times(fold), _windows(fold)]
    if fold.split in COLD_SPLITS:
        findings.append(_cold(fold))
    return tuple(findings)


def _events(name: str, learnt: Events, tested: Events, n: int, where: str) -> Finding:
    """The same customer, product and moment on both sides."""
    both = int(shared(learnt, tested, n).sum())
    return judged(
        name,
        len(learnt),
        both,
        f"{where} {both} interactions that the test asks for",
        "none is on both sides",
    )


def _answers(name: str, exam: Exam, learnt: Events) -> Finding:
    """A (customer, product) pair that is asked for and was learnt at another moment."""
    wanted = asked(exam)
    if exam.repeat:
        words = "choices may repeat, so that a pair can be learnt and asked for again"
        return Finding(name, "not possible", len(wanted), words)
    both = len(np.intersect1d(wanted, pairs(learnt, len(exam.items))))
    words = f"{both} of the products asked for were learnt with the same customer"
    return judged(name, len(wanted), both, words, "no pair of customer and product is on both sides")


def _told(name: str, exam: Exam) -> Finding:
    """An answer, or anything from its moment or later, in the history that the model is told."""
    told = exam.histories
    keys = exam.who[told.owners] * np.int64(len(exam.items)) + told.items
    both = 0 if exam.repeat else len(np.intersect1d(asked(exam), keys))
    late = int((told.times >= told.now[told.owners]).sum())
    words = f"the histories told hold {both} answers and {late} events from after the question"
    return judged(name, len(told.items), both + late, words, "histories end before the question")


def _sorted(fold: Fold) -> Finding:
    """Models may rely on events that rise in time."""
    parts = [fold.fit.events, fold.tested, *(lesson.known.events for lesson in fold.lessons)]
    back = sum(int((np.diff(events.times) < 0).sum()) for events in parts)
    compared = sum(len(events) for events in parts)
    words = f"{back} interactions stand after a later one"
    return judged("times in order", compared, back, words, "every list of interactions rises in time")


def _times(fold: Fold) -> Finding:
    """Learnt before the cut, fitted as of the cut at the latest, tested from the cut on."""
    name = "events learnt after the cut"
    if fold.until is None:
        return Finding(name, "not possible", 0, f"the split {fold.split!r} has no cut in time")
    sides = [fold.fit, *(lesson.known for lesson in fold.lessons)]
    late = sum(int((side.events.times >= fold.until).sum()) for side in sides)
    ahead = sum(side.asof > fold.until for side in sides)
    early = int((fold.tested.times < fold.until).sum())
    compared = sum(len(side.events) for side in sides) + len(fold.tested)
    words = (
        f"{late} events from after the cut are learnt, {ahead} datasets are fitted as of a moment after it, "
        f"and {early} tested events are from before it"
    )
    return judged(name, compared, late + ahead + early, words, "learnt is before the cut, tested after it")


def _windows(fold: Fold) -> Finding:
    """Every validation question is asked before the cut, of a model that knows nothing from after it."""
    name = "validation windows before the cut"
    if fold.until is None:
        return Finding(name, "not possible", 0, f"the split {fold.split!r} has no cut in time")
    questions = sum(len(lesson.exam) for lesson in fold.lessons)
    wrong = sum(_misplaced(lesson, fold.until) for lesson in fold.lessons)
    words = f"{wrong} validation questions are from after the cut or from before what their model knows"
    return judged(
        name, questions, wrong, words, "each window is before the cut and after what it is fitted on"
    )


def _misplaced(lesson: Lesson, until: float) -> int:
    now = lesson.exam.histories.now
    return int(((now >= until) | (now < lesson.known.asof)).sum())


def _cold(fold: Fold) -> Finding:
    wanted = np.unique(fold.test.wanted.indices)
    learnt = len(np.intersect1d(wanted, fold.fit.events.items))
    words = f"{learnt} products that should be cold have been learnt"
    return judged("cold products that were learnt", len(wanted), learnt, words, "none was learnt")
