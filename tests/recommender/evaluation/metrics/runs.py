"""Random rankings with ties, with customers who are shown nothing, and with customers who chose nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recommender.items import Bools, Floats, Ints
from recommender.topk import top_k

DEPTH = 50
SHOWN_NOTHING, CHOSE_NOTHING = (0, 7), (3, 7, 11)


class Runs(NamedTuple):
    """scores: (c, n), few distinct values, -inf where nothing is shown. wanted: (c, n). top: (c, DEPTH)."""

    scores: Floats
    wanted: Bools
    top: Ints

    @property
    def hits(self) -> Bools:
        """bool (c, DEPTH)."""
        found: Bools = np.take_along_axis(self.wanted, np.maximum(self.top, 0), 1) & (self.top >= 0)
        return found

    @property
    def counts(self) -> Ints:
        """int64 (c,)."""
        return self.wanted.sum(axis=1).astype(np.int64)


def random_runs(seed: int, customers: int = 60, products: int = 120) -> Runs:
    """Some customers want very much, some one thing; on average six products share a score."""
    rng = np.random.default_rng(seed)
    wanted = rng.random((customers, products)) < rng.choice([0.01, 0.1, 0.6], (customers, 1))
    wanted[np.arange(customers), rng.integers(products, size=customers)] = True
    wanted[list(CHOSE_NOTHING)] = False
    scores = rng.integers(0, products // 6, (customers, products)).astype(np.float32)
    scores[list(SHOWN_NOTHING)] = -np.inf
    return Runs(scores, wanted, top_k(scores, DEPTH))
