"""Retrieval measures on vectors with labels: pure functions, every query's value, bootstrap intervals.

``recall_at_k``: 1 where at least one of the k nearest others has the query's label, else 0 (R@k of
metric learning). ``map_at_r``: mean average precision at R (Musgrave et al. 2020, "A metric learning
reality check"): with R others of the query's label, 1/R * sum over ranks i <= R of precision(i) where
rank i is right. A query no other shares its label with has no value: NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over queries and its bootstrap interval; ``queries`` that had a value."""

    mean: float
    low: float
    high: float
    queries: int


def unit_rows(vectors: ArrayLike) -> NDArray[np.float32]:
    """Rows scaled to length one, float32 (n, d); a row of zeros stays."""
    rows = np.asarray(vectors, dtype=np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12), dtype=np.float32)


def _numbers(labels: Sequence[str] | NDArray[np.generic]) -> NDArray[np.int64]:
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)


def _ranked(
    vectors: ArrayLike,
    labels: Sequence[str] | NDArray[np.generic],
    groups: Sequence[str] | NDArray[np.generic] | None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]]:
    """Blocks of (query rows, right by rank (b, n), number of right ones (b,)), best first, self left out.

    With ``groups``, others of the query's own group are left out as well. Left-out rows come last and
    count as wrong.
    """
    rows, number = unit_rows(vectors), _numbers(labels)
    if len(rows) != len(number):
        raise ValueError(f"{len(rows)} vectors but {len(number)} labels")
    group = np.arange(len(rows)) if groups is None else _numbers(groups)
    for start in range(0, len(rows), _BLOCK):
        query = np.arange(start, min(start + _BLOCK, len(rows)))
        score = rows[query] @ rows.T
        out = group[query][:, None] == group[None, :]
        score[out] = -np.inf
        right = (number[query][:, None] == number[None, :]) & ~out
        order = np.argsort(-score, axis=1, kind="stable")
        yield query, np.take_along_axis(right, order, axis=1), right.sum(axis=1)


def recall_at_k(
    vectors: ArrayLike,
    labels: Sequence[str] | NDArray[np.generic],
    ks: Sequence[int],
    groups: Sequence[str] | NDArray[np.generic] | None = None,
) -> dict[int, Values]:
    """R@k of each row as a query against all others by cosine; k to values (n,)."""
    values = {k: np.full(len(np.asarray(labels)), np.nan) for k in ks}
    for query, right, wanted in _ranked(vectors, labels, groups):
        for k in ks:
            values[k][query] = np.where(wanted > 0, right[:, :k].any(axis=1), np.nan)
    return values


def map_at_r(
    vectors: ArrayLike,
    labels: Sequence[str] | NDArray[np.generic],
    groups: Sequence[str] | NDArray[np.generic] | None = None,
) -> Values:
    """Average precision at R of each row as a query against all others by cosine, (n,)."""
    values = np.full(len(np.asarray(labels)), np.nan)
    for query, right, wanted in _ranked(vectors, labels, groups):
        depth = max(1, int(wanted.max()))
        hit = right[:, :depth] & (np.arange(depth)[None, :] < wanted[:, None])
        precision = np.cumsum(hit, axis=1) / np.arange(1, depth + 1)
        total = (precision * hit).sum(axis=1)
        values[query] = np.where(wanted > 0, total / np.maximum(wanted, 1), np.nan)
    return values


def recall_between(
    queries: ArrayLike,
    query_labels: Sequence[str] | NDArray[np.generic],
    gallery: ArrayLike,
    gallery_labels: Sequence[str] | NDArray[np.generic],
    ks: Sequence[int],
) -> dict[int, Values]:
    """R@k of queries (n, d) against another set (m, d), such as street photos against studio photos."""
    score = unit_rows(queries) @ unit_rows(gallery).T
    order = np.argsort(-score, axis=1, kind="stable")
    wanted = np.asarray(gallery_labels)[order] == np.asarray(query_labels)[:, None]
    known = wanted.any(axis=1)
    return {k: np.where(known, wanted[:, :k].any(axis=1), np.nan) for k in ks}


def bootstrap(values: Values, rounds: int = 1000, level: float = 0.95, seed: int = 0) -> Interval:
    """Mean over the queries that have a value, with the percentile interval of resampled queries."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        raise ValueError("no query has a value: every label occurs only once")
    rng = np.random.default_rng(seed)
    means = np.array([kept[rng.integers(0, len(kept), len(kept))].mean() for _ in range(rounds)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(kept.mean()), float(low), float(high), len(kept))
