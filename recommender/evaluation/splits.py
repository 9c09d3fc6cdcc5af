"""How the past is parted into what a model may learn, what it is tuned on, and what it is tested on.

Every split is deterministic: times decide, and where something must be chosen, a hash of its id does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from data.errors import NotReady, UsageError
from recommender.dataset import Dataset, Events
from recommender.evaluation.exam import Exam, hold_exam
from recommender.items import Bools, Doubles, Ints

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.15
HELD_OUT_ITEMS = 0.2
FOLD_IN_SHARE = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One evaluation: fit on ``train``, tune on ``validation``, fit on ``fit``, and answer ``test`` once.

    train ⊂ fit; neither holds an event that ``test`` asks for. described: the split in words and figures, for reports.
    tested: the events that must not be learnt from, for the leakage check. until: every learnt event is before this
    moment, where the split promises that; else None.
    """

    split: str
    train: Dataset
    validation: Exam
    fit: Dataset
    test: Exam
    tested: Events
    until: float | None
    described: Mapping[str, object]


def split_time(data: Dataset) -> Fold:
    """One global cut: the last ``TEST_SHARE`` of all interactions is the test, the last ``VALIDATION_SHARE`` of all
    before it the validation window. Customers who appear only after the cut are asked as well: they are cold.
    """
    opens, cut = cuts(data)
    train, fit = data.until(opens), data.until(cut)
    window, tested = _between(data, opens, cut), data.events.where(data.events.times >= cut)
    return Fold(
        split="time",
        train=train,
        validation=hold_exam(train, window),
        fit=fit,
        test=hold_exam(fit, tested),
        tested=tested,
        until=cut,
        described={"validation_from": as_date(opens), "test_from": as_date(cut), "test_to": _end(data)},
    )


def split_last(data: Dataset) -> Fold:
    """Each customer's last moment is the test, the one before it the validation.

    All events at the same time are one moment: where only dates are known, a whole day's basket is left out
    together. What others did later is known to the model; only the global time split rules that out.
    """
    newest = _moments(data.events, len(data.customers))
    is_test = data.events.times >= newest[data.events.customers]
    earlier = data.events.where(~is_test)
    second = _moments(earlier, len(data.customers))
    is_validation = earlier.times >= second[earlier.customers]
    train, fit = data.with_events(earlier.where(~is_validation)), data.with_events(earlier)
    tested = data.events.where(is_test)
    return Fold(
        split="last",
        train=train,
        validation=hold_exam(train, earlier.where(is_validation)),
        fit=fit,
        test=hold_exam(fit, tested),
        tested=tested,
        until=None,
        described={"test": "the last moment of every customer", "validation": "the moment before it"},
    )


def split_user(data: Dataset) -> Fold:
    """Customers who were never trained on: the first ``FOLD_IN_SHARE`` of their events is told, the rest is asked.

    A fifth of the customers (by hash) is tested, a seventh of the others validates.
    """
    draw = hashed_shares(data.customers, "customer")
    role = np.where(draw < TEST_SHARE, 2, np.where(draw < TEST_SHARE + VALIDATION_SHARE, 1, 0))
    of = role[data.events.customers]
    early = _early(data)
    train, fit = data.with_events(data.events.where(of == 0)), data.with_events(data.events.where(of < 2))
    tested = data.events.where((of == 2) & ~early)
    return Fold(
        split="user",
        train=train,
        validation=hold_exam(
            data.with_events(data.events.where((of == 1) & early)), data.events.where((of == 1) & ~early)
        ),
        fit=fit,
        test=hold_exam(data.with_events(data.events.where((of == 2) & early)), tested),
        tested=tested,
        until=None,
        described={"customers_held_out": int((role == 2).sum()), "fold_in": f"first {FOLD_IN_SHARE:.0%} of their events"},
    )


def split_cold_items(data: Dataset) -> Fold:
    """Products without any interaction: the global time cut, and a fifth of the products (by hash) wholly removed.

    Asked is only for products that the model has no interaction of; ranked is the whole catalogue. The blend is
    tuned on another fifth of cold products.
    """
    opens, cut = cuts(data)
    draw = hashed_shares(data.items.ids, "product")
    out, out_before = draw < HELD_OUT_ITEMS, (draw >= HELD_OUT_ITEMS) & (draw < 2 * HELD_OUT_ITEMS)
    known, window = data.until(opens), _between(data, opens, cut)
    train = known.with_events(known.events.where(~(out | out_before)[known.events.items]))
    past = data.until(cut)
    fit = past.with_events(past.events.where(~out[past.events.items]))
    later = data.events.where(data.events.times >= cut)
    tested = _on_cold(later, fit)
    window = window.where(~out[window.items])
    return Fold(
        split="cold-items",
        train=train,
        validation=hold_exam(train, _on_cold(window, train), before=known.events),
        fit=fit,
        test=hold_exam(fit, tested, before=past.events),
        tested=tested,
        until=cut,
        described={
            "validation_from": as_date(opens),
            "test_from": as_date(cut),
            "test_to": _end(data),
            "products_removed": int(out.sum()),
            "products_asked_for": int(len(np.unique(tested.items))),
        },
    )


SPLITS: Mapping[str, Callable[[Dataset], Fold]] = {
    "time": split_time,
    "last": split_last,
    "user": split_user,
    "cold-items": split_cold_items,
}


def split(data: Dataset, name: str) -> Fold:
    """The fold of a split by its name. Raises UsageError for an unknown one, NotReady where it leaves nothing."""
    if name not in SPLITS:
        raise UsageError(f"no split {name!r}; there are {', '.join(SPLITS)}")
    if not len(data.events):
        raise NotReady("the shop has no usable interactions to evaluate on; import some with `vitrine interactions`")
    return SPLITS[name](data)


def cuts(data: Dataset) -> tuple[float, float]:
    """Start of the validation window and of the test window. Raises NotReady where time cannot be cut."""
    times = data.events.times
    cut = float(times[int(len(times) * (1 - TEST_SHARE))])
    before = times[times < cut]
    opens = float(before[int(len(before) * (1 - VALIDATION_SHARE))]) if len(before) else cut
    if not len(before) or not (times < opens).any():
        raise NotReady(
            "the interactions cannot be cut in time: nearly all carry the same timestamp; import them with their "
            "times, or use `--split user`"
        )
    return opens, cut


def hashed_shares(ids: Sequence[str], salt: str) -> Doubles:
    """float64 (n,) in [0, 1): a fair draw per id that is the same in every run."""
    digests = (hashlib.blake2b(f"{salt}\0{i}".encode(), digest_size=8).digest() for i in ids)
    return np.fromiter((int.from_bytes(d, "little") / 2.0**64 for d in digests), np.float64, len(ids))


def as_date(moment: float) -> str:
    """UTC seconds as ISO 8601."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _end(data: Dataset) -> str:
    return as_date(float(data.events.times[-1]))


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
    """bool (m,): events before the time at which ``FOLD_IN_SHARE`` of the customer's own events have passed."""
    order = np.argsort(data.events.customers, kind="stable")
    counts = np.bincount(data.events.customers, minlength=len(data.customers))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place: Ints = np.minimum((counts * FOLD_IN_SHARE).astype(np.int64), np.maximum(counts - 1, 0))
    have = counts > 0
    turn = np.full(len(counts), np.inf)
    turn[have] = data.events.times[order][(starts + place)[have]]
    early: Bools = data.events.times < turn[data.events.customers]
    return early
