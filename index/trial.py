"""What index types are measured on: held-out photos, the exact answers, recall and latency."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from index.halves import widened
from index.library import load_faiss
from index.scans import Scan

Floats = NDArray[np.float32]
K = 10
QUERIES = 256
TIMED = 64
CHUNK = 32_768


@dataclass(frozen=True, slots=True)
class Panel:
    """Queries (q, d) of one kind, and the inner products (q, K) of their exact answers, the best first."""

    name: str
    queries: Floats
    truth: Floats


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

    def plain(self) -> Panel:
        """The queries as they are."""
        return self._panels({"": self.queries})[0]

    def reweighed(self) -> list[Panel]:
        """Re-weighted queries: each aspect alone, and each left out. Empty for one aspect."""
        names = self.layout.names
        if len(names) < 2:
            return []
        only = {f"only {a}": {n: float(n == a) for n in names} for a in names}
        without = {f"without {a}": {a: 0.0} for a in names} if len(names) > 2 else {}
        return self._panels(
            {name: self.layout.reweigh(self.queries, weights) for name, weights in (only | without).items()}
        )

    def _panels(self, asked: dict[str, Floats]) -> list[Panel]:
        """All kinds are compared in one pass over the rows."""
        each = len(self.queries)
        truth = nearest(self.searched, np.concatenate(list(asked.values())))
        return [
            Panel(name, queries, truth[at * each : (at + 1) * each])
            for at, (name, queries) in enumerate(asked.items())
        ]


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


def nearest(matrix: NDArray[np.float16], queries: Floats) -> Floats:
    """The largest min(K, n) inner products of each query (q, d) with all rows (n, d), the best first."""
    faiss = load_faiss()
    k = min(K, len(matrix))
    best = np.empty((len(queries), 0), np.float32)
    for first in range(0, len(matrix), CHUNK):
        part = widened(np.ascontiguousarray(matrix[first : first + CHUNK]))
        found, _ = faiss.knn(queries, part, min(k, len(part)), metric=faiss.METRIC_INNER_PRODUCT)
        best = -np.sort(-np.concatenate([best, found], axis=1), axis=1)[:, :k]
    return np.ascontiguousarray(best)


def ranked(rows: NDArray[np.int64], matrix: NDArray[np.float16], query: Floats) -> Floats:
    """The largest min(K, n) inner products of a query (d,) with some rows, the best first; -inf where there
    are fewer rows.
    """
    scores = np.sort(np.vecdot(widened(matrix[rows]), query))[::-1][:K]
    out = np.full(min(K, len(matrix)), -np.inf, np.float32)
    out[: len(scores)] = scores[: len(out)]
    return out


def recall_of(scan: Scan, trial: Trial, panel: Panel) -> Recall:
    """Recall of a scan on the queries of a panel, which are asked all at once."""
    found = scan.each(panel.queries, K).rows
    ours = [
        ranked(rows[rows >= 0], trial.searched, query)
        for rows, query in zip(found, panel.queries, strict=True)
    ]
    return recall(np.stack(ours), panel.truth)


def latency_of(scan: Scan, trial: Trial) -> float:
    """Median milliseconds of one query at a time, with its re-ranking, the first left out."""
    times = []
    for query in trial.queries[:TIMED]:
        began = time.perf_counter()
        ranked(scan.top(query[None, :], K, None).rows, trial.searched, query)
        times.append(time.perf_counter() - began)
    return round(float(np.median(times[1:] or times)) * 1e3, 4)
