"""What the simulated customers truly like: the part that a photo shows, and the part that none shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.demo.customers import Customers
from data.demo.dials import Dials
from data.demo.stock import Matrix, Stock

_DAY = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Preferences:
    """How much m customers truly like n products, in deviations over the products.

    visible: (2, m, n), at the first and at the last moment, from colour, pattern, shape and category alone.
    hidden: (m, n), from the hidden style, gender and price, without what visible attributes could tell of it
    (see ``Stock.seen``). Both have mean 0 and variance 1 over the products of every customer.

    Popularity, season, novelty and errands are no part of it: they move what is met and bought, not what is
    liked.
    """

    customer_ids: list[str]
    product_ids: list[str]
    visible: Matrix
    hidden: Matrix
    dials: Dials

    @classmethod
    def build(cls, stock: Stock, people: Customers, dials: Dials) -> Preferences:
        """The likings of these customers for these products."""
        return cls(
            people.ids, stock.ids, _visible(stock, people, dials), _hidden(stock, people, dials), dials
        )

    def on_day(self, customer: int, day: float) -> Matrix:
        """(n,): a customer's liking on a day since the start; its variance is 1, of which ρ is visible."""
        gone = self.dials.drift * min(max(day / self.dials.days, 0.0), 1.0)
        looks = _in_deviations((1 - gone) * self.visible[0, customer] + gone * self.visible[1, customer])
        rho = self.dials.visual_share
        return np.asarray(np.sqrt(rho) * looks + np.sqrt(1 - rho) * self.hidden[customer])

    def at(
        self, customers: Sequence[str], moments: Iterable[float], products: Sequence[str]
    ) -> NDArray[np.float64]:
        """(c, p): the likings of customers, each at a moment in UTC seconds, for products in this order.

        NaN for customers and products that are not of the simulation.
        """
        row = {customer: i for i, customer in enumerate(self.customer_ids)}
        column = {product: i for i, product in enumerate(self.product_ids)}
        place = np.array([column.get(product, -1) for product in products], dtype=np.int64)
        table = np.full((len(customers), len(products)), np.nan)
        start = self.dials.start.timestamp()
        for i, (customer, moment) in enumerate(zip(customers, moments, strict=True)):
            if customer in row:
                liking = self.on_day(row[customer], np.floor((moment - start) / _DAY))
                table[i] = np.where(place >= 0, liking[place], np.nan)
        return table


def _visible(stock: Stock, people: Customers, dials: Dials) -> Matrix:
    total = np.zeros((2, len(people.ids), len(stock.ids)))
    blocks = (
        people.colours @ stock.colours().T,
        people.patterns @ stock.patterns().T,
        people.shapes @ stock.shapes().T,
        np.sqrt(people.categories)[:, stock.category],
    )
    for block, share in zip(blocks, dials.visible, strict=True):
        total += np.sqrt(share) * _in_deviations(block)
    return _in_deviations(total)


def _hidden(stock: Stock, people: Customers, dials: Dials) -> Matrix:
    for_whom, who = np.array([spec.gender or "" for spec in stock.specs]), np.array(people.gender)
    blocks = (
        people.style[:, : dials.hidden_factors] @ stock.style[:, : dials.hidden_factors].T,
        -((for_whom != who[:, None]) & np.isin(for_whom, ("women", "men"))).astype(np.float64),
        -np.abs(stock.log_price - people.spend[:, None]),
    )
    seen = stock.seen()
    total = np.zeros((len(people.ids), len(stock.ids)))
    for block, share in zip(blocks, dials.hidden, strict=True):
        total += np.sqrt(share) * _in_deviations(block - (block @ seen) @ seen.T)
    return _in_deviations(total)


def _in_deviations(values: Matrix) -> Matrix:
    spread = values.std(-1, keepdims=True)
    return np.asarray((values - values.mean(-1, keepdims=True)) / np.maximum(spread, 1e-9))
