"""Attributes: products that share the values of columns with what a customer liked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Floats, Ints, Items
from recommender.models.kept import Kept
from recommender.tallies import Tallies

UNHEARD = -1e4  # below any sum of log ratios
RECENT = 30.0
COMBINATIONS = 4096  # of values that are looked up at once: few enough for a core's first cache


@dataclass(frozen=True, slots=True)
class Attributes:
    """Σ over columns of ln(share of the customer's likes with this value / share of all likes) + popularity.

    A naive Bayes classifier of "would this customer choose it": a customer's share is smoothed by
    ``smoothing`` likes that are spread as all customers' likes are, a value's by one like. Popularity is
    ``popular`` × ln(1 + likes decayed with a half-life of 30 days). Works for products that nobody has chosen
    yet. What it cannot do: customers who liked nothing, shops without columns of words.
    """

    smoothing: float = 2.0
    popular: float = 0.2
    name: str = "attributes"

    def fit(self, data: Dataset) -> FittedAttributes:
        """Count which values were liked how often."""
        return self.over(data.items, Tallies.of(data))

    def over(self, items: Items, tallies: Tallies) -> FittedAttributes:
        """From tallies of products that may have come after they were counted."""
        bonus = (self.popular * np.log1p(tallies.at(RECENT))).astype(np.float32)
        bases = {name: base_rates(codes, tallies.counts) for name, codes in items.attributes.items()}
        packs = packed(items.attributes, {name: len(base) for name, base in bases.items()})
        return FittedAttributes(items.attributes, bases, bonus, self, items.ids, tallies, packs)

    def restored(self, kept: Kept, items: Items) -> FittedAttributes:
        """As it was fitted, on the products of the day."""
        told = kept.over(items)
        first = told.per_item["first"]
        first = np.where(first > 0, first, np.inf)
        earned = np.ascontiguousarray(told.per_item["earned"].T)
        return self.over(items, Tallies(told.per_item["counts"], earned, first))


def base_rates(codes: Ints, counts: Ints) -> Doubles:
    """float64 (values,): each value's share of all likes, every value having one like more; codes: (n,)."""
    there = codes >= 0
    likes = np.bincount(codes[there], counts[there], minlength=int(codes.max(initial=-1)) + 1) + 1.0
    rates: Doubles = likes / likes.sum()
    return rates


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Several columns as one, so that a customer's scores take fewer passes over the catalogue.

    names: of the columns. codes: int64 (n,), a number per combination of their values, a product without a
    value having one more.
    """

    names: tuple[str, ...]
    codes: Ints

    def lifts(self, of: Mapping[str, Floats]) -> Floats:
        """float32 (combinations,): the sums of one customer's lifts, of: name → (values,)."""
        total = np.zeros(1, np.float32)
        for name in self.names:
            total = (total[:, None] + np.append(of[name], np.float32(0))[None, :]).ravel()
        return total


def packed(columns: Mapping[str, Ints], sizes: Mapping[str, int]) -> tuple[Pack, ...]:
    """As few packs of at most ``COMBINATIONS`` combinations as first fit, the largest columns first.

    sizes: name → how many values the column has.
    """
    packs: list[tuple[list[str], int]] = []
    for name in sorted(columns, key=lambda name: (-sizes[name], name)):
        width = sizes[name] + 1
        at = next((at for at, (_, held) in enumerate(packs) if held * width <= COMBINATIONS), None)
        if at is None:
            packs.append(([name], width))
        else:
            packs[at] = ([*packs[at][0], name], packs[at][1] * width)
    made = []
    for names, _ in packs:
        codes = np.zeros(len(columns[names[0]]), np.int64)
        for name in names:
            codes = codes * (sizes[name] + 1) + np.where(columns[name] < 0, sizes[name], columns[name])
        made.append(Pack(tuple(names), codes))
    return tuple(made)


@dataclass(frozen=True, slots=True, eq=False)
class FittedAttributes:
    """columns: name → int64 (n,), the value of each product. bases: name → float64 (values,).

    bonus: float32 (n,), what popularity adds. packs: of the columns.
    """

    columns: Mapping[str, Ints]
    bases: Mapping[str, Doubles]
    bonus: Floats
    recipe: Attributes
    ids: tuple[str, ...]
    tallies: Tallies
    packs: tuple[Pack, ...]
    silence: float = UNHEARD

    @property
    def name(self) -> str:
        """The recipe's word."""
        return self.recipe.name

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n); ``UNHEARD`` for customers who have liked nothing."""
        scores = np.repeat(self.bonus[None, :], len(histories), axis=0)
        lifts = self.lifts(histories)
        for row in range(len(histories)):
            own = {name: of[row] for name, of in lifts.items()}
            for pack in self.packs:
                scores[row] += pack.lifts(own)[pack.codes]
        scores[~self._speaks(histories.wanted(len(self.bonus)))] = UNHEARD
        return scores

    def _speaks(self, liked: sparse.csr_array) -> Bools:
        """bool (c,): customers who liked something that has a value in some column; liked: (c, n)."""
        valued = np.zeros(len(liked.indices), np.bool_)
        for codes in self.columns.values():
            valued |= codes[liked.indices] >= 0
        owners = np.repeat(np.arange(liked.shape[0]), np.diff(liked.indptr))
        found: Bools = np.bincount(owners[valued], minlength=liked.shape[0]) > 0
        return found

    def lifts(self, histories: Histories) -> dict[str, Floats]:
        """name → float32 (c, values): ln of the customer's share of each value over everybody's."""
        liked = histories.wanted(len(self.bonus))
        c = liked.shape[0]
        owners = np.repeat(np.arange(c), np.diff(liked.indptr))
        smooth = self.recipe.smoothing
        found = {}
        for name, codes in self.columns.items():
            base, values = self.bases[name], codes[liked.indices]
            there = values >= 0
            places = owners[there] * len(base) + values[there]
            likes = np.bincount(places, liked.data[there], minlength=c * len(base)).reshape(c, len(base))
            share = (likes + smooth * base) / (likes.sum(axis=1, keepdims=True) + smooth)
            found[name] = np.log(share / base).astype(np.float32)
        return found

    def kept(self) -> Kept:
        """What ``Attributes.restored`` needs."""
        first = np.where(np.isfinite(self.tallies.first), self.tallies.first, 0.0)
        earned = np.ascontiguousarray(self.tallies.earned.T)
        return Kept(self.ids, {"counts": self.tallies.counts, "earned": earned, "first": first})
