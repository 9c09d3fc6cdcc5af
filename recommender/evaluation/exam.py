"""An exam: customers with what may be known of them, and what they really chose afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recommender.dataset import Dataset, Events
from recommender.distinct import among, count_of, distinct
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Ints, Items

CHOICE = 0.5
ANY = 1e-9
FEWEST_CHOOSERS = 25
NO_EVENT = "no_event_in_window"
NOT_HELD_OUT = "not_held_out"
NOTHING_LIKED = "nothing_liked_in_window"
ONLY_SEEN = "only_products_seen_before"
NOT_ARRIVED = "only_products_not_yet_in_the_catalogue"
ONLY_WARM = "only_products_that_are_not_cold"


@dataclass(frozen=True, slots=True, eq=False)
class Exam:
    """c customers who are asked about, all with at least one product to find.

    who: int64 (c,), positions in the dataset's customers.
    histories: what may be known of them. wanted: bool CSR (c, n), what they chose.
    items: the catalogue that is ranked, whole. excluded: reason → customers who could not be asked.
    dropped: reason → chosen products that could not be found (seen before, not yet there).
    repeat: whether products that a customer has met are ranked too, and count when they are chosen again.
    untold: bool CSR (c, n), products that a customer has met though the history does not tell; None: none.
    """

    who: Ints
    histories: Histories
    wanted: sparse.csr_array
    items: Items
    excluded: Mapping[str, int]
    dropped: Mapping[str, int]
    repeat: bool = False
    untold: sparse.csr_array | None = None

    def __len__(self) -> int:
        return len(self.who)

    def first(self, count: int) -> Exam:
        """The first ``count`` customers only (they are in the order of their ids' positions)."""
        if count >= len(self):
            return self
        return replace(
            self,
            who=self.who[:count],
            histories=self.histories.part(0, count),
            wanted=self.wanted[:count],
            untold=None if self.untold is None else self.untold[:count],
        )

    def with_histories(self, histories: Histories, others: Ints) -> Exam:
        """The same questions with other histories (c,), those of the customers ``others`` (c,)."""
        return replace(self, histories=histories, untold=None if self.untold is None else self.untold[others])

    @property
    def wanted_counts(self) -> Ints:
        """int64 (c,): how many products each customer chose."""
        counts: Ints = np.diff(self.wanted.indptr).astype(np.int64)
        return counts

    def barred(self, first: int, last: int) -> Bools:
        """bool (last - first, n): products that these customers have met (not where choices may repeat), or
        that are not there yet when asked.
        """
        part = self.histories.part(first, last)
        n = len(self.items)
        met: Bools = np.zeros((len(part), n), np.bool_) if self.repeat else part.met(n)
        if self.untold is not None and not self.repeat:
            met |= self.untold[first:last].toarray()
        late = np.flatnonzero(self.items.arrived > part.now.min(initial=np.inf))
        met[:, late] |= self.items.arrived[None, late] > part.now[:, None]
        return met

    def wanted_mask(self, first: int, last: int) -> Bools:
        """bool (last - first, n)."""
        mask: Bools = self.wanted[first:last].toarray().astype(np.bool_)
        return mask


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Something to tune on: fit on ``known``, look at the answers of ``exam``. It never meets the test."""

    known: Dataset
    exam: Exam


def asking(lessons: Sequence[Lesson]) -> list[Lesson]:
    """Those that ask somebody: in a window of returns, or of customers who were new, there may be nobody."""
    return [lesson for lesson in lessons if len(lesson.exam)]


def choice_threshold(events: Events) -> float:
    """From which balance of weights a product counts as chosen.

    0.5, half a purchase: a like, a cart, a purchase, a good rating, or many views. Where fewer than
    ``FEWEST_CHOOSERS`` customers ever reach that in one event, any positive balance counts.
    """
    strong = events.weights >= CHOICE
    return CHOICE if count_of(events.customers[strong]) >= FEWEST_CHOOSERS else ANY


def hold_exam(
    known: Dataset,
    window: Events,
    before: Events | None = None,
    choice: float = ANY,
    repeat: bool = False,
    now: float | None = None,
) -> Exam:
    """Ask every customer with events in ``window`` what they chose there.

    known: the histories are its events. before: events whose (customer, product) pairs are seen, where that
    is more than ``known`` holds. A customer is asked at the time of their first event in the window: the
    catalogue is what had arrived by then. What counts as chosen: products whose weights in the window add
    up to ``choice``. repeat: products that were seen before count and are ranked as all others. now: when
    everybody is asked instead, in UTC seconds, for a split that does not go by time. Customers that cannot
    be asked are counted by the first reason that holds, none is dropped silently.
    """
    n = len(known.items)
    first = np.full(len(known.customers), np.inf)
    np.minimum.at(first, window.customers, window.times)
    active = np.flatnonzero(np.isfinite(first))
    if now is not None:
        first[:] = now
    excluded = {NO_EVENT: len(known.customers) - len(active)}
    pairs, sums = _balances(window, n)
    pairs = pairs[sums >= choice]
    excluded[NOTHING_LIKED] = len(active) - count_of(pairs // n)
    seen = np.zeros(len(pairs), np.bool_)
    if not repeat:
        seen = _met(pairs, known.events if before is None else before, n)
    fresh = pairs[~seen]
    excluded[ONLY_SEEN] = count_of(pairs // n) - count_of(fresh // n)
    late = known.items.arrived[fresh % n] > first[fresh // n]
    found = fresh[~late]
    who = distinct(found // n)
    excluded[NOT_ARRIVED] = count_of(fresh // n) - len(who)
    return Exam(
        who=who,
        histories=known.histories(who, first[who]),
        wanted=_table(found, who, n),
        items=known.items,
        excluded={reason: count for reason, count in excluded.items() if count},
        dropped={"seen_before": int(seen.sum()), "not_yet_in_the_catalogue": int(late.sum())},
        repeat=repeat,
        untold=None if before is None else _untold(before, known.events, who, n),
    )


def _untold(before: Events, told: Events, who: Ints, n: int) -> sparse.csr_array:
    """Of the customers who: what they met in ``before`` and not in what is told of them."""
    met = distinct(_pairs(before, n))
    return _table(met[among(met // n, who) & ~_met(met, told, n)], who, n)


def _pairs(events: Events, n: int) -> Ints:
    return events.customers * np.int64(n) + events.items


def _balances(events: Events, n: int) -> tuple[Ints, Doubles]:
    """Distinct (customer, product) pairs as one number each, and the sum of their weights."""
    each = _pairs(events, n)
    pairs = distinct(each)
    place = np.searchsorted(pairs, each)
    return pairs, np.bincount(place, events.weights, minlength=len(pairs)).astype(np.float64)


def _met(pairs: Ints, events: Events, n: int) -> Bools:
    """bool, as long as ``pairs``: which of them the events hold already."""
    asked = np.zeros(
        max(int(events.customers.max(initial=-1)), int(pairs.max(initial=-1)) // n) + 1, np.bool_
    )
    asked[pairs // n] = True
    return among(pairs, _pairs(events.where(asked[events.customers]), n))


def _table(pairs: Ints, who: Ints, n: int) -> sparse.csr_array:
    rows = np.searchsorted(who, pairs // n)
    ones = np.ones(len(pairs), np.bool_)
    return sparse.csr_array(sparse.coo_array((ones, (rows, pairs % n)), shape=(len(who), n)))
