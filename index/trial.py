"""What index types are measured on: held-out photos, the exact answers, recall and latency."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from index.compared import weighed
from index.halves import widened
from index.scans import Scan

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
K = 10
NEAR = 32
"""So many of a query's nearest are known by their rows: enough for nearly all ties with the K-th."""
TIE = 1e-6
QUERIES = 256
TIMED, TIMED_EXACT = 64, 24


@dataclass(frozen=True, slots=True)
class Panel:
    """Queries (q, d) of one kind, and the inner products (q, K) of their exact answers, the best first.

    answers (q, NEAR): the rows that are as good as the K-th, -1 pads. crowded (q,): whether there may be more
    of them.
    """

    name: str
    queries: Floats
    truth: Floats
    answers: Ints
    crowded: NDArray[np.bool_]


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

    def panels(self) -> list[Panel]:
        """The queries as they are; then re-weighted ones, where there are several aspects: each alone, and
        each left out. All are compared in one pass over the rows.
        """
        layout, names = self.layout, self.layout.names
        asked: dict[str, dict[str, float]] = {"": {}}
        if len(names) > 1:
            asked |= {f"only {a}": {n: float(n == a) for n in names} for a in names}
        if len(names) > 2:
            asked |= {f"without {a}": {a: 0.0} for a in names}
        factors = np.stack([layout.factors(weights) for weights in asked.values()])
        fetch = min(NEAR, len(self.searched))
        scores, rows = weighed(self.searched, self.queries, layout.slices, factors, fetch)
        order = np.argsort(-scores, axis=1)
        scores, rows = np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)
        truth = np.ascontiguousarray(scores[:, :K])
        as_good = scores >= truth[:, -1:] - TIE
        answers = np.where(as_good, rows, -1)
        crowded = as_good[:, -1] & (scores.shape[1] < len(self.searched))
        panels = []
        for at, (name, weights) in enumerate(asked.items()):
            mine = slice(at * len(self.queries), (at + 1) * len(self.queries))
            queries = layout.reweigh(self.queries, weights)
            panels.append(Panel(name, queries, truth[mine], answers[mine], crowded[mine]))
        return panels


@dataclass(frozen=True, slots=True)
class Recall:
    """Mean share of the exact top k that was found, and the standard error of that mean over the queries."""

    mean: float
    error: float

    @classmethod
    def of(cls, shares: NDArray[np.float64]) -> Recall:
        """Over the shares (q,) of each query."""
        return cls(float(shares.mean()), float(shares.std() / np.sqrt(len(shares))))

    @property
    def sure(self) -> float:
        """What it is at least, but for chance: the mean less one standard error."""
        return self.mean - self.error


def ranked(rows: NDArray[np.int64], matrix: NDArray[np.float16], query: Floats) -> Floats:
    """The largest min(K, n) inner products of a query (d,) with some rows, the best first; -inf where there
    are fewer rows.
    """
    scores = np.sort(np.vecdot(widened(matrix[rows]), query))[::-1][:K]
    out = np.full(min(K, len(matrix)), -np.inf, np.float32)
    out[: len(scores)] = scores[: len(out)]
    return out


def recall_of(scan: Scan, trial: Trial, panel: Panel) -> Recall:
    """Recall of a scan on the queries of a panel, which are asked all at once.

    What was found is looked up among the exact answers, not scored; but for the few queries of which more
    rows than are known tie with the K-th.
    """
    found = scan.each(panel.queries, K).rows
    of_query = np.arange(len(found))[:, None] * len(trial.searched)
    asked = np.where(found < 0, -1, found + of_query)
    good = np.isin(asked, np.where(panel.answers < 0, -2, panel.answers + of_query))
    hits = np.count_nonzero(good, axis=1)
    for place in np.flatnonzero(panel.crowded).tolist():
        rows = found[place]
        scores = ranked(rows[rows >= 0], trial.searched, panel.queries[place])
        hits[place] = np.count_nonzero(scores >= panel.truth[place, -1] - TIE)
    k = panel.truth.shape[1]
    return Recall.of(np.minimum(hits, k) / k)


def latency_of(scan: Scan, trial: Trial) -> float:
    """Median milliseconds of one query at a time, with its re-ranking, the first left out."""
    times = []
    for query in trial.queries[: TIMED_EXACT if scan.exact else TIMED]:
        began = time.perf_counter()
        ranked(scan.top(query[None, :], K, None).rows, trial.searched, query)
        times.append(time.perf_counter() - began)
    return round(float(np.median(times[1:] or times)) * 1e3, 4)
