"""A shop in which customers like one of four looks each, in an order that repeats."""

from __future__ import annotations

import numpy as np

from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Floats, Items
from tests.recommender.makers import Event, data_of, history_of

GROUPS, EACH = 4, 8


def product(group: int, place: int) -> str:
    """The product at a place of a group."""
    return f"g{group}-{place % EACH}"


def planted(customers: int = 60, seed: int = 5) -> Dataset:
    """Customers c like six products of group c % 4, and one of any.

    new0 … new3 look like a group each and nobody likes them; "odd" looks like none; "blind" has no photo and
    is liked by those of group 0; "unknown" has neither.
    """
    rng = np.random.default_rng(seed)
    looks = {product(g, p): _near(g, rng) for g in range(GROUPS) for p in range(EACH)}
    looks |= {f"new{g}": _near(g, rng) for g in range(GROUPS)}
    looks["odd"] = np.eye(8, dtype=np.float32)[7]
    items = Items.build(
        [*looks, "blind", "unknown"],
        vectors=looks,
        categories={name: name[:2] for name in looks if name[0] == "g"},
        space="toy",
    )
    events: list[Event] = []
    for c in range(customers):
        group, first = c % GROUPS, int(rng.integers(EACH))
        events += [(f"c{c:02d}", product(group, first + step), 1.0, 10.0 + step) for step in range(6)]
        astray = product(int(rng.integers(GROUPS)), int(rng.integers(EACH)))
        events.append((f"c{c:02d}", astray, 1.0, float(rng.uniform(9, 17))))
        if group == 0:
            events.append((f"c{c:02d}", "blind", 1.0, 16.5))
    return data_of(items, events)


def asker(items: Items, group: int) -> Histories:
    """Somebody who was not there at the training and liked the first four products of a group."""
    return history_of(items, [(product(group, place), 1.0, 20.0 + place) for place in range(4)])


def found(items: Items, row: Floats, group: int) -> float:
    """The share of pairs of an unseen product of the group and one of another that are in the right order."""
    own = [float(row[items.row_of[product(group, place)]]) for place in range(4, EACH)]
    others = [
        float(row[items.row_of[product(other, place)]])
        for other in range(GROUPS)
        for place in range(EACH)
        if other != group
    ]
    return float(np.mean([a > b for a in own for b in others]))


def _near(group: int, rng: np.random.Generator) -> Floats:
    vector = np.eye(8)[group] + rng.normal(0, 0.12, 8)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
