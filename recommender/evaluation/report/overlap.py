"""How much the models' lists have in common: two models of equal worth may find quite different products."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from recommender.evaluation.ranking import Ranking
from recommender.evaluation.report.grid import NOTHING, Cell, Grid, Head, Row
from recommender.items import Ints

FITTING = 8  # names beside each other
BATCH = 4096  # customers looked at together


def jaccard(first: Ints, second: Ints) -> float:
    """The mean over customers of |A ∩ B| / |A ∪ B| of two lists each; NaN where nobody has any.

    first, second: int64 (c, k), products, each once, -1 as padding. Customers whose two lists are both empty
    do not enter the mean.
    """
    shared = np.zeros(len(first), np.int64)
    for start in range(0, len(first), BATCH):
        one, other = first[start : start + BATCH], second[start : start + BATCH]
        same = (one[:, :, None] == other[:, None, :]) & (one >= 0)[:, :, None]
        shared[start : start + BATCH] = same.sum(axis=(1, 2))
    union = (first >= 0).sum(axis=1) + (second >= 0).sum(axis=1) - shared
    there = union > 0
    return float((shared[there] / union[there]).mean()) if there.any() else math.nan


def overlap(rankings: Mapping[str, Ranking], k: int = 10) -> Grid:
    """Every model with every other one, coloured by how much they share."""
    lists = {name: ranking.top[:, :k] for name, ranking in rankings.items()}
    names = list(lists)
    found: dict[tuple[str, str], float] = {}
    for at, name in enumerate(names):
        for other in names[at + 1 :]:
            found[name, other] = found[other, name] = jaccard(lists[name], lists[other])
    rows = tuple(
        Row(name, tuple(_cell(found.get((name, other), math.nan)) for other in names)) for name in names
    )
    return Grid(
        f"Jaccard@{k} of the models' lists",
        tuple(Head(name) for name in names),
        rows,
        upright=len(names) > FITTING,
    )


def _cell(value: float) -> Cell:
    return Cell(f"{value:.2f}", shade=value) if math.isfinite(value) else Cell(NOTHING)
