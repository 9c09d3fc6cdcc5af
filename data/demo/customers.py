"""The simulated customers and what they secretly want."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.demo.dials import STYLE, Dials
from data.demo.palette import COLOURS
from data.demo.stock import Matrix, Stock
from data.demo.vocabulary import CATEGORIES, KINDS, PATTERNS


@dataclass(frozen=True, slots=True)
class Customers:
    """All customers, column by column.

    ``colours`` (2, m, 14), ``patterns`` (2, m, 8) and ``shapes`` (2, m, silhouettes) are likings at the
    first and at the last moment (between them taste moves steadily, by the dial ``drift``); ``style``
    (m, STYLE) what matches the products' hidden style; ``categories`` (m, 20) shares; ``spend`` (m,) usual
    log price against a category's median; ``joined`` (m,) first day; ``visits`` (m,) number of sessions;
    ``single`` (m,) has one event only. ``data.demo.preferences`` says what follows from them.
    """

    ids: list[str]
    gender: list[str]
    colours: Matrix
    patterns: Matrix
    shapes: Matrix
    style: Matrix
    categories: Matrix
    spend: Matrix
    joined: Matrix
    visits: NDArray[np.int64]
    single: NDArray[np.bool_]

    @classmethod
    def sample(cls, count: int, stock: Stock, dials: Dials, seed: int) -> Customers:
        """Make up ``count`` customers; the same for the same seed."""
        rng = np.random.default_rng([seed, 0xC057])
        gender = ["women" if u < 0.52 else "men" for u in rng.random(count)]
        shapes = stock.shapes().shape[1]
        single = rng.random(count) < dials.one_event_share
        late = rng.random(count) < 0.35
        joined = np.where(late, rng.uniform(0, dials.days - 10, count), rng.uniform(0, 20, count))
        visits = np.maximum(1, np.round(np.exp(rng.normal(np.log(dials.sessions), 0.75, count)))).astype(
            np.int64
        )
        return cls(
            ids=[f"C{i + 1:04d}" for i in range(count)],
            gender=gender,
            colours=np.stack([_likings(rng, count, len(COLOURS), 3, 2) for _ in range(2)]),
            patterns=np.stack([_likings(rng, count, len(PATTERNS), 2, 1) for _ in range(2)]),
            shapes=rng.standard_normal((2, count, shapes)),
            style=rng.standard_normal((count, STYLE)),
            categories=_category_shares(rng, gender),
            spend=rng.normal(0.0, 0.35, count),
            joined=joined,
            visits=np.where(single, 1, np.minimum(visits, 40)),
            single=single,
        )


def _likings(rng: np.random.Generator, count: int, width: int, liked: int, avoided: int) -> Matrix:
    """A few favourites, a few that are avoided, faint opinions on the rest."""
    table = rng.normal(0.0, 0.15, (count, width))
    rank = rng.random((count, width)).argsort(1).argsort(1)
    return np.asarray(
        table + (rank < liked) * rng.uniform(0.7, 1.2, (count, width)) - (rank >= width - avoided) * 0.6
    )


def _category_shares(rng: np.random.Generator, gender: list[str]) -> Matrix:
    shares = rng.dirichlet(np.full(len(CATEGORIES), 0.45), len(gender)) + 0.004
    for j, name in enumerate(CATEGORIES):
        if KINDS[name].genders == ("women",):
            shares[[i for i, who in enumerate(gender) if who == "men"], j] *= 0.04
    return np.asarray(shares / shares.sum(1, keepdims=True))
