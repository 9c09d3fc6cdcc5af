"""Small data with answers one can see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from recommender.dataset import Dataset, Events, customer_key
from recommender.evaluation.splits import split
from recommender.histories import DAY, Histories
from recommender.items import Items

Event = tuple[str, str, float, float]  # customer, product, weight, day

SHOES = {"shoe1": (1.0, 0.0, 0.0), "shoe2": (0.96, 0.28, 0.0), "shoe3": (0.8, 0.6, 0.0)}
HATS = {"hat1": (0.0, 0.0, 1.0), "hat2": (0.0, 0.28, 0.96)}
LOOKS = {**SHOES, **HATS}


def items_of(
    looks: Mapping[str, Sequence[float]] = LOOKS,
    more: Sequence[str] = (),
    arrived: Mapping[str, float] | None = None,
    categories: Mapping[str, str | None] | None = None,
) -> Items:
    """Products with looks, ``more`` without; arrived: product → day."""
    vectors = {name: np.asarray(v, np.float32) for name, v in looks.items()}
    days = {name: day * DAY for name, day in (arrived or {}).items()}
    return Items.build([*looks, *more], vectors=vectors, arrived=days, categories=categories, space="toy")


def data_of(items: Items, events: Sequence[Event], asof: float = 100.0) -> Dataset:
    """A dataset as of a day."""
    customers = tuple(sorted({e[0] for e in events}))
    return Dataset(
        items=items,
        customers=customers,
        events=Events.build(
            [customers.index(e[0]) for e in events],
            items.rows([e[1] for e in events]),
            [e[2] for e in events],
            [e[3] * DAY for e in events],
        ),
        asof=asof * DAY,
    )


def history_of(items: Items, events: Sequence[tuple[str, float, float]], now: float = 100.0) -> Histories:
    """One customer: (product, weight, day)."""
    return Histories.single(
        items.rows([e[0] for e in events]).tolist(),
        [e[1] for e in events],
        [e[2] * DAY for e in events],
        now * DAY,
        customer_key("somebody"),
    )


def by_id(items: Items, row: Sequence[float]) -> dict[str, float]:
    """Scores by product."""
    return {name: float(row[at]) for name, at in items.row_of.items()}


def best(items: Items, row: Sequence[float], without: Sequence[str] = ()) -> list[str]:
    """Products by falling score."""
    scores = {name: score for name, score in by_id(items, row).items() if name not in without}
    return sorted(scores, key=lambda name: -scores[name])


def shop_like(customers: int = 120, products: int = 90, groups: int = 6, seed: int = 3) -> Dataset:
    """Customers who each like one group of look-alike products, over 200 days, with some chance."""
    rng = np.random.default_rng(seed)
    centres = np.eye(groups, 8)
    looks = {f"p{i:03d}": _unit(centres[i % groups] + rng.normal(0, 0.15, 8)) for i in range(products)}
    items = Items.build(
        list(looks), vectors=looks, categories={p: f"c{int(p[1:]) // groups % 4}" for p in looks}
    )
    events: list[Event] = []
    for c in range(customers):
        group = int(rng.integers(groups))
        for day in np.sort(rng.uniform(0, 200, int(rng.integers(4, 14)))):
            own = rng.random() < 0.85
            product = (
                int(rng.integers(products // groups)) * groups + group if own else int(rng.integers(products))
            )
            events.append((f"c{c:03d}", f"p{product % products:03d}", 1.0, float(day)))
    return data_of(items, events, asof=201.0)


def with_returns(data: Dataset, lesson: int) -> Dataset:
    """The same where everything was sent back in one validation window of the time split, so that it asks
    nobody; lesson: which, from 0 or, from the newest, from -1.
    """
    edges = [lesson.exam.histories.now.min() for lesson in split(data, "time").lessons]
    edges.append(split(data, "time").until)
    opens, closes = edges[:-1][lesson], edges[1:][lesson]
    events = data.events
    inside = (events.times >= opens) & (events.times < closes)
    weights = np.where(inside, -0.6, events.weights)
    return data.with_events(Events.build(events.customers, events.items, weights, events.times))


def _unit(vector: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
