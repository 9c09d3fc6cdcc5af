"""Retrieval measures on vectors with labels: pure functions, every query's value, one pass.

Every photo is a query against all others by cosine. An answer is right where it bears the query's label.
Answers of the query's own group (photos of the same product, say) are left out. A query no other shares its
label with has no value: NaN. Of answers with the same cosine the one of the lower row comes first.

``docs/measures.md`` has the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embedder.measures.similarity import (
    Ints,
    Labels,
    Values,
    all_or,
    columns_of,
    groups_or_rows,
    numbers,
    order_keys,
    similarities,
    unit_rows,
)

_NONE = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Retrieval:
    """What each query found; arrays (q,), a place per query.

    query: its row. others: how many other rows bear its label (R). first: rank of the first right answer,
    from 1. map_at_r: average precision at R (Musgrave et al., 2020). r_precision: share of right ones among
    the first R answers. nearest: row of the first answer, -1 where every other row was left out.
    """

    query: Ints
    others: Ints
    first: Values
    map_at_r: Values
    r_precision: Values
    nearest: Ints

    def recall(self, k: int) -> Values:
        """1 where at least one of the first k answers is right, else 0 (R@k of metric learning)."""
        return np.where(np.isnan(self.first), np.nan, self.first <= k)

    @property
    def reciprocal_rank(self) -> Values:
        """1 over the rank of the first right answer."""
        return 1.0 / self.first

    def hits(self, depth: int) -> Values:
        """``recall`` of every k from 1 to depth, (q, depth); its mean over queries is the CMC curve."""
        ranks = np.arange(1, depth + 1)
        return np.where(np.isnan(self.first)[:, None], np.nan, self.first[:, None] <= ranks)


def retrieve(
    vectors: ArrayLike,
    labels: Labels,
    groups: Labels | None = None,
    queries: ArrayLike | None = None,
) -> Retrieval:
    """All retrieval measures of rows (n, d) against each other, in one pass and bounded memory.

    queries: rows that ask; None: all. The gallery is always all rows.
    """
    rows, number = unit_rows(vectors), numbers(labels)
    if len(rows) != len(number):
        raise ValueError(f"{len(rows)} vectors but {len(number)} labels")
    group, asked = groups_or_rows(groups, len(rows)), all_or(queries, len(rows))
    found = _empty(asked)
    start = 0
    for query, score in similarities(rows, asked):
        left_out = group[query][:, None] == group[None, :]
        score[left_out] = -np.inf
        right = (number[query][:, None] == number[None, :]) & ~left_out
        _fill(found, slice(start, start + len(query)), order_keys(score), right, left_out)
        start += len(query)
    return found


def _empty(asked: Ints) -> Retrieval:
    first, precision, share = (np.full(len(asked), np.nan) for _ in range(3))
    none = np.zeros(len(asked), np.int64)
    return Retrieval(asked, none, first, precision, share, none - 1)


def _fill(
    found: Retrieval, place: slice, keys: Ints, right: NDArray[np.bool_], left_out: NDArray[np.bool_]
) -> None:
    others = right.sum(axis=1)
    known = others > 0
    found.others[place] = others
    best = np.where(right, keys, _NONE).min(axis=1)
    found.first[place] = np.where(known, 1 + (keys < best[:, None]).sum(axis=1), np.nan)
    found.nearest[place] = np.where(left_out.all(axis=1), -1, columns_of(keys.min(axis=1)))
    depth = max(1, int(others.max(initial=0)))
    top = np.sort(np.partition(keys, depth - 1, axis=1)[:, :depth], axis=1)
    counted = np.arange(depth)[None, :] < others[:, None]
    hit = np.take_along_axis(right, columns_of(top), axis=1) & counted
    precision = np.cumsum(hit, axis=1) / np.arange(1, depth + 1)
    wanted = np.maximum(others, 1)
    found.map_at_r[place] = np.where(known, (precision * hit).sum(axis=1) / wanted, np.nan)
    found.r_precision[place] = np.where(known, hit.sum(axis=1) / wanted, np.nan)


def recall_at_k(
    vectors: ArrayLike, labels: Labels, ks: Sequence[int], groups: Labels | None = None
) -> dict[int, Values]:
    """R@k of each row as a query against all others by cosine; k to values (n,)."""
    found = retrieve(vectors, labels, groups)
    return {k: found.recall(k) for k in ks}


def map_at_r(vectors: ArrayLike, labels: Labels, groups: Labels | None = None) -> Values:
    """Average precision at R of each row as a query against all others by cosine, (n,)."""
    return retrieve(vectors, labels, groups).map_at_r


def recall_between(
    queries: ArrayLike,
    query_labels: Labels,
    gallery: ArrayLike,
    gallery_labels: Labels,
    ks: Sequence[int],
) -> dict[int, Values]:
    """R@k of queries (n, d) against another set (m, d), such as street photos against studio photos."""
    score = unit_rows(queries) @ unit_rows(gallery).T
    order = np.argsort(-score, axis=1, kind="stable")
    wanted = np.asarray(gallery_labels)[order] == np.asarray(query_labels)[:, None]
    known = wanted.any(axis=1)
    return {k: np.where(known, wanted[:, :k].any(axis=1), np.nan) for k in ks}
