"""What the ranker sees of a customer and a candidate, from what was known before the question alone.

Every feature has a name ``family: what``; the family is what a reason is told by. A feature that does not
exist (no photo, no price, nothing liked) is NaN, which the trees know how to treat.

    FAMILY: standing    the source's standing, 0 where it does not propose the product
    FAMILY: score       the source's own score
    looks: nearest, mean, three nearest     cosines to what was liked
    attributes: COLUMN  ln(the customer's share of this value / everybody's)
    value: COLUMN       ln(1 + what other products of this value earn on average), half-life 30 days
    popular: H days     ln(1 + likes decayed with a half-life of H days)
    price: distance     |ln price - mean ln price of what was liked|
    item: age, days on sale, likes          days since arrival and since the first like; ln(1 + likes)
    customer: likes, idle                   products liked, days since the last event
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recommender.histories import DAY, Histories
from recommender.items import Doubles, Floats, Ints, Items
from recommender.models.attributes import RECENT, FittedAttributes
from recommender.ranker.pairs import Pairs
from recommender.tallies import HALF_LIVES, Tallies

BLEND = "blend"
NEAREST = 3


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """What features are made of: the catalogue, what its products earned, and the attributes' base rates.

    values: column → float32 (n,), what other products of the same value earn. logs: float64 (n,), ln price.
    """

    items: Items
    tallies: Tallies
    attributes: FittedAttributes
    values: Mapping[str, Floats]
    logs: Doubles

    @classmethod
    def over(cls, items: Items, tallies: Tallies, attributes: FittedAttributes) -> Signals:
        """From a catalogue and the tallies of its products."""
        earned = tallies.at(RECENT)
        values = {name: _of_others(codes, earned) for name, codes in items.attributes.items()}
        return cls(items, tallies, attributes, values, _logs(items.prices))

    def priced(self, items: Items) -> Signals:
        """Of the same products at other prices."""
        return replace(self, items=items, logs=_logs(items.prices))

    def of(self, histories: Histories, pairs: Pairs, sources: tuple[str, ...]) -> dict[str, Floats]:
        """name → float32 (p,); sources: their words, in the order of ``pairs.standing``."""
        rows, owners = pairs.rows, pairs.owners
        found: dict[str, Floats] = {}
        for at, name in enumerate(sources):
            found[f"{name}: standing"] = pairs.standing[at]
            found[f"{name}: score"] = pairs.raw[at]
        wanted = histories.wanted(len(self.items))
        found |= self._looks(wanted, pairs)
        lifts = self.attributes.lifts(histories)
        liked = np.diff(wanted.indptr) > 0
        for name, codes in self.items.attributes.items():
            there = (codes[rows] >= 0) & liked[owners]
            lift = np.full(len(rows), np.nan, np.float32)
            lift[there] = lifts[name][owners[there], codes[rows[there]]]
            found[f"attributes: {name}"] = lift
            found[f"value: {name}"] = self.values[name][rows]
        for half_life, earned in zip(HALF_LIVES, self.tallies.earned, strict=True):
            found[f"popular: {half_life:g} days"] = np.log1p(earned[rows]).astype(np.float32)
        found |= self._moments(histories, wanted, rows, owners)
        return found

    def _looks(self, liked: sparse.csr_array, pairs: Pairs) -> dict[str, Floats]:
        """Cosines of the candidates to what each customer liked (c, n)."""
        nearest, mean, three = (np.full(len(pairs), np.nan, np.float32) for _ in range(3))
        customers = liked.shape[0]
        ends = np.concatenate([[0], np.cumsum(pairs.sizes(customers))])
        has = self.items.has_vector
        for row in range(customers):
            where = slice(int(liked.indptr[row]), int(liked.indptr[row + 1]))
            products, weights = liked.indices[where], liked.data[where]
            products, weights = products[has[products]], weights[has[products]]
            part = np.arange(ends[row], ends[row + 1])
            part = part[has[pairs.rows[part]]]
            if not len(products) or not len(part):
                continue
            cosines = self.items.vectors[pairs.rows[part]] @ self.items.vectors[products].T
            few = min(NEAREST, len(products))
            nearest[part] = cosines.max(axis=1)
            mean[part] = cosines @ (weights / weights.sum()).astype(np.float32)
            three[part] = np.partition(cosines, -few, axis=1)[:, -few:].mean(axis=1)
        return {"looks: nearest": nearest, "looks: mean": mean, "looks: three nearest": three}

    def _moments(
        self, histories: Histories, liked: sparse.csr_array, rows: Ints, owners: Ints
    ) -> dict[str, Floats]:
        """Prices, ages and the customer's own figures."""
        count = np.diff(liked.indptr)
        usual = _means(self.logs[liked.indices], np.repeat(np.arange(len(histories)), count), len(histories))
        last = np.full(len(histories), -np.inf)
        np.maximum.at(last, histories.owners, histories.times)
        now = histories.now[owners]
        idle = np.where(np.isfinite(last), (histories.now - last) / DAY, np.nan)
        told = {
            "price: distance": np.abs(self.logs[rows] - usual[owners]),
            "item: age": _days(now, self.items.arrived[rows]),
            "item: days on sale": _days(now, self.tallies.first[rows]),
            "item: likes": np.log1p(self.tallies.counts[rows]),
            "customer: likes": count[owners].astype(np.float64),
            "customer: idle": idle[owners],
        }
        return {name: values.astype(np.float32) for name, values in told.items()}


def matrix(named: Mapping[str, Floats], names: tuple[str, ...], count: int) -> Floats:
    """float32 (p, features) in the order of ``names``; a column that there is no longer is NaN."""
    missing = np.full(count, np.nan, np.float32)
    columns = [named.get(name, missing) for name in names]
    return np.ascontiguousarray(np.stack(columns, axis=1)) if columns else np.zeros((count, 0), np.float32)


def _logs(prices: Doubles) -> Doubles:
    """ln price, NaN where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs: Doubles = np.where(prices > 0, np.log(prices), np.nan)
    return logs


def _of_others(codes: Ints, earned: Doubles) -> Floats:
    """ln(1 + mean of what the other products of the same value earned); NaN where there is no value."""
    there = codes >= 0
    found = np.full(len(codes), np.nan, np.float32)
    count = np.bincount(codes[there], minlength=1)
    total = np.bincount(codes[there], earned[there], minlength=1)
    own = codes[there]
    found[there] = np.log1p((total[own] - earned[there]).clip(0) / np.maximum(count[own] - 1, 1))
    return found


def _means(values: Doubles, owners: Ints, customers: int) -> Doubles:
    """The mean of each customer's finite values, NaN where there is none."""
    there = np.isfinite(values)
    count = np.bincount(owners[there], minlength=customers)
    total = np.bincount(owners[there], values[there], minlength=customers)
    found: Doubles = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found


def _days(now: Doubles, since: Doubles) -> Doubles:
    """Days from ``since`` to ``now``, NaN where it is not known or still to come."""
    age = (now - since) / DAY
    found: Doubles = np.where(np.isfinite(age) & (age >= 0), age, np.nan)
    return found
