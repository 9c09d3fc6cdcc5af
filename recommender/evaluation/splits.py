"""How the past is parted into what a model may learn, what it is tuned on, and what it is tested on.

Every split is deterministic: times decide, and where something must be chosen, a hash of its id does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from data.errors import NotReady, UsageError
from recommender.dataset import Dataset, Events
from recommender.evaluation.exam import NO_EVENT, NOT_HELD_OUT, Exam, Lesson, choice_threshold, hold_exam
from recommender.items import Bools, Doubles, Ints

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.15
WINDOWS = 3
HELD_OUT_ITEMS = 0.2
FOLD_IN_SHARE = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One evaluation: tune on ``lessons``, fit on ``fit``, and answer ``test`` once.

    No lesson and not ``fit`` hold an event that ``test`` asks for. tested: the events that must not be
    learnt from, for the leakage check. until: every learnt event is before this moment, where the split
    promises that; else None.
    described: the split in words and figures, for reports.
    """

    split: str
    lessons: tuple[Lesson, ...]
    fit: Dataset
    test: Exam
    tested: Events
    until: float | None
    described: Mapping[str, object]


def split_time(data: Dataset) -> Fold:
    """One global cut: the last ``TEST_SHARE`` of all interactions is the test; before it ``WINDOWS``
    validation windows.

    Each validation window holds ``VALIDATION_SHARE`` of what is before the cut and is answered from what is
    before it. Customers who appear only after the cut are asked as well: they are cold.
    """
    edges, choice = cuts(data), choice_threshold(data.events)
    fit, tested = data.until(edges[-1]), data.events.where(data.events.times >= edges[-1])
    return Fold(
        split="time",
        lessons=tuple(rolling(data, edges, choice)),
        fit=fit,
        test=hold_exam(fit, tested, choice=choice),
        tested=tested,
        until=edges[-1],
        described=_dates(data, edges),
    )


def rolling(data: Dataset, edges: Sequence[float], choice: float) -> list[Lesson]:
    """A lesson for every window between two neighbouring edges."""
    return [
        Lesson(known := data.until(opens), hold_exam(known, _between(data, opens, closes), choice=choice))
        for opens, closes in pairwise(edges)
    ]


def split_last(data: Dataset) -> Fold:
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
    tested = data.events.where(is_test)
    return Fold(
        split="last",
        lessons=(Lesson(train, hold_exam(train, earlier.where(is_validation), choice=choice)),),
        fit=fit,
        test=hold_exam(fit, tested, choice=choice),
        tested=tested,
        until=None,
        described={"test": "the last moment of every customer", "validation": "the moment before it"},
    )


def split_user(data: Dataset) -> Fold:
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
        exam = hold_exam(told, data.events.where((of == who) & ~early), choice=choice)
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


def split_cold_items(data: Dataset) -> Fold:
    """Products without any interaction: the global time cut, and a fifth of the products (by hash) wholly
    removed.

    Asked is only for products that the model has no interaction of; ranked is the whole catalogue. The
    blend is tuned on another fifth of cold products.
    """
    edges, choice = cuts(data), choice_threshold(data.events)
    draw = hashed_shares(data.items.ids, "product")
    out, out_before = draw < HELD_OUT_ITEMS, (draw >= HELD_OUT_ITEMS) & (draw < 2 * HELD_OUT_ITEMS)

    def without(known: Dataset, removed: Bools) -> Dataset:
        return known.with_events(known.events.where(~removed[known.events.items]))

    def ask(known: Dataset, window: Events, past: Dataset) -> Exam:
        return hold_exam(known, _on_cold(window, known), before=past.events, choice=choice)

    lessons = []
    for opens, closes in pairwise(edges):
        past = data.until(opens)
        known, window = without(past, out | out_before), _between(data, opens, closes)
        lessons.append(Lesson(known, ask(known, window.where(~out[window.items]), past)))
    past = data.until(edges[-1])
    fit = without(past, out)
    tested = _on_cold(data.events.where(data.events.times >= edges[-1]), fit)
    removed = {"products_removed": int(out.sum()), "products_asked_for": len(np.unique(tested.items))}
    return Fold(
        split="cold-items",
        lessons=tuple(lessons),
        fit=fit,
        test=ask(fit, tested, past),
        tested=tested,
        until=edges[-1],
        described={**_dates(data, edges), **removed},
    )


SPLITS: Mapping[str, Callable[[Dataset], Fold]] = {
    "time": split_time,
    "last": split_last,
    "user": split_user,
    "cold-items": split_cold_items,
}


def split(data: Dataset, name: str) -> Fold:
    """The fold of a split by its name. Raises UsageError for an unknown one, NotReady where it leaves
    nothing.
    """
    if name not in SPLITS:
        raise UsageError(f"no split {name!r}; there are {', '.join(SPLITS)}")
    if not len(data.events):
        raise NotReady(
            "the shop has no usable interactions to evaluate on; import some with `vitrine interactions`"
        )
    return SPLITS[name](data)


def cuts(data: Dataset) -> list[float]:
    """Start of every validation window, then of the test window, in UTC seconds, rising.

    Raises NotReady where time cannot be cut.
    """
    times = data.events.times
    edges = window_edges(times, float(times[int(len(times) * (1 - TEST_SHARE))]))
    if len(edges) < 2:
        raise NotReady(
            "the interactions cannot be cut in time: nearly all carry the same timestamp; import them with "
            "their times, or use `--split user`"
        )
    return edges


def window_edges(times: Doubles, end: float) -> list[float]:
    """Rising edges of up to ``WINDOWS`` windows that end at ``end``, each of ``VALIDATION_SHARE`` of what
    is before.

    times: rising. Only edges with something before them are kept; ``[end]`` alone means that there is no
    window.
    """
    before = times[times < end]
    edges = [end]
    for window in range(1, WINDOWS + 1):
        place = int(len(before) * (1 - window * VALIDATION_SHARE))
        if len(before) and before[0] < before[place] < edges[0]:
            edges.insert(0, float(before[place]))
    return edges


def hashed_shares(ids: Sequence[str], salt: str) -> Doubles:
    """float64 (n,) in [0, 1): a fair draw per id that is the same in every run."""
    digests = (hashlib.blake2b(f"{salt}\0{i}".encode(), digest_size=8).digest() for i in ids)
    return np.fromiter((int.from_bytes(d, "little") / 2.0**64 for d in digests), np.float64, len(ids))


def as_date(moment: float) -> str:
    """UTC seconds as ISO 8601."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _dates(data: Dataset, edges: Sequence[float]) -> dict[str, object]:
    return {
        "validation_from": [as_date(edge) for edge in edges[:-1]],
        "test_from": as_date(edges[-1]),
        "test_to": as_date(float(data.events.times[-1])),
    }


def _between(data: Dataset, first: float, last: float) -> Events:
    return data.events.where((data.events.times >= first) & (data.events.times < last))


def _on_cold(events: Events, known: Dataset) -> Events:
    """The events on products of which nothing is known."""
    met = np.bincount(known.events.items, minlength=len(known.items)) > 0
    return events.where(~met[events.items])


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
