"""Accuracy of ranked lists: pure functions of where the hits are.

With h_i = 1 if rank i (from 1) holds a product that the customer chose and n the number of chosen products,
at k:

    recall    Σ h_i / n
    hit_rate  1 if any h_i
    mrr       1 / (rank of the first hit), 0 without one
    map       Σ h_i × (hits up to i) / i, divided by n
    ndcg      Σ h_i / log2(i + 1), divided by the same sum for min(k, n) hits at the top
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from recommender.items import Bools, Doubles, Floats, Ints

KS = (5, 10, 20, 50)
ACCURACY = ("recall", "ndcg", "map", "mrr", "hit_rate")


def accuracy(hits: Bools, wanted: Ints, ks: Sequence[int] = KS) -> dict[str, Doubles]:
    """Every metric at every k, one value per customer.

    hits: bool (c, depth), depth >= max(ks). wanted: int64 (c,), above 0. Returns "recall@5" … → float64 (c,).
    """
    h = hits.astype(np.float64)
    ranks = np.arange(1, hits.shape[1] + 1)
    found = np.cumsum(h, axis=1)
    gains = np.cumsum(h / np.log2(ranks + 1), axis=1)
    ideal = np.cumsum(1 / np.log2(ranks + 1))
    precisions = np.cumsum(h * found / ranks, axis=1)
    first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, np.inf)
    table: dict[str, Doubles] = {}
    for k in ks:
        table[f"recall@{k}"] = found[:, k - 1] / wanted
        table[f"ndcg@{k}"] = gains[:, k - 1] / ideal[np.minimum(wanted, k) - 1]
        table[f"map@{k}"] = precisions[:, k - 1] / wanted
        table[f"mrr@{k}"] = np.where(first <= k, 1 / first, 0.0)
        table[f"hit_rate@{k}"] = (first <= k).astype(np.float64)
    return table


def novelty(top: Ints, counts: Ints, customers: int, ks: Sequence[int] = KS) -> dict[str, Doubles]:
    """Mean self-information of the list, in bits: -log2((likes + 1) / (customers + 1)) per product.

    top: int64 (c, depth) with -1 as padding; counts: int64 (n,), customers who liked each product in
    training.
    """
    bits = -np.log2((counts + 1) / (customers + 1))
    shown = top >= 0
    sums = np.cumsum(np.where(shown, bits[top], 0.0), axis=1)
    sizes = np.maximum(np.cumsum(shown, axis=1), 1)
    return {f"novelty@{k}": sums[:, k - 1] / sizes[:, k - 1] for k in ks}


def intra_list_diversity(
    top: Ints, vectors: Floats, has_vector: Bools, ks: Sequence[int] = KS, batch: int = 256
) -> dict[str, Doubles]:
    """Mean of 1 - cosine over all pairs of the list that have photos; NaN where there is no pair.

    The sum of all cosines of unit vectors is the squared norm of their sum, so no pair is ever formed.
    """
    table = {f"ild@{k}": np.full(len(top), np.nan) for k in ks}
    for start in range(0, len(top), batch):
        part = top[start : start + batch]
        shown = (part >= 0) & has_vector[part]
        picked = np.where(shown[:, :, None], vectors[part], np.float32(0)).astype(np.float64)
        own = (picked**2).sum(axis=2)
        for k in ks:
            m = shown[:, :k].sum(axis=1)
            together = (picked[:, :k].sum(axis=1) ** 2).sum(axis=1) - own[:, :k].sum(axis=1)
            with np.errstate(invalid="ignore", divide="ignore"):
                spread = 1 - together / (m * (m - 1))
            table[f"ild@{k}"][start : start + batch] = np.where(m > 1, spread, np.nan)
    return table


def exposure(top: Ints, n: int, ks: Sequence[int] = KS) -> Mapping[str, float]:
    """Coverage (share of the catalogue that anyone is shown) and Gini (0: all shown alike, 1: one product
    only).
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
