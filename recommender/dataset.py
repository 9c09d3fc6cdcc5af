"""A shop's products and interactions as arrays, cut at a moment in time.

Models and evaluation know this value only; ``recommender.source`` fills it from a shop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from data.errors import UsageError
from recommender.distinct import distinct
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Ints, Items

CELLS = 2**24


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """m interactions in order of time (ties: customer, then product).

    customers, items: int64 (m,), positions in the dataset's customers and products.
    weights: float64 (m,), signed.
    times: float64 (m,), UTC seconds since 1970.
    """

    customers: Ints
    items: Ints
    weights: Doubles
    times: Doubles

    @classmethod
    def build(
        cls,
        customers: Sequence[int] | Ints,
        items: Sequence[int] | Ints,
        weights: Sequence[float] | Doubles,
        times: Sequence[float] | Doubles,
    ) -> Events:
        """Sort and check. Raises UsageError for weights or times that are not finite."""
        who, what = np.asarray(customers, np.int64), np.asarray(items, np.int64)
        weight, time = np.asarray(weights, np.float64), np.asarray(times, np.float64)
        if not (np.isfinite(weight).all() and np.isfinite(time).all()):
            raise UsageError("an interaction's weight or time is not a finite number")
        order = np.lexsort((what, who, time))
        return cls(who[order], what[order], weight[order], time[order])

    def __len__(self) -> int:
        return len(self.items)

    def where(self, mask: Bools) -> Events:
        """The events that a mask (m,) selects, in the same order."""
        return Events(self.customers[mask], self.items[mask], self.weights[mask], self.times[mask])

    def joined(self, other: Events) -> Events:
        """These and others, in order of time."""
        return Events.build(
            np.concatenate([self.customers, other.customers]),
            np.concatenate([self.items, other.items]),
            np.concatenate([self.weights, other.weights]),
            np.concatenate([self.times, other.times]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """What a model may learn from.

    items: the catalogue; customers: ids; events: what is known.
    asof: UTC seconds; the moment at which the model is fitted: popularity fades and products age towards it.
    unusable: reason → count of interactions that could not be used (e.g. of products that are deleted).
    """

    items: Items
    customers: tuple[str, ...]
    events: Events
    asof: float
    unusable: Mapping[str, int] = field(default_factory=dict)

    def with_events(self, events: Events, asof: float | None = None) -> Dataset:
        """The same shop with other events known, fitted as of another moment."""
        return replace(self, events=events, asof=self.asof if asof is None else asof)

    def until(self, moment: float) -> Dataset:
        """The same shop as it was known just before a moment."""
        return self.with_events(self.events.where(self.events.times < moment), asof=moment)

    def likes(self) -> Events:
        """The events that weigh more than 0, of products that their customer likes on balance."""
        events = self.events
        up = events.weights > 0
        if up.all():
            return events
        pairs = events.customers * np.int64(len(self.items)) + events.items
        # Most pairs have no event below 0: only those that share a cell with one that has are added up.
        cells = np.zeros(CELLS, np.bool_)
        cells[pairs[~up] % CELLS] = True
        doubtful = np.flatnonzero(cells[pairs % CELLS])
        each = distinct(pairs[doubtful])
        place = np.searchsorted(each, pairs[doubtful])
        balance = np.bincount(place, events.weights[doubtful], minlength=len(each))
        up[doubtful] &= balance[place] > 0
        return events.where(up)

    def item_counts(self) -> Ints:
        """int64 (n,): how many customers like each product, on balance."""
        likes, n = self.likes(), len(self.items)
        pairs = distinct(likes.customers * np.int64(n) + likes.items)
        return np.bincount(pairs % max(n, 1), minlength=n).astype(np.int64)

    def histories(self, customers: Ints, now: Doubles) -> Histories:
        """The known events of some customers (positions, any order, each once), asked at ``now`` (c,)."""
        slot = np.full(len(self.customers), -1, np.int64)
        slot[customers] = np.arange(len(customers))
        owner = slot[self.events.customers]
        mine = np.flatnonzero(owner >= 0)
        order = mine[np.argsort(owner[mine], kind="stable")]
        counts = np.bincount(owner[order], minlength=len(customers))
        return Histories(
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            items=self.events.items[order],
            weights=self.events.weights[order],
            times=self.events.times[order],
            now=np.asarray(now, np.float64),
            keys=np.asarray([customer_key(self.customers[c]) for c in customers], np.uint64),
        )


def customer_key(customer_id: str) -> int:
    """A stable 64-bit number of a customer's id (BLAKE2b)."""
    return int.from_bytes(hashlib.blake2b(customer_id.encode(), digest_size=8).digest(), "little")
