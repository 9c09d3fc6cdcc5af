"""What learning models are taught: everybody's likes in order of time, and some held back to stop by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Floats, Ints

HELD_SHARE = 0.2  # of the customers with two likes or more
MOST_HELD = 500  # customers; more would cost time and tell no more
REDRAWS = 20  # of products that turn out to be liked


@dataclass(frozen=True, slots=True, eq=False)
class Likes:
    """Each product that a customer likes on balance, once, in the order of its last positive event.

    starts: int64 (c + 1,): customer r owns ``starts[r]:starts[r + 1]``. items: int64 (m,), rows of ``Items``.
    times: float64 (m,), UTC seconds. n: products in the catalogue.
    """

    starts: Ints
    items: Ints
    times: Doubles
    n: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def owners(self) -> Ints:
        """int64 (m,): the customer of each like."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.starts))

    def matrix(self) -> sparse.csr_array:
        """Customers × products (c, n), float32, 1 where liked."""
        cells = (np.ones(len(self.items), np.float32), (self.owners, self.items))
        return sparse.csr_array(sparse.coo_array(cells, shape=(len(self), self.n)))

    def counts(self) -> Ints:
        """int64 (n,): how many customers like each product."""
        return np.bincount(self.items, minlength=self.n).astype(np.int64)

    def pool(self) -> Ints:
        """int64 (p,), rising: the products that anybody likes, all products where nobody likes any.

        Products that nobody likes are no evidence of dislike: most of them had no chance yet.
        """
        liked = np.flatnonzero(self.counts())
        return (liked if len(liked) else np.arange(self.n)).astype(np.int64)

    def of(self, customers: Ints) -> Likes:
        """The likes of some customers, in the order given."""
        sizes = np.diff(self.starts)[customers]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        places = np.arange(starts[-1]) + np.repeat(self.starts[customers] - starts[:-1], sizes)
        return Likes(starts, self.items[places], self.times[places], self.n)

    def keep(self, mask: Bools) -> Likes:
        """The likes that a mask (m,) selects; all customers stay."""
        sizes = np.bincount(self.owners[mask], minlength=len(self))
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return Likes(starts, self.items[mask], self.times[mask], self.n)


def likes_of(histories: Histories, n: int) -> Likes:
    """The likes of a batch of histories."""
    width = np.int64(max(n, 1))
    up = np.flatnonzero(histories.weights > 0)
    keys = histories.owners[up] * width + histories.items[up]
    _, newest = np.unique(keys[::-1], return_index=True)
    at = np.sort(len(up) - 1 - newest)
    wanted = histories.wanted(n)
    on_balance = np.repeat(np.arange(len(histories)), np.diff(wanted.indptr)) * width + wanted.indices
    at = at[np.isin(keys[at], on_balance)]
    sizes = np.bincount(histories.owners[up[at]], minlength=len(histories))
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Likes(starts, histories.items[up[at]], histories.times[up[at]], n)


def likes_in(data: Dataset) -> Likes:
    """The likes of all customers of a dataset."""
    everyone = np.arange(len(data.customers), dtype=np.int64)
    return likes_of(data.histories(everyone, np.full(len(everyone), data.asof)), len(data.items))


@dataclass(frozen=True, slots=True, eq=False)
class HeldBack:
    """taught: what is learnt from. told: the remaining likes of h customers. wanted: int64 (h,), the last
    like of each of them, which is asked for.
    """

    taught: Likes
    told: Likes
    wanted: Ints

    def __len__(self) -> int:
        return len(self.wanted)

    def quality(self, scores: Floats) -> float:
        """Mean 1 / log2(1 + rank) of what is wanted, among all products that are not told (NDCG without a
        cut). scores: (h, n). Equal scores share their mean rank. NaN where nobody is held back.
        """
        if not len(self):
            return float("nan")
        own = scores[np.arange(len(self)), self.wanted][:, None]
        free = np.ones(scores.shape, np.bool_)
        free[self.told.owners, self.told.items] = False
        rank = 1 + ((scores > own) & free).sum(axis=1) + 0.5 * (((scores == own) & free).sum(axis=1) - 1)
        return float(np.mean(1 / np.log2(1 + rank)))


def hold_back(likes: Likes, seed: int) -> HeldBack:
    """Hold back the last like of a share of the customers, drawn by seed among those with two or more."""
    able = np.flatnonzero(np.diff(likes.starts) >= 2)
    count = min(int(np.ceil(len(able) * HELD_SHARE)), MOST_HELD)
    who = np.sort(np.random.default_rng(seed).permutation(able)[:count])
    last = likes.starts[who + 1] - 1
    stays = np.ones(len(likes.items), np.bool_)
    stays[last] = False
    taught = likes.keep(stays)
    return HeldBack(taught, taught.of(who), likes.items[last])


class Negatives:
    """Draws products that a customer does not like.

    likes: what is liked. pool: int64 (p,), the products to draw from, evenly.
    """

    def __init__(self, likes: Likes, pool: Ints) -> None:
        self._n = np.int64(max(likes.n, 1))
        self._liked = np.sort(likes.owners * self._n + likes.items)
        self._pool = pool

    def draw(self, owners: Ints, random: np.random.Generator) -> Ints:
        """int64 (b,): one product per owner. After ``REDRAWS`` rounds a liked product may remain, where a
        customer likes nearly all of the pool.
        """
        drawn = self._pool[random.integers(len(self._pool), size=len(owners))]
        for _ in range(REDRAWS):
            keys = owners * self._n + drawn
            place = np.minimum(np.searchsorted(self._liked, keys), len(self._liked) - 1)
            wrong = np.flatnonzero(self._liked[place] == keys)
            if not len(wrong):
                break
            drawn[wrong] = self._pool[random.integers(len(self._pool), size=len(wrong))]
        return drawn
