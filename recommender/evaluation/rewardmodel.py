"""The reward model of doubly robust values: the mean reward of a position, learnt from other customers."""

from __future__ import annotations

import hashlib

import numpy as np

from recommender.evaluation.offpolicy import RewardModel
from recommender.evaluation.policylog import Names, PolicyLog
from recommender.items import Bools, Doubles

ABOUT = (
    "reward model: the mean reward per position, learnt on one half of the customers for the other "
    "(cross-fitted)"
)


def by_position(log: PolicyLog) -> RewardModel | None:
    """What a product at a position earns on average, whichever product it is; None with one customer alone.

    Cross-fitted (Chernozhukov et al. 2018): customers are parted into two halves by a hash of their ids, and
    what a row is expected to earn is the mean at its position over the customers of the other half, or their
    mean over all positions where they were shown nothing there. It does not look at the product, so what it
    expects of the target policy at that position is the same. Only rows with a propensity teach.
    """
    known = np.isfinite(log.propensities)
    first = _first_half(log.customers)
    if not (known & first).any() or not (known & ~first).any():
        return None
    expected = np.empty(len(log))
    for half in (first, ~first):
        expected[half] = _means(log, known & ~half)[_places(log)[half]]
    return RewardModel(expected, expected)


def _first_half(customers: Names) -> Bools:
    """bool (n,): rows of every second customer, in the order of a hash of the id."""
    names, place = np.unique(customers.astype(str), return_inverse=True)
    keys = [hashlib.blake2b(f"reward model\0{name}".encode(), digest_size=8).digest() for name in names]
    order = sorted(range(len(names)), key=lambda at: keys[at])
    half = np.zeros(len(names), np.bool_)
    half[order[::2]] = True
    chosen: Bools = half[place]
    return chosen


def _places(log: PolicyLog) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    _, places = np.unique(log.positions, return_inverse=True)
    return places.astype(np.int64)


def _means(log: PolicyLog, rows: Bools) -> Doubles:
    """float64 (positions,): the mean reward of these rows by position; of all of them where it has none."""
    places = _places(log)
    width = int(places.max()) + 1
    counts = np.bincount(places[rows], minlength=width)
    sums = np.bincount(places[rows], log.rewards[rows], minlength=width)
    means: Doubles = np.where(counts > 0, sums / np.maximum(counts, 1), log.rewards[rows].mean())
    return means
