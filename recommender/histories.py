"""What customers did, as arrays: a batch of histories, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from recommender.items import Bools, Doubles, Ints

DAY = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """The events of c customers, in compressed rows, oldest first within a customer.

    starts: int64 (c + 1,): customer r owns events ``starts[r]:starts[r + 1]``.
    items: int64 (m,), rows of ``Items``.
    weights: float64 (m,), signed: above 0 for liking, below 0 for dislikes and returns.
    times: float64 (m,), UTC seconds since 1970.
    now: float64 (c,), the moment at which each customer is to be recommended something.
    keys: uint64 (c,), a stable number per customer (for the random model).
    """

    starts: Ints
    items: Ints
    weights: Doubles
    times: Doubles
    now: Doubles
    keys: np.ndarray[tuple[int], np.dtype[np.uint64]]
    _wanted: dict[tuple[int, float], sparse.csr_array] = field(default_factory=dict, repr=False)

    @classmethod
    def single(
        cls, items: Sequence[int], weights: Sequence[float], times: Sequence[float], now: float, key: int = 0
    ) -> Histories:
        """The history of one customer (events in any order)."""
        order = np.argsort(np.asarray(times, np.float64), kind="stable")
        return cls(
            starts=np.asarray([0, len(items)], np.int64),
            items=np.asarray(items, np.int64)[order],
            weights=np.asarray(weights, np.float64)[order],
            times=np.asarray(times, np.float64)[order],
            now=np.asarray([now], np.float64),
            keys=np.asarray([key], np.uint64),
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def owners(self) -> Ints:
        """int64 (m,): which customer of the batch each event belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.starts))

    def part(self, first: int, last: int) -> Histories:
        """Customers ``first`` to ``last`` (exclusive) as a batch of their own."""
        low, high = self.starts[first], self.starts[last]
        return Histories(
            starts=self.starts[first : last + 1] - low,
            items=self.items[low:high],
            weights=self.weights[low:high],
            times=self.times[low:high],
            now=self.now[first:last],
            keys=self.keys[first:last],
        )

    def of(self, rows: Ints) -> Histories:
        """Some customers, by their positions, as a batch of their own."""
        sizes = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        events = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], sizes)
        return Histories(
            starts=starts,
            items=self.items[events],
            weights=self.weights[events],
            times=self.times[events],
            now=self.now[rows],
            keys=self.keys[rows],
        )

    def liked(self) -> Ints:
        """int64 (c,): how many different products each customer has liked on balance (see ``wanted``)."""
        counts: Ints = np.diff(self.wanted(1).indptr).astype(np.int64)
        return counts

    def faded(self, half_life: float) -> Doubles:
        """Weights halved for every ``half_life`` days before the customer's own last event; inf: unfaded.

        Relative to the own last event, so that a customer who comes back after a year has a taste all the
        same.
        """
        if not np.isfinite(half_life) or not len(self.items):
            return self.weights
        last = np.full(len(self), -np.inf)
        np.maximum.at(last, self.owners, self.times)
        age = (last[self.owners] - self.times) / DAY
        faded: Doubles = self.weights * np.exp2(-age / half_life)
        return faded

    def matrix(self, values: Doubles, n: int) -> sparse.csr_array:
        """Customers × products (c, n), several events on one product added up."""
        width = max(n, int(self.items.max()) + 1 if len(self.items) else 1)
        return sparse.csr_array(
            sparse.coo_array((values, (self.owners, self.items)), shape=(len(self), width)).tocsr()
        )

    def wanted(self, n: int, half_life: float = np.inf) -> sparse.csr_array:
        """Customers × products: the faded weight of products liked on balance, others left out.

        Asked for by most sources and features of one answer, so it is made once; not to be changed.
        """
        if (n, half_life) not in self._wanted:
            sums = self.matrix(self.faded(half_life), n)
            sums.data[sums.data <= 0] = 0.0
            sums.eliminate_zeros()
            self._wanted[n, half_life] = sums
        return self._wanted[n, half_life]

    def unwanted(self, n: int, half_life: float = np.inf) -> sparse.csr_array:
        """Customers × products: how much, above 0, products are disliked on balance, others left out."""
        sums = self.matrix(-self.faded(half_life), n)
        sums.data[sums.data <= 0] = 0.0
        sums.eliminate_zeros()
        return sums

    def met(self, n: int) -> Bools:
        """bool (c, n): products that a customer has had anything to do with."""
        seen = np.zeros((len(self), n), np.bool_)
        seen[self.owners, self.items] = True
        return seen
