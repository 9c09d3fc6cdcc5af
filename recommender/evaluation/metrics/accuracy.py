"""Accuracy of ranked lists: pure functions of where the hits are.

With h_i = 1 if rank i (from 1) holds a product that the customer chose and n the number of chosen products,
at k:

    recall      Σ h_i / n
    recall_min  Σ h_i / min(k, n)
    precision   Σ h_i / k
    hit_rate    1 if any h_i
    mrr         1 / (rank of the first hit), 0 without one
    map         Σ h_i × (hits up to i) / i, divided by n
    map_min     the same sum, divided by min(k, n)
    ndcg        Σ h_i / log2(i + 1), divided by the same sum for min(k, n) hits at the top
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from recommender.items import Bools, Doubles, Floats, Ints

KS = (5, 10, 12, 20, 50)
ACCURACY = ("recall", "recall_min", "precision", "ndcg", "map", "map_min", "mrr", "hit_rate")
FEW = 8  # choices of one customer up to which their ranks are counted one by one


def accuracy(hits: Bools, wanted: Ints, ks: Sequence[int] = KS) -> dict[str, Doubles]:
    """Every metric at every k, one value per customer.

    hits: bool (c, depth), depth >= max(ks). wanted: int64 (c,); where it is 0 no metric exists, and the
    values are NaN. Returns "recall@5" … → float64 (c,).
    """
    owners, places = np.nonzero(hits)  # hits are few: sums over them, in order of rank, are all there is
    ranks = places + 1
    starts = np.searchsorted(owners, np.arange(len(hits)))
    gained = 1 / np.log2(ranks + 1)
    precise = (np.arange(len(owners)) - starts[owners] + 1) * (1 / ranks)
    ideal = np.cumsum(1 / np.log2(np.arange(1, hits.shape[1] + 1) + 1))
    first = np.full(len(hits), np.inf)
    first[owners[::-1]] = ranks[::-1]
    n = np.where(wanted > 0, wanted, np.nan)
    exists = n / n
    table: dict[str, Doubles] = {}
    for k in ks:
        least = np.minimum(n, k)
        early = ranks <= k
        mine = owners[early]
        found = np.bincount(mine, minlength=len(hits))
        gains = np.bincount(mine, gained[early], minlength=len(hits))
        precisions = np.bincount(mine, precise[early], minlength=len(hits))
        table[f"recall@{k}"] = found / n
        table[f"recall_min@{k}"] = found / least
        table[f"precision@{k}"] = found / k * exists
        table[f"ndcg@{k}"] = gains / ideal[np.clip(wanted, 1, k) - 1] * exists
        table[f"map@{k}"] = precisions / n
        table[f"map_min@{k}"] = precisions / least
        table[f"mrr@{k}"] = np.where(first <= k, 1 / first, 0.0) * exists
        table[f"hit_rate@{k}"] = (first <= k) * exists
    return table


def auc(positions: Doubles, wanted: Ints, candidates: Ints) -> Doubles:
    """float64 (c,): the share of pairs of a chosen and another candidate with the chosen one ranked higher.

    positions: float64 (w,), customer by customer, the rank of every chosen product among the candidates,
    from 0, equal scores sharing their mean rank (so that a tied pair counts half: Mann and Whitney 1947).
    wanted: int64 (c,), how many of the positions are each customer's. candidates: int64 (c,), all products
    that were ranked, chosen ones among them. NaN where there is no pair.
    """
    owners = np.repeat(np.arange(len(wanted)), wanted)
    sums = np.bincount(owners, positions, minlength=len(wanted))
    ahead = sums - wanted * (wanted - 1) / 2  # other products before chosen ones
    with np.errstate(invalid="ignore", divide="ignore"):
        values: Doubles = 1 - ahead / (wanted * (candidates - wanted))
    return np.where((wanted > 0) & (candidates > wanted), values, np.nan)


def positions_of(scores: Floats, wanted: sparse.csr_array) -> Doubles:
    """float64 (w,): the rank, from 0, of every chosen product, in the order of the CSR table ``wanted``.

    scores: (c, n), -inf for products that are not candidates. Equal scores share their mean rank.
    """
    positions = np.empty(wanted.nnz, np.float64)
    for row, (low, high) in enumerate(zip(wanted.indptr[:-1], wanted.indptr[1:], strict=True)):
        values = scores[row]
        chosen = values[wanted.indices[low:high]]
        if high - low > FEW:
            rising = np.sort(values)
            below = np.searchsorted(rising, chosen, "left")
            upto = np.searchsorted(rising, chosen, "right")
            positions[low:high] = len(values) - upto + (upto - below - 1) / 2
            continue
        for at, value in enumerate(chosen, low):
            higher = np.count_nonzero(values > value)
            positions[at] = higher + (np.count_nonzero(values >= value) - higher - 1) / 2
    return positions


def auc_of(scores: Floats, wanted: sparse.csr_array) -> Doubles:
    """float64 (c,): ``auc`` from scores (c, n), -inf for products that are not candidates."""
    candidates: Ints = np.count_nonzero(scores > -np.inf, axis=1).astype(np.int64)
    counts: Ints = np.diff(wanted.indptr).astype(np.int64)
    return auc(positions_of(scores, wanted), counts, candidates)
