"""Draws that are the same in every run: a hash decides, not a generator."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import Dataset
from recommender.items import Doubles

Words = NDArray[np.uint64]


def hashed_shares(ids: Sequence[str], salt: str) -> Doubles:
    """float64 (n,) in [0, 1): a fair draw per id that is the same in every run."""
    return _hashed(ids, salt) / 2.0**64


def pair_shares(data: Dataset, salt: str) -> Doubles:
    """float64 (m,) in [0, 1): a fair draw per event that all events of one customer on one product share."""
    customers, products = _hashed(data.customers, salt), _hashed(data.items.ids, f"{salt}, product")
    with np.errstate(over="ignore"):
        mixed = _mix(_mix(customers[data.events.customers]) + products[data.events.items])
    return mixed / 2.0**64


def _hashed(ids: Sequence[str], salt: str) -> Words:
    digests = (hashlib.blake2b(f"{salt}\0{i}".encode(), digest_size=8).digest() for i in ids)
    return np.fromiter((int.from_bytes(d, "little") for d in digests), np.uint64, len(ids))


def _mix(x: Words) -> Words:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit changes half of the output's."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
