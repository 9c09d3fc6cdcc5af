"""How popular, how new to the customer, and how evenly spread over the catalogue recommended products are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from recommender.evaluation.exam import Exam
from recommender.evaluation.metrics.accuracy import KS
from recommender.evaluation.ranking import batches
from recommender.items import Bools, Doubles, Ints

HEAD_SHARE = 0.8


def novelty(top: Ints, counts: Ints, customers: int, ks: Sequence[int] = KS) -> dict[str, Doubles]:
    """Mean self-information of the list, in bits: -log2((likes + 1) / (customers + 1)) per product.

    top: int64 (c, depth) with -1 as padding; counts: int64 (n,), customers who liked each product in
    training. 0 for an empty list.
    """
    bits = -np.log2((counts + 1) / (customers + 1))
    return _means("novelty", top, bits, ks, empty=0.0)


def popularity_lift(top: Ints, counts: Ints, ks: Sequence[int] = KS) -> dict[str, Doubles]:
    """How much more popular the list is than what customers choose by themselves; 1 is neither.

    The mean popularity of the list's products, divided by the mean popularity of a like in training,
    Σ counts² / Σ counts. The denominator is the same for all customers, so that the mean over customers is
    the lift of all lists together (after the group's average popularity of Abdollahpouri et al. 2019).
    top: int64 (c, depth), -1 as padding; counts: int64 (n,), likes in training. NaN for an empty list, and
    where nothing was liked.
    """
    likes = counts.astype(np.float64)
    total = likes.sum()
    of_a_like = float((likes**2).sum() / total) if total else np.nan
    return _means("popularity_lift", top, likes / of_a_like, ks, empty=np.nan)


def long_tail(top: Ints, counts: Ints, ks: Sequence[int] = KS) -> dict[str, Doubles]:
    """The share of the list outside the head, see ``head``. NaN for an empty list, and where nothing was
    liked.
    """
    outside = np.where(counts.any(), ~head(counts), np.nan).astype(np.float64)
    return _means("long_tail", top, outside, ks, empty=np.nan)


def head(counts: Ints, share: float = HEAD_SHARE) -> Bools:
    """bool (n,): the fewest products that together have ``share`` of all likes, equal ones in tie order."""
    order = np.argsort(-counts, kind="stable")
    sums = np.cumsum(counts[order])
    inside = np.zeros(len(counts), np.bool_)
    if len(sums) and sums[-1]:
        inside[order[: int(np.searchsorted(sums, share * sums[-1])) + 1]] = True
    return inside


def serendipity(top: Ints, hits: Bools, popular: Ints, ks: Sequence[int] = KS) -> dict[str, Doubles]:
    """The share of the list that was chosen and is not among the k most popular (Ge et al. 2010, with
    popularity as the primitive model).

    top, hits: (c, depth). popular: int64 (c, depth), the most popular products that each customer could be
    shown, see ``popular_lists``; -1 as padding. Divided by k, as precision is.
    """
    table = {f"serendipity@{k}": np.zeros(len(top)) for k in ks}
    rows, columns = np.nonzero(hits)
    same = popular[rows] == top[rows, columns][:, None]
    place = np.where(same.any(axis=1), same.argmax(axis=1), popular.shape[1])
    for k in ks:
        surprising = (columns < k) & (place >= k)
        table[f"serendipity@{k}"] = np.bincount(rows[surprising], minlength=len(top)) / k
    return table


def popular_lists(exam: Exam, counts: Ints, depth: int) -> Ints:
    """int64 (c, depth): the products with most likes that each customer could be shown, equal ones in tie
    order; products that nobody liked are left out, -1 pads.
    """
    order = np.argsort(-counts, kind="stable")
    liked = int(np.count_nonzero(counts))
    lists = np.full((len(exam), depth), -1, np.int64)
    for first, last in batches(len(exam), len(counts)):
        barred = exam.barred(first, last)
        width = min(liked, depth + int(barred.sum(axis=1).max(initial=0)))
        shut = barred[:, order[:width]]
        places = np.argsort(shut, axis=1, kind="stable")[:, :depth]
        lists[first:last, : places.shape[1]] = np.where(
            np.take_along_axis(shut, places, 1), -1, order[places]
        )
    return lists


def exposure(top: Ints, n: int, ks: Sequence[int] = KS) -> Mapping[str, float]:
    """Coverage (share of the catalogue that anyone is shown) and Gini over all n products, also those that
    nobody is shown (0: all shown alike, 1: one product only).
    """
    table: dict[str, float] = {}
    for k in ks:
        shown = top[:, :k]
        counts = np.sort(np.bincount(shown[shown >= 0], minlength=n)).astype(np.float64)
        total = counts.sum()
        table[f"coverage@{k}"] = float((counts > 0).mean()) if n else 0.0
        ranks = np.arange(1, n + 1)
        table[f"gini@{k}"] = float(((2 * ranks - n - 1) * counts).sum() / (n * total)) if total else 0.0
    return table


def _means(name: str, top: Ints, values: Doubles, ks: Sequence[int], empty: float) -> dict[str, Doubles]:
    """The mean of a value per product (n,) over the first k of every list."""
    shown = top >= 0
    sums = np.cumsum(np.where(shown, values[top], 0.0), axis=1)
    sizes = np.cumsum(shown, axis=1)
    return {
        f"{name}@{k}": np.where(sizes[:, k - 1] > 0, sums[:, k - 1] / np.maximum(sizes[:, k - 1], 1), empty)
        for k in ks
    }
