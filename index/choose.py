"""The choice of an index type, by measurement on the shop's own vectors.

Every candidate is built without the held-out photos, searched for them by settings of rising cost, and
compared with the exact answer. The quickest that reaches the wanted recall is taken; where none does, or none
is quicker than comparing everything, the exact type is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import UsageError
from index.devices import gpu_scan, to_gpu
from index.library import load_faiss
from index.manifest import Candidate, Setting
from index.scans import ApproximateScan, ExactScan, Scan, parameter_of

Floats = NDArray[np.float32]
Progress = Callable[[str], None]
K = 10
CHUNK = 65536
TRAINING_PER_LIST = 64
TIMED = 64
EXACT = "exact"
FLAT = "Flat"


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
        drawn = np.random.default_rng(0).permutation(pool)[:256]
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
class Built:
    """A candidate and the FAISS index it stands for (over all rows, held-out ones included)."""

    candidate: Candidate
    index: Any


def recall(found: Floats, exact: Floats) -> float:
    """Mean share of the exact top k that was found, counting a tie with the k-th as found.

    found (q, k): true inner products of what was found, -inf where less was. exact (q, k): those of the exact
    answer, in falling order.
    """
    last = exact[:, -1:]
    return float((found >= last - 1e-6).mean())


def reranked(scan: Scan, matrix: NDArray[np.float16], probe: Floats) -> Floats:
    """True inner products (K,) of the best rows that a scan finds for a probe (d,), best first."""
    rows = scan.top(probe[None, :], K, None).rows
    scores = np.sort(np.asarray(matrix[rows], np.float32) @ probe)[::-1][:K]
    out = np.full(min(K, len(matrix)), -np.inf, np.float32)
    out[: len(scores)] = scores[: len(out)]
    return out


def factories(n: int, d: int, gpu: bool) -> list[str]:
    """The types worth trying on n vectors of width d, in the order of their building time."""
    lists = 2 ** round(np.log2(2 * np.sqrt(n)))
    if gpu:
        return [FLAT, f"IVF{lists},SQ8", f"IVF{lists},Flat"]
    quantized = [f"IVF{lists},PQ{d // 2}x4fs"] if d % 2 == 0 else []
    return [*quantized, f"IVF{lists},SQ8", "HNSW32,SQfp16"]


def choose(trial: Trial, names: Sequence[str], progress: Progress) -> tuple[Built, list[Candidate]]:
    """Build and measure the named types; the one to use (index None: exact) and all that were tried.

    Raises UsageError for a name that FAISS cannot build on these vectors.
    """
    exact = ExactScan.over(trial.searched)
    truth = [reranked(exact, trial.searched, query) for query in trial.queries]
    baseline = Candidate(EXACT, 1.0, _latency(exact, trial), trial.matrix.nbytes / 1e6, 0.0, reached=True)
    progress(f"{EXACT}: {baseline.latency_ms:.2f} ms a query")
    best, tried = Built(baseline, None), [baseline]
    for name in names:
        built = measure(name, trial, exact, np.stack(truth), progress)
        tried.append(built.candidate)
        if built.candidate.reached and built.candidate.latency_ms < best.candidate.latency_ms:
            best = built
    return best, tried


def forced(trial: Trial, name: str, progress: Progress) -> tuple[Built, list[Candidate]]:
    """Build the one type that the user named, by the setting that comes nearest to the wanted recall."""
    exact = ExactScan.over(trial.searched)
    truth = [reranked(exact, trial.searched, query) for query in trial.queries]
    built = measure(name, trial, exact, np.stack(truth), progress)
    return built, [built.candidate]


def measure(factory: str, trial: Trial, exact: ExactScan, truth: Floats, progress: Progress) -> Built:
    """Build a type, find its cheapest sufficient setting, and the one for re-weighted queries."""
    began = time.perf_counter()
    index = build(factory, trial.searched)
    seconds = time.perf_counter() - began
    moved = to_gpu(index) if trial.gpu else index
    setting, found = _tune(moved, trial, [(trial.queries, truth)])
    scan = _scan(moved, setting, trial.gpu)
    panels = trial.panels()
    truths = {
        name: np.stack([reranked(exact, trial.searched, q) for q in queries])
        for name, queries in panels.items()
    }
    at_setting = {name: _recall_of(scan, trial, panels[name], truths[name]) for name in panels}
    ceiling = _latency(exact, trial)
    worst_first = sorted(panels, key=lambda name: at_setting[name])
    again, lowest = _tune(moved, trial, [(panels[n], truths[n]) for n in worst_first], ceiling)
    candidate = Candidate(
        factory,
        round(found, 4),
        _latency(scan, trial),
        _bytes(index) / 1e6,
        round(seconds, 2),
        found >= trial.wanted,
        setting,
        again if panels and lowest >= trial.wanted else None,
        round(lowest, 4) if panels else None,
        {name: round(value, 4) for name, value in at_setting.items()},
    )
    add(index, trial.matrix[trial.held_from :])
    progress(
        f"{factory}: recall@{K} {found:.3f}, {candidate.latency_ms:.2f} ms a query, "
        f"{candidate.memory_mb:.0f} MB, built in {seconds:.1f} s"
    )
    return Built(replace(candidate, memory_mb=round(_bytes(index) / 1e6, 3)), index)


def build(factory: str, matrix: NDArray[np.float16]) -> Any:
    """A trained FAISS index over the rows; UsageError where the factory string does not fit."""
    faiss = load_faiss()

    n, d = matrix.shape
    try:
        index = faiss.index_factory(d, factory, faiss.METRIC_INNER_PRODUCT)
        if not index.is_trained:
            lists = getattr(faiss.try_extract_index_ivf(index), "nlist", 1024)
            sample = min(n, max(TRAINING_PER_LIST * lists, 20_000))
            rows = np.sort(np.random.default_rng(0).choice(n, sample, replace=False))
            index.train(np.asarray(matrix[rows], np.float32))
        add(index, matrix)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rsplit(": ", 1)[-1] or type(error).__name__
        raise UsageError(
            f"FAISS cannot build an index of type {factory!r} on {n} vectors of width {d} ({reason}); "
            "choose auto, exact, or another factory string"
        ) from error
    return index


def add(index: Any, matrix: NDArray[np.float16]) -> None:
    """Add rows in chunks, so that float32 copies stay small."""
    for first in range(0, len(matrix), CHUNK):
        index.add(np.asarray(matrix[first : first + CHUNK], np.float32))


def _settings(index: Any) -> list[list[Setting]]:
    """Settings of rising cost, one list per overfetch factor."""
    parameter = parameter_of(index)
    if parameter == "nprobe":
        return [[Setting(parameter, 2**i, factor) for i in range(9)] for factor in (2, 5, 10, 20, 50)]
    if parameter == "efSearch":
        return [[Setting(parameter, 2**i, factor) for i in range(5, 10)] for factor in (2, 10)]
    return [[Setting(parameter, 0, factor)] for factor in (1, 2, 5, 10, 20, 50)]


def _tune(
    index: Any, trial: Trial, panels: Sequence[tuple[Floats, Floats]], ceiling_ms: float = np.inf
) -> tuple[Setting, float]:
    """The quickest setting that reaches the wanted recall on every panel, else the one with the best recall.

    Settings slower than ``ceiling_ms`` are not worth having: comparing everything is quicker.
    """
    sufficient: list[tuple[float, Setting, float]] = []
    best = (_settings(index)[0][0], 0.0)
    for rising in _settings(index):
        for setting in rising:
            scan = _scan(index, setting, trial.gpu)
            worst = _lowest_recall(scan, trial, panels)
            if worst > best[1]:
                best = (setting, worst)
            latency = _latency(scan, trial) if worst >= trial.wanted or np.isfinite(ceiling_ms) else 0.0
            if worst >= trial.wanted and latency <= ceiling_ms:
                sufficient.append((latency, setting, worst))
            if worst >= trial.wanted or latency > ceiling_ms:
                break
    if sufficient:
        _, setting, value = min(sufficient, key=lambda entry: entry[0])
        return setting, value
    return best if ceiling_ms == np.inf else (best[0], min(best[1], np.nextafter(trial.wanted, 0)))


def _lowest_recall(scan: Scan, trial: Trial, panels: Sequence[tuple[Floats, Floats]]) -> float:
    """The lowest recall over the panels; stops at the first that falls below what is wanted."""
    lowest = 1.0
    for queries, truth in panels:
        lowest = min(lowest, _recall_of(scan, trial, queries, truth))
        if lowest < trial.wanted:
            break
    return lowest


def _recall_of(scan: Scan, trial: Trial, queries: Floats, truth: Floats) -> float:
    return recall(np.stack([reranked(scan, trial.searched, query) for query in queries]), truth)


def _latency(scan: Scan, trial: Trial) -> float:
    """Median milliseconds of one query at a time, the first left out."""
    times = []
    for query in trial.queries[:TIMED]:
        began = time.perf_counter()
        reranked(scan, trial.searched, query)
        times.append(time.perf_counter() - began)
    return round(float(np.median(times[1:] or times)) * 1e3, 4)


def _scan(index: Any, setting: Setting, gpu: bool) -> ApproximateScan:
    return gpu_scan(index, setting) if gpu else ApproximateScan(index, setting)


def _bytes(index: Any) -> int:
    faiss = load_faiss()

    counter = _Counter()
    faiss.write_index(index, faiss.PyCallbackIOWriter(counter))
    return counter.bytes


class _Counter:
    """A writer that only counts: the size of an index without a second copy of it."""

    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, part: bytes) -> int:
        self.bytes += len(part)
        return len(part)
