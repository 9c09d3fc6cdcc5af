"""A small real shop: products in colour groups, customers who each like one group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from data.records import Interaction, Product
from data.shop import Shop
from index.search import CatalogueIndex
from tests.index.shops import LAYOUT, Looks, empty, unit_blocks

GROUPS = 4
START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class Corner:
    """A shop with its index; ``looks`` puts further products in."""

    looks: Looks
    index: CatalogueIndex

    @property
    def shop(self) -> Shop:
        return self.looks.shop

    def add(self, product: Product | str, group: int, seed: int = 99) -> None:
        self.looks.put(product, group_looks(group, 1, seed))

    def event(self, customer: str, product: str, event: str = "purchase", day: float = 90) -> None:
        moment = START + timedelta(days=day)
        self.shop.put_interactions([Interaction(customer, product, event, moment)])


def group_looks(group: int, photos: int, seed: int) -> np.ndarray:  # type: ignore[type-arg]
    """Unit blocks of photos that look like a group."""
    centre = np.random.default_rng(1000 + group).standard_normal(LAYOUT.d)
    noise = np.random.default_rng(seed).standard_normal((photos, LAYOUT.d))
    return unit_blocks((centre + 0.35 * noise).astype(np.float32))


def build_corner(directory: Path, products: int = 60, customers: int = 60, events: int = 8) -> Corner:
    """p000 looks like group 0, p001 like group 1 …, across three categories.

    Every eleventh product is out of stock; p-blind has no photo.
    """
    looks = empty(directory)
    looks.put_many(
        [
            (
                Product(
                    f"p{i:03d}", title=f"thing {i}", category=f"kind {i // GROUPS % 3}", in_stock=i % 11 != 5
                ),
                group_looks(i % GROUPS, 2, i),
            )
            for i in range(products)
        ]
    )
    looks.put("p-blind", np.zeros((0, LAYOUT.d), np.float32))
    rng = np.random.default_rng(5)
    stored = []
    for c in range(customers):
        group = c % GROUPS
        for day in np.sort(rng.uniform(0, 89, events)):
            own = rng.random() < 0.9
            product = (
                int(rng.integers(products // GROUPS)) * GROUPS + group if own else int(rng.integers(products))
            )
            moment = START + timedelta(days=float(day))
            stored.append(Interaction(f"c{c:03d}", f"p{product:03d}", "purchase", moment))
    looks.shop.put_interactions(stored)
    return Corner(looks, CatalogueIndex.open(looks.shop))


@pytest.fixture
def corner(tmp_path: Path) -> Iterator[Corner]:
    """A shop of its own for every test."""
    made = build_corner(tmp_path / "shop")
    yield made
    made.shop.close()
