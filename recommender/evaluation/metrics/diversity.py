"""How different the products of one list are, and whether its categories are those of the customer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from recommender.evaluation.metrics.accuracy import KS
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Floats, Ints, Items

BATCH = 256  # lists looked at together
SMOOTHING = 0.01


def intra_list_diversity(
    top: Ints, vectors: Floats, has_vector: Bools, ks: Sequence[int] = KS, batch: int = BATCH
) -> dict[str, Doubles]:
    """Mean of 1 - cosine over all pairs of the list that have photos; NaN where there is no pair.

    vectors: float32 (n, d), unit-norm, those of the evaluation and the same for all models that are
    compared: a model that sees other vectors, or none, is measured with these all the same. The sum of all
    cosines of unit vectors is the squared norm of their sum, so no pair is ever formed.
    """
    table = {f"ild@{k}": np.full(len(top), np.nan) for k in ks}
    for start in range(0, len(top), batch):
        part = top[start : start + batch]
        shown = (part >= 0) & has_vector[part]
        picked = np.where(shown[:, :, None], vectors[part], np.float32(0)).astype(np.float64)
        own = (picked**2).sum(axis=2)
        for k in ks:
            m: Ints = shown[:, :k].sum(axis=1, dtype=np.int64)
            together = (picked[:, :k].sum(axis=1) ** 2).sum(axis=1) - own[:, :k].sum(axis=1)
            table[f"ild@{k}"][start : start + batch] = _apart(together, m)
    return table


def category_diversity(top: Ints, categories: Ints, ks: Sequence[int] = KS) -> dict[str, Doubles]:
    """The share of pairs of the list with different categories, over pairs that both have one; NaN where
    there is no pair.

    categories: int64 (n,), -1 for none.
    """
    table = {f"ild_category@{k}": np.full(len(top), np.nan) for k in ks}
    for start in range(0, len(top), BATCH):
        kinds = _kinds(top[start : start + BATCH], categories)
        same = (kinds[:, :, None] == kinds[:, None, :]) & (kinds >= 0)[:, None, :]
        earlier = np.tril(np.ones((kinds.shape[1],) * 2, np.bool_), -1)
        pairs = np.cumsum(np.count_nonzero(same & earlier, axis=2) * (kinds >= 0), axis=1)
        sizes = np.cumsum(kinds >= 0, axis=1, dtype=np.int64)
        for k in ks:
            table[f"ild_category@{k}"][start : start + BATCH] = _apart(2.0 * pairs[:, k - 1], sizes[:, k - 1])
    return table


def category_tastes(histories: Histories, items: Items) -> sparse.csr_array:
    """float64 CSR (c, g): the share of each of g categories in what every customer likes on balance, by
    weight; an empty row where they like nothing that has a category.
    """
    known = np.flatnonzero(items.categories >= 0)
    shape = (len(items), max(len(items.category_names), 1))
    belongs = sparse.csr_array((np.ones(len(known)), (known, items.categories[known])), shape=shape)
    sums = sparse.csr_array(histories.wanted(len(items)) @ belongs)
    totals = np.asarray(sums.sum(axis=1)).ravel()
    sums.data /= np.repeat(totals, np.diff(sums.indptr))
    return sums


def calibration(
    top: Ints,
    categories: Ints,
    tastes: sparse.csr_array,
    ks: Sequence[int] = KS,
    smoothing: float = SMOOTHING,
) -> dict[str, Doubles]:
    """How far the list's categories are from the history's, in nats; 0 is the same shares (Steck 2018).

    Σ_g p_g ln(p_g / q'_g) over the categories of the history, with p its shares, q the list's, and
    q' = (1 - smoothing) q + smoothing p. categories: int64 (n,), -1 for none. tastes: see
    ``category_tastes``. NaN where the history or the list has no category.
    """
    table = {f"calibration@{k}": np.full(len(top), np.nan) for k in ks}
    for start in range(0, len(top), BATCH):
        kinds = _kinds(top[start : start + BATCH], categories)
        p = tastes[start : start + BATCH].toarray()
        rows = np.broadcast_to(np.arange(len(kinds))[:, None], kinds.shape)
        for k in ks:
            there = kinds[:, :k] >= 0
            cells = rows[:, :k][there] * p.shape[1] + kinds[:, :k][there]
            counts = np.bincount(cells, minlength=p.size).reshape(p.shape)
            sizes = there.sum(axis=1)
            q = counts / np.maximum(sizes, 1)[:, None]
            mixed = (1 - smoothing) * q + smoothing * p
            logs = np.log(np.divide(p, mixed, out=np.ones_like(p), where=p > 0))
            exists = (sizes > 0) & (p.sum(axis=1) > 0)
            # Equal shares may differ in the last bit, which must not make a distance below 0.
            values = np.maximum((p * logs).sum(axis=1), 0.0)
            table[f"calibration@{k}"][start : start + BATCH] = np.where(exists, values, np.nan)
    return table


def _kinds(lists: Ints, categories: Ints) -> Ints:
    """int64 (c, depth): the category of every entry, -1 for padding and for none."""
    return np.where(lists >= 0, categories[lists], -1).astype(np.int64)


def _apart(together: Doubles, m: Ints) -> Doubles:
    """1 - the mean similarity of ordered pairs that add up to ``together``, of lists of m."""
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = 1 - together / (m * (m - 1))
    return np.where(m > 1, spread, np.nan)
