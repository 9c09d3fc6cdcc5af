"""Splits that ask for products without any interaction: those that came after the cut, or those that were
removed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from recommender.dataset import Dataset, Events
from recommender.evaluation.exam import NO_EVENT, ONLY_WARM, Exam, Lesson, choice_threshold, hold_exam
from recommender.evaluation.splits.draws import hashed_shares
from recommender.evaluation.splits.edges import between, cuts, dates
from recommender.evaluation.splits.fold import Fold
from recommender.items import Bools

HELD_OUT_ITEMS = 0.1


def split_cold_natural(data: Dataset, repeat: bool = False) -> Fold:
    """Products as they really came: at the global time cut, asked is only for those whose first interaction
    is after it.

    Ranked is the whole catalogue. Every validation window asks in the same way for what was first seen in
    it.
    """
    edges, choice = cuts(data), choice_threshold(data.events)

    def ask(known: Dataset, window: Events) -> Exam:
        cold = window.where(~_met(known)[window.items])
        return _counted(hold_exam(known, cold, choice=choice, repeat=repeat), window, cold)

    lessons = []
    for opens, closes in pairwise(edges):
        known = data.until(opens)
        lessons.append(Lesson(known, ask(known, between(data, opens, closes))))
    fit, window = data.until(edges[-1]), between(data, edges[-1], np.inf)
    tested = window.where(~_met(fit)[window.items])
    return Fold(
        split="cold-natural",
        lessons=tuple(lessons),
        fit=fit,
        test=ask(fit, window),
        tested=tested,
        until=edges[-1],
        described={**dates(edges, window), "products_asked_for": len(np.unique(tested.items))},
    )


def split_cold_items(data: Dataset, repeat: bool = False) -> Fold:
    """Products that are made cold: the global time cut, and ``HELD_OUT_ITEMS`` of all products (by hash)
    wholly removed from what is learnt.

    Asked is only for them; ranked is the whole catalogue. The models are tuned on another share of products
    of the same size, removed in the same way.
    """
    edges, choice = cuts(data), choice_threshold(data.events)
    draw = hashed_shares(data.items.ids, "product")
    out, out_before = draw < HELD_OUT_ITEMS, (draw >= HELD_OUT_ITEMS) & (draw < 2 * HELD_OUT_ITEMS)

    def ask(known: Dataset, window: Events, removed: Bools, past: Dataset) -> Exam:
        cold = window.where(removed[window.items])
        exam = hold_exam(known, cold, before=past.events, choice=choice, repeat=repeat)
        return _counted(exam, window, cold)

    lessons = []
    for opens, closes in pairwise(edges):
        past = data.until(opens)
        known = _without(past, out | out_before)
        lessons.append(Lesson(known, ask(known, between(data, opens, closes), out_before, past)))
    past, window = data.until(edges[-1]), between(data, edges[-1], np.inf)
    fit, tested = _without(past, out), window.where(out[window.items])
    removed = {"products_removed": int(out.sum()), "products_asked_for": len(np.unique(tested.items))}
    return Fold(
        split="cold-items",
        lessons=tuple(lessons),
        fit=fit,
        test=ask(fit, window, out, past),
        tested=tested,
        until=edges[-1],
        described={**dates(edges, window), **removed},
    )


def _without(known: Dataset, removed: Bools) -> Dataset:
    return known.with_events(known.events.where(~removed[known.events.items]))


def _met(known: Dataset) -> Bools:
    """bool (n,): products of which something is known."""
    met: Bools = np.bincount(known.events.items, minlength=len(known.items)) > 0
    return met


def _counted(exam: Exam, window: Events, cold: Events) -> Exam:
    """Customers with events on other products only are counted apart from those without any."""
    others = len(np.setdiff1d(window.customers, cold.customers))
    reasons = {**exam.excluded, NO_EVENT: exam.excluded.get(NO_EVENT, 0) - others, ONLY_WARM: others}
    return replace(exam, excluded={reason: count for reason, count in reasons.items() if count})
