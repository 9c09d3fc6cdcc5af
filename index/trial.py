"""What index types are measured on: held-out photos, the exact answers, recall and latency."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from index.scans import Scan

Floats = NDArray[np.float32]
K = 10
QUERIES = 256
TIMED = 64


@dataclass(frozen=True, slots=True)
class Trial:
    """What candidates are measured on.

    matrix: float16 (n, d), of which the rows from ``held_from`` on are the queries and not searched, unless
    there are too few photos to hold any out (held_from == n); then all photos ask for themselves and others.
    """

    matrix: NDArray[np.float16]
    held_from: int
    layout: AspectLayout
    wanted: float
    queries: Floats
    gpu: bool = False

    @classmethod
    def on(
        cls,
        matrix: NDArray[np.float16],
        held_from: int,
        layout: AspectLayout,
        wanted: float,
        gpu: bool = False,
    ) -> Trial:
        """A trial with at most 256 queries, drawn by a fixed seed."""
        pool = np.arange(held_from, len(matrix)) if held_from < len(matrix) else np.arange(len(matrix))
        drawn = np.random.default_rng(0).permutation(pool)[:QUERIES]
        return cls(matrix, held_from, layout, wanted, np.asarray(matrix[np.sort(drawn)], np.float32), gpu)

    @property
    def searched(self) -> NDArray[np.float16]:
        """The rows that are searched."""
        return self.matrix[: self.held_from]

    def panels(self) -> dict[str, Floats]:
        """Re-weighted queries: each aspect alone, and each left out. Empty for one aspect."""
        names = self.layout.names
        if len(names) < 2:
            return {}
        only = {f"only {a}": {n: float(n == a) for n in names} for a in names}
        without = {f"without {a}": {a: 0.0} for a in names} if len(names) > 2 else {}
        return {
            name: self.layout.reweigh(self.queries, weights) for name, weights in (only | without).items()
        }


@dataclass(frozen=True, slots=True)
class Recall:
    """Mean share of the exact top k that was found, and the standard error of that mean over the queries."""

    mean: float
    error: float

    @property
    def sure(self) -> float:
        """What it is at least, but for chance: the mean less one standard error."""
        return self.mean - self.error


def recall(found: Floats, exact: Floats) -> Recall:
    """How much of the exact answers was found, counting a tie with the k-th as found.

    found (q, k): true inner products of what was found, -inf where less was. exact (q, k): those of the exact
    answer, in falling order.
    """
    shares = (found >= exact[:, -1:] - 1e-6).mean(axis=1)
    return Recall(float(shares.mean()), float(shares.std() / np.sqrt(len(shares))))


def reranked(scan: Scan, matrix: NDArray[np.float16], probe: Floats) -> Floats:
    """True inner products (K,) of the best rows that a scan finds for a probe (d,), best first."""
    rows = scan.top(probe[None, :], K, None).rows
    scores = np.sort(np.asarray(matrix[rows], np.float32) @ probe)[::-1][:K]
    out = np.full(min(K, len(matrix)), -np.inf, np.float32)
    out[: len(scores)] = scores[: len(out)]
    return out


def recall_of(scan: Scan, trial: Trial, queries: Floats, truth: Floats) -> Recall:
    """Recall of a scan on queries (q, d) whose exact answers are ``truth`` (q, k)."""
    return recall(np.stack([reranked(scan, trial.searched, query) for query in queries]), truth)


def latency_of(scan: Scan, trial: Trial) -> float:
    """Median milliseconds of one query at a time, the first left out."""
    times = []
    for query in trial.queries[:TIMED]:
        began = time.perf_counter()
        reranked(scan, trial.searched, query)
        times.append(time.perf_counter() - began)
    return round(float(np.median(times[1:] or times)) * 1e3, 4)
