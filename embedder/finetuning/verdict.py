"""Whether a fine-tuned embedder is better than the frozen one, photo by photo on the same queries.

Both are measured on the same held-out photos, so what is tested is the mean of the differences: its bootstrap
interval over products (the photos of one product are no independent evidence), and a two-sided sign-flip
randomisation test (Fisher, 1935) over products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 10_000
LEVEL = 0.05
BLOCK = 500

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of (tuned - frozen) over queries, its 95 % interval, the p-value, and how many products bear
    it."""

    mean: float
    low: float
    high: float
    p: float
    products: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """better: True or False where the test can tell, None where it cannot. text: in words."""

    better: bool | None
    text: str


def paired_difference(
    tuned: Values, frozen: Values, groups: NDArray[np.int64], seed: int = 0, rounds: int = ROUNDS
) -> Difference:
    """Compares two values per query (n,), NaN where a query has none, in groups (n,) that count as one.

    The mean is over queries: large products weigh more, as they do in the measure itself.
    """
    known = ~(np.isnan(tuned) | np.isnan(frozen))
    gaps = (tuned - frozen)[known]
    if not len(gaps):
        return Difference(float("nan"), float("nan"), float("nan"), 1.0, 0)
    number = np.unique(groups[known], return_inverse=True)[1]
    sums, counts = np.bincount(number, gaps), np.bincount(number).astype(np.float64)
    draw = np.random.default_rng(seed)
    means, extreme = [], 0
    observed = float(gaps.mean())
    for start in range(0, rounds, BLOCK):
        size = min(BLOCK, rounds - start)
        drawn = draw.integers(0, len(sums), (size, len(sums)))
        means.append(sums[drawn].sum(1) / counts[drawn].sum(1))
        signs = draw.integers(0, 2, (size, len(sums))) * 2 - 1
        flipped = (signs * sums).sum(1) / counts.sum()
        extreme += int((np.abs(flipped) >= abs(observed) - 1e-15).sum())
    low, high = np.quantile(np.concatenate(means), [LEVEL / 2, 1 - LEVEL / 2])
    return Difference(observed, float(low), float(high), (extreme + 1) / (rounds + 1), len(sums))


def judged(difference: Difference, name: str, what: str) -> Verdict:
    """The verdict on a fine-tuned embedder: ``what`` says which measure on which label."""
    told = (
        f"{what}: {difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}], "
        f"p = {difference.p:.2g}, {difference.products} products held out"
    )
    if not difference.products:
        return Verdict(None, f"{name} could not be compared with the frozen embedder: no query has an answer")
    if difference.p >= LEVEL or difference.low <= 0.0 <= difference.high:
        return Verdict(
            None, f"{name} cannot be told apart from the frozen embedder ({told}); keep the frozen one"
        )
    if difference.mean < 0:
        return Verdict(False, f"{name} is worse than the frozen embedder ({told}); keep the frozen one")
    return Verdict(True, f"{name} is better than the frozen embedder ({told})")
