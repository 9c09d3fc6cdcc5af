"""Splits along customers: each one's last moment, or customers who were never learnt from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recommender.dataset import Dataset, Events
from recommender.evaluation.exam import NO_EVENT, NOT_HELD_OUT, Exam, Lesson, choice_threshold, hold_exam
from recommender.evaluation.splits.draws import hashed_shares
from recommender.evaluation.splits.edges import TEST_SHARE, VALIDATION_SHARE
from recommender.evaluation.splits.fold import Fold
from recommender.items import Bools, Doubles, Ints

FOLD_IN_SHARE = 0.8


def split_last(data: Dataset, repeat: bool = False) -> Fold:
    """Each customer's last moment is the test, the one before it the validation.

    All events at the same time are one moment: where only dates are known, a whole day's basket is left out
    together. What others did later is known to the model; only the global time split rules that out.
    """
    choice = choice_threshold(data.events)
    newest = _moments(data.events, len(data.customers))
    is_test = data.events.times >= newest[data.events.customers]
    earlier = data.events.where(~is_test)
    second = _moments(earlier, len(data.customers))
    is_validation = earlier.times >= second[earlier.customers]
    train, fit = data.with_events(earlier.where(~is_validation)), data.with_events(earlier)
    tested, validated = data.events.where(is_test), earlier.where(is_validation)
    return Fold(
        split="last",
        lessons=(Lesson(train, hold_exam(train, validated, choice=choice, repeat=repeat)),),
        fit=fit,
        test=hold_exam(fit, tested, choice=choice, repeat=repeat),
        tested=tested,
        until=None,
        described={"test": "the last moment of every customer", "validation": "the moment before it"},
    )


def split_user(data: Dataset, repeat: bool = False) -> Fold:
    """Customers who were never trained on: the first ``FOLD_IN_SHARE`` of their events is told, the rest is
    asked.

    A fifth of the customers (by hash) is tested, and about as many others validate.
    """
    choice = choice_threshold(data.events)
    draw = hashed_shares(data.customers, "customer")
    role = np.where(draw < TEST_SHARE, 2, np.where(draw < TEST_SHARE + VALIDATION_SHARE, 1, 0))
    of, early = role[data.events.customers], _early(data)
    train, fit = data.with_events(data.events.where(of == 0)), data.with_events(data.events.where(of < 2))
    tested = data.events.where((of == 2) & ~early)

    def ask(who: int) -> Exam:
        told = data.with_events(data.events.where((of == who) & early))
        exam = hold_exam(told, data.events.where((of == who) & ~early), choice=choice, repeat=repeat)
        others = int((role != who).sum())
        silent = exam.excluded.get(NO_EVENT, 0) - others
        reasons = {**exam.excluded, NOT_HELD_OUT: others, NO_EVENT: silent}
        return replace(exam, excluded={reason: count for reason, count in reasons.items() if count})

    return Fold(
        split="user",
        lessons=(Lesson(train, ask(1)),),
        fit=fit,
        test=ask(2),
        tested=tested,
        until=None,
        described={
            "customers_held_out": int((role == 2).sum()),
            "told": f"the first {FOLD_IN_SHARE:.0%} of their events",
        },
    )


def _moments(events: Events, customers: int) -> Doubles:
    """float64 (customers,): each customer's last time."""
    last = np.full(customers, -np.inf)
    np.maximum.at(last, events.customers, events.times)
    return last


def _early(data: Dataset) -> Bools:
    """bool (m,): events before the time at which ``FOLD_IN_SHARE`` of the customer's own events have
    passed.
    """
    order = np.argsort(data.events.customers, kind="stable")
    counts = np.bincount(data.events.customers, minlength=len(data.customers))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place: Ints = np.minimum((counts * FOLD_IN_SHARE).astype(np.int64), np.maximum(counts - 1, 0))
    have = counts > 0
    turn = np.full(len(counts), np.inf)
    turn[have] = data.events.times[order][(starts + place)[have]]
    early: Bools = data.events.times < turn[data.events.customers]
    return early
