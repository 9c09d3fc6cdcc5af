"""The products as they are on sale: ids, first day, stock, and the hidden facts about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from data.demo.catalogue import ProductSpec
from data.demo.dials import STYLE, Dials
from data.demo.palette import COLOURS, to_lab
from data.demo.vocabulary import BRANDS, CATEGORIES, KINDS, PATTERNS, SEASONS

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stock:
    """All products, column by column; row i is ``ids[i]``.

    ``added_day`` is the day since the start of the records (negative: before). ``style`` (n, STYLE) is the
    part of taste that no photo shows; ``popularity`` (n, months) its log-popularity in each four weeks.
    """

    specs: Sequence[ProductSpec]
    ids: list[str]
    added: list[date]
    added_day: Matrix
    in_stock: NDArray[np.bool_]
    style: Matrix
    popularity: Matrix
    category: NDArray[np.int64]
    log_price: Matrix

    @classmethod
    def of(cls, specs: Sequence[ProductSpec], dials: Dials, seed: int) -> Stock:
        """Put products on sale; the same for the same seed."""
        rng, n = np.random.default_rng([seed, 0x570C]), len(specs)
        day = -rng.integers(1, 360, n).astype(np.float64)
        order = rng.permutation(n)
        new, recent = round(n * dials.new_share), round(n * min(dials.recent_share, dials.new_share))
        day[order[:new]] = rng.integers(1, dials.days - 28, new)
        day[order[:recent]] = rng.integers(dials.days - 28, dials.days - 2, recent)
        brand = np.array([BRANDS.index(spec.brand) for spec in specs], dtype=int)
        # A stream of its own for what was added later: the first one also decides what is in stock.
        style = [_styles(rng, brand, 4), _styles(np.random.default_rng([seed, 0x571E]), brand, STYLE - 4)]
        zipf = -np.log(rng.permutation(n) + 1.0 + n / 40)
        months = -(-dials.days // 28)
        walk = np.cumsum(rng.normal(0.0, dials.popularity_drift, (n, months)), axis=1)
        return cls(
            specs=specs,
            ids=[f"P{i + 1:04d}" for i in range(n)],
            added=[dials.start.date() + timedelta(days=int(d)) for d in day],
            added_day=day,
            in_stock=rng.random(n) >= dials.out_of_stock,
            style=np.hstack(style),
            popularity=(zipf - zipf.mean())[:, None] + walk - walk.mean(0),
            category=np.array([CATEGORIES.index(spec.category) for spec in specs], dtype=np.int64),
            log_price=np.log([spec.price / KINDS[spec.category].price for spec in specs]),
        )

    def colours(self) -> Matrix:
        """(n, 14): how much of each named colour a product shows: its ground, and some of the second one."""
        centres = to_lab(np.array(list(COLOURS.values()), dtype=np.float64))
        ground = to_lab(np.array([spec.rgb for spec in self.specs], dtype=np.float64))
        second = to_lab(np.array([spec.second for spec in self.specs], dtype=np.float64))
        printed = np.array([[0.0 if spec.pattern == "plain" else 0.35] for spec in self.specs])
        return _near(ground, centres) + printed * _near(second, centres)

    def patterns(self) -> Matrix:
        """(n, patterns): one where the product has the pattern."""
        return np.array([[float(spec.pattern == name) for name in PATTERNS] for spec in self.specs])

    def shapes(self) -> Matrix:
        """(n, silhouettes): one where the product has the silhouette, e.g. "dress: tiered"."""
        worn = [f"{spec.category}: {spec.shape['shape']}" for spec in self.specs]
        return np.array([[float(one == name) for name in sorted(set(worn))] for one in worn])

    def categories(self) -> Matrix:
        """(n, categories): one where the product is of the category."""
        return np.asarray(np.eye(len(CATEGORIES))[self.category])

    def seen(self) -> Matrix:
        """(n, r): an orthonormal basis of all that visible attributes can tell apart, a constant included.

        What is orthogonal to it has nothing to do with category, pattern, colour and silhouette in this very
        catalogue. With few products of a kind, that would turn liking one of them into disliking the others:
        so the four are taken in this order for as long as there are five products to every column.
        """
        n = len(self.ids)
        table = np.ones((n, 1))
        for block in (self.categories(), self.patterns(), self.colours(), self.shapes()):
            if 5 * (table.shape[1] + block.shape[1]) > n:
                break
            table = np.hstack([table, block])
        left, size, _ = np.linalg.svd(table, full_matrices=False)
        return np.asarray(left[:, size > 1e-9 * size[0]])

    def in_season(self) -> Matrix:
        """(n, 4): +1 in the product's own season (spring, summer, autumn, winter), -1 in the opposite one."""
        table = np.zeros((len(self.specs), 4))
        for i, spec in enumerate(self.specs):
            own = SEASONS.index(spec.season)
            if own < 4:
                table[i, own], table[i, (own + 2) % 4] = 1.0, -1.0
        return table


def _styles(rng: np.random.Generator, brand: NDArray[np.int64], width: int) -> Matrix:
    """(n, width) numbers of variance 1, in which products of a brand are somewhat alike."""
    house = rng.standard_normal((len(BRANDS), width))
    return np.asarray(0.6 * house[brand] + 0.8 * rng.standard_normal((len(brand), width)))


def _near(lab: Matrix, centres: Matrix) -> Matrix:
    squared = ((lab[:, None, :] - centres[None]) ** 2).sum(-1)
    return np.asarray(np.exp(-squared / (2 * 14.0**2)))
