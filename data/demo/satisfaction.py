"""How well lists serve what simulated customers truly like, beside what they were seen to choose.

Observed choices also follow popularity, season and errands; true preferences do not. So a model that merely
repeats what everybody meets is told apart here from one that knows the customer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def list_percentile(liking: Doubles, top: Ints, allowed: Bools, k: int = 10) -> Doubles:
    """(c,): mean percentile of true liking over the first k of each list; 50 is a random list, 100 the best.

    The percentile of a product is the share, in per cent, of the other allowed products that the customer
    likes less. liking: (c, n), NaN where unknown. top: (c, depth), columns of ``liking``, best first, -1 as
    padding. allowed: (c, n), what could have been listed. NaN where a list holds nothing of known liking.
    """
    known = _known(liking, allowed)
    ranks = np.where(np.isfinite(known), known, -np.inf).argsort(axis=1, kind="stable").argsort(axis=1)
    fewer, counts = (known.shape[1] - np.isfinite(known).sum(1)), np.isfinite(known).sum(1)
    share = 100.0 * (ranks - fewer[:, None]) / np.maximum(counts - 1, 1)[:, None]
    shown = top[:, :k]
    there = (shown >= 0) & np.isfinite(np.take_along_axis(known, np.maximum(shown, 0), 1))
    sums = np.where(there, np.take_along_axis(share, np.maximum(shown, 0), 1), 0.0).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there.any(1), sums / there.sum(1), np.nan))


def true_ndcg(liking: Doubles, top: Ints, allowed: Bools, k: int = 10) -> Doubles:
    """(c,): NDCG@k where the k allowed products that the customer truly likes best are the right ones.

    Σ h_i / log2(i + 1) over the first k ranks, divided by the same sum for k hits (for all allowed products
    where there are fewer than k). Arguments as for ``list_percentile``; NaN where no liking is known.
    """
    known = _known(liking, allowed)
    counts = np.minimum(np.isfinite(known).sum(1), k)
    best = np.argsort(np.where(np.isfinite(known), -known, np.inf), axis=1, kind="stable")[:, :k]
    right = np.zeros(known.shape, np.bool_)
    np.put_along_axis(right, best, True, axis=1)
    right &= np.isfinite(known)
    shown = top[:, :k]
    hits = np.take_along_axis(right, np.maximum(shown, 0), 1) & (shown >= 0)
    gains = 1.0 / np.log2(np.arange(2, shown.shape[1] + 2))
    ideal = np.concatenate([[np.nan], np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))])[counts]
    return np.asarray((hits * gains).sum(1) / ideal)


def _known(liking: Doubles, allowed: Bools) -> Doubles:
    return np.asarray(np.where(allowed, liking, np.nan))
