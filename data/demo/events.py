"""What the customers did: visits with views, clicks, likes, carts, purchases, ratings, returns, dislikes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from data.demo.customers import Customers
from data.demo.dials import Dials
from data.demo.preferences import Preferences
from data.demo.stock import Matrix, Stock

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Event:
    """One interaction; ``value`` only with "rate" (1 to 5)."""

    event_id: str
    customer_id: str
    product_id: str
    event: str
    value: int | None
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class _Raw:
    second: int
    customer: int
    product: int
    event: str
    value: int | None = None


class Simulation:
    """Customers walk through the shop, visit after visit; ``events`` is what the shop's log would hold."""

    def __init__(self, stock: Stock, customers: Customers, dials: Dials, seed: int) -> None:
        self._stock, self._customers, self._dials = stock, customers, dials
        self._rng = np.random.default_rng([seed, 0xE7E2])
        self._preferences = Preferences.build(stock, customers, dials)
        self._season = stock.in_season()
        self._shown = float(np.sqrt(dials.visual_share))

    def events(self) -> list[Event]:
        """All events in the order of time, with ids that rise with it."""
        raw: list[_Raw] = []
        for customer in range(len(self._customers.ids)):
            raw += self._life(customer)
        raw.sort(key=lambda e: (e.second, e.customer, e.product, e.event))
        stock, customers, start = self._stock.ids, self._customers.ids, self._dials.start
        return [
            Event(
                f"e{i + 1:06d}",
                customers[e.customer],
                stock[e.product],
                e.event,
                e.value,
                start + timedelta(seconds=e.second),
            )
            for i, e in enumerate(raw)
        ]

    def _life(self, customer: int) -> list[_Raw]:
        """All visits of one customer."""
        rng, people, days = self._rng, self._customers, self._dials.days
        count = int(people.visits[customer])
        dates = np.sort(np.floor(rng.uniform(people.joined[customer], days - 1, count)))
        bought: set[int] = set()
        events: list[_Raw] = []
        for date in dates:
            hour = float(np.clip(rng.choice([rng.normal(12.5, 2.0), rng.normal(20.0, 1.6)]), 6.0, 23.4))
            events += self._visit(customer, float(date), int(date * _DAY + hour * 3600), bought)
        return events[:1] if people.single[customer] else events

    def utility(self, customer: int, day: float) -> tuple[Matrix, Matrix]:
        """(n,) utility of every product on a day, without errand and noise, and the liking in it.

        The utility is -inf before a product is added."""
        dials, stock = self._dials, self._stock
        liking = self._preferences.on_day(customer, day)
        quarter = ((dials.start + timedelta(days=day)).month // 3 + 3) % 4
        total = (
            dials.taste * liking
            + dials.popularity * stock.popularity[:, min(int(day // 28), stock.popularity.shape[1] - 1)]
            + dials.novelty * ((stock.added_day <= day) & (stock.added_day > day - 21))
            + self._shown * dials.season * self._season[:, quarter]
        )
        return np.where(stock.added_day <= day, total, -np.inf), liking

    def _visit(self, customer: int, day: float, second: int, bought: set[int]) -> list[_Raw]:
        rng, dials = self._rng, self._dials
        utility, liking = self.utility(customer, day)
        focus = int(
            rng.choice(len(self._customers.categories[customer]), p=self._customers.categories[customer])
        )
        utility = utility + self._shown * dials.errand * (self._stock.category == focus)
        utility[list(bought)] -= 4.0
        noisy = utility + dials.noise * rng.gumbel(size=len(utility))
        seen = np.argsort(-noisy, kind="stable")[: int(rng.integers(2, 6))]
        events: list[_Raw] = []
        for product in (int(i) for i in seen if np.isfinite(noisy[i])):
            second += int(rng.integers(8, 120))
            events += self._look(customer, product, second, float(liking[product]), bought)
        return events

    def _look(self, customer: int, product: int, second: int, liking: float, bought: set[int]) -> list[_Raw]:
        """One product's page: from the view onwards, as far as the customer goes."""
        rng = self._rng
        chance = rng.random(7)
        events = [_Raw(second, customer, product, "view")]
        if chance[0] < _odds(-1.8 - 1.2 * liking):
            return [*events, _Raw(second + 4, customer, product, "dislike")]
        if chance[1] > _odds(-0.5 + 0.8 * liking):
            return events
        events.append(_Raw(second + 5, customer, product, "click"))
        if chance[2] < _odds(-2.35 + 0.7 * liking):
            events.append(_Raw(second + 9, customer, product, "like"))
        if chance[3] > _odds(-1.75 + 0.8 * liking):
            return events
        events.append(_Raw(second + 14, customer, product, "cart"))
        if chance[4] > 0.66:
            return events
        bought.add(product)
        events.append(_Raw(second + 40, customer, product, "purchase"))
        return events + self._after(customer, product, second + 40, liking, chance[5:])

    def _after(
        self, customer: int, product: int, second: int, liking: float, chance: NDArray[np.float64]
    ) -> list[_Raw]:
        """A return or a rating some days after a purchase, as far as the records reach."""
        rng, last = self._rng, int(self._dials.days * _DAY) - 1
        if chance[0] < _odds(-0.9 - 0.9 * liking):
            back = second + int(rng.uniform(4, 18) * _DAY)
            return [_Raw(back, customer, product, "return")] if back <= last else []
        if chance[1] < 0.25:
            told = second + int(rng.uniform(2, 12) * _DAY)
            stars = int(np.clip(round(3.0 + 0.8 * liking + rng.normal(0, 0.7)), 1, 5))
            return [_Raw(told, customer, product, "rate", stars)] if told <= last else []
        return []


def _odds(value: float) -> float:
    return float(1.0 / (1.0 + np.exp(-value)))
