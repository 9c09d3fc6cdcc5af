"""The choice of an index type, by measurement on the shop's own vectors.

Every candidate is built without the held-out photos, searched for them by settings of rising cost, and
compared with the exact answer. The quickest that reaches the wanted recall is taken; where none does, or none
is quicker than comparing everything, the exact type is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from index.approximate import ApproximateScan
from index.devices import gpu_scan, to_gpu
from index.halves import widened
from index.library import load_faiss, one_thread
from index.manifest import EXACT, FLAT, Candidate, Setting
from index.parameters import parameter_of
from index.scans import ExactScan, Scan
from index.trial import K, Panel, Recall, Trial, latency_of, recall_of

Floats = NDArray[np.float32]
Progress = Callable[[str], None]
CHUNK = 16_384
TRAINING_PER_LIST = 40
"""Vectors that lists are learnt from: FAISS warns below 39; with 64 nothing was found better, only later."""
GRAPH = "HNSW"
QUICKER = 0.9
"""A larger type must take at most this share of the smaller one's time."""
FAR = 5.0
"""So many times quicker than exact is quick enough: the rest of a search takes longer than the index then."""
NEARLY = 1.15
VISITED = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
OVERFETCHED = (2, 3, 5, 10, 20, 50)
ROUNDS = 10
"""Of the k-means of a product quantizer."""


@dataclass(frozen=True, slots=True)
class Built:
    """A candidate and the FAISS index it stands for (over all rows, held-out ones included)."""

    candidate: Candidate
    index: Any


def factories(n: int, d: int, gpu: bool) -> list[str]:
    """The types worth trying on n vectors of width d, in the order of their building time."""
    lists = 2 ** round(np.log2(2 * np.sqrt(n)))
    if gpu:
        return [FLAT, f"IVF{lists},SQ8", f"IVF{lists},Flat"]
    quantized = [f"IVF{lists},PQ{d // 2}x4fs"] if d % 2 == 0 else []
    return [*quantized, f"IVF{lists},SQ8", "HNSW32,SQfp16"]


def choose(trial: Trial, names: Sequence[str], progress: Progress) -> tuple[Built, list[Candidate]]:
    """Build and measure the named types; the one to use (index None: exact) and all that were tried.

    They are named in the order of their size and building time. Once one is sufficient and ``FAR`` times
    quicker than exact, no other is tried; a graph, which takes longer to build than all else together, only
    where none was sufficient at all. Of two that are about as quick the one named first is taken. Raises
    UsageError for a name that FAISS cannot build on these vectors.
    """
    exact = ExactScan.over(trial.searched)
    baseline = Candidate(EXACT, 1.0, latency_of(exact, trial), trial.matrix.nbytes / 1e6, 0.0, reached=True)
    progress(f"{EXACT}: {baseline.latency_ms:.2f} ms a query, {baseline.memory_mb:.0f} MB")
    best, tried = Built(baseline, None), [baseline]
    exams = Exams.of(trial, baseline.latency_ms) if names else None
    for name in names:
        far = best.candidate.latency_ms * FAR <= baseline.latency_ms
        if exams is None or (best.index is not None and (far or name.startswith(GRAPH))):
            continue
        built = measure(name, trial, exams, progress)
        tried.append(built.candidate)
        bar = best.candidate.latency_ms * (1.0 if best.index is None else QUICKER)
        if built.candidate.reached and built.candidate.latency_ms < bar:
            best = built
    return best, tried


def forced(trial: Trial, name: str, progress: Progress) -> tuple[Built, list[Candidate]]:
    """Build the one type that the user named, by the setting that comes nearest to the wanted recall."""
    exact_ms = latency_of(ExactScan.over(trial.searched), trial)
    built = measure(name, trial, Exams.of(trial, exact_ms), progress)
    return built, [built.candidate]


@dataclass(frozen=True, slots=True)
class Exams:
    """What every candidate is asked, with the exact answers: plain queries and re-weighted ones; and how long
    comparing everything takes, in milliseconds."""

    plain: Panel
    reweighed: list[Panel]
    exact_ms: float

    @classmethod
    def of(cls, trial: Trial, exact_ms: float) -> Exams:
        """Compare everything once for all candidates."""
        plain, *reweighed = trial.panels()
        return cls(plain, reweighed, exact_ms)


def measure(factory: str, trial: Trial, exams: Exams, progress: Progress) -> Built:
    """Build a type, find its cheapest sufficient setting, and the one for re-weighted queries."""
    began = time.perf_counter()
    index = build(factory, trial.searched)
    seconds = time.perf_counter() - began
    moved = to_gpu(index) if trial.gpu else index
    steps = settings(parameter_of(index))
    setting, found = _tune(moved, steps, trial, [exams.plain])
    scan = _scan(moved, setting, trial)
    at_setting = {panel.name: recall_of(scan, trial, panel).mean for panel in exams.reweighed}
    worst_first = sorted(exams.reweighed, key=lambda panel: at_setting[panel.name])
    again, lowest = _tune(moved, steps, trial, worst_first, exams.exact_ms)
    candidate = Candidate(
        factory,
        round(found.mean, 4),
        latency_of(scan, trial),
        _bytes(index) / 1e6,
        round(seconds, 2),
        found.sure >= trial.wanted,
        setting,
        again if exams.reweighed and lowest.sure >= trial.wanted else None,
        round(lowest.mean, 4) if exams.reweighed else None,
        {name: round(value, 4) for name, value in at_setting.items()},
    )
    add(index, trial.matrix[trial.held_from :])
    progress(
        f"{factory}: recall@{K} {found.mean:.3f}, {candidate.latency_ms:.2f} ms a query, "
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
            _train(index, widened(matrix[rows]))
        add(index, matrix)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rsplit(": ", 1)[-1] or type(error).__name__
        raise UsageError(
            f"FAISS cannot build an index of type {factory!r} on {n} vectors of width {d} ({reason}); "
            "choose auto, exact, or another factory string"
        ) from error
    return index


def _train(index: Any, sample: Floats) -> None:
    """Learn the lists with all threads, the rest with one: a product quantizer is hundreds of tiny k-means,
    at which threads wait for one another (measured on two busy cores: 24 s with two, 4 s with one), and after
    ten rounds of which nothing is gained (FAISS makes 25).
    """
    faiss = load_faiss()
    inner = faiss.downcast_index(index)
    if hasattr(inner, "pq"):
        inner.pq.cp.niter = ROUNDS
    if isinstance(inner, (faiss.IndexIVF, faiss.IndexIVFFastScan)):
        faiss.Clustering(index.d, inner.nlist, inner.cp).train(sample, inner.quantizer)
    with one_thread():
        index.train(sample)


def add(index: Any, matrix: NDArray[np.float16]) -> None:
    """Add rows in chunks, so that float32 copies stay small."""
    for first in range(0, len(matrix), CHUNK):
        index.add(widened(matrix[first : first + CHUNK]))


def settings(parameter: str) -> list[list[Setting]]:
    """Settings of rising cost for a search parameter, one list per overfetch factor."""
    if parameter == "nprobe":
        return [[Setting(parameter, visited, factor) for visited in VISITED] for factor in OVERFETCHED]
    if parameter == "efSearch":
        return [[Setting(parameter, 2**i, factor) for i in range(5, 10)] for factor in (2, 10)]
    return [[Setting(parameter, 0, factor)] for factor in (1, 2, 5, 10, 20, 50)]


def _tune(
    index: Any,
    steps: Sequence[Sequence[Setting]],
    trial: Trial,
    panels: Sequence[Panel],
    ceiling_ms: float = np.inf,
) -> tuple[Setting, Recall]:
    """The best setting that surely reaches the wanted recall on every panel, else the nearest to it.

    Of those that are ``NEARLY`` as quick as the quickest it is the one that finds most, or else visits most
    lists: what was measured on some queries is then less likely to be too little for others, which a filter
    sends further away. Settings slower than ``ceiling_ms`` do not
    count: comparing everything is quicker.
    """
    best, quickest = (steps[0][0], Recall(0.0, 0.0)), math.inf
    least = reached = 0
    sufficient: list[tuple[float, Setting, Recall]] = []
    for rising in reversed(steps):  # the fewer rows are fetched, the more lists must be visited
        for place, setting in enumerate(rising[least:], least):
            scan = _scan(index, setting, trial)
            lowest = _lowest_recall(scan, trial, panels)
            if lowest.mean > best[1].mean:
                best = (setting, lowest)
            enough = lowest.sure >= trial.wanted
            least = place if enough else place + 1
            if not enough and (not sufficient or place <= reached):
                continue
            latency = latency_of(scan, trial)
            if enough:
                sufficient.append((latency, setting, lowest))
                quickest, reached = min(quickest, latency), place
            if enough or latency >= quickest:  # whatever visits more is slower
                break
        if not sufficient:  # where the most rows do not suffice, fewer do not
            return best
    if quickest > ceiling_ms:
        return best[0], replace(best[1], error=np.inf)
    alike = [entry for entry in sufficient if entry[0] <= min(quickest * NEARLY, ceiling_ms)]
    _, setting, found = max(alike, key=lambda entry: (entry[2].mean, entry[1].value, -entry[0]))
    return setting, found


def _lowest_recall(scan: Scan, trial: Trial, panels: Sequence[Panel]) -> Recall:
    """The lowest recall over the panels; stops at the first that falls below what is wanted."""
    lowest = Recall(1.0, 0.0)
    for panel in panels:
        lowest = min(lowest, recall_of(scan, trial, panel), key=lambda found: found.sure)
        if lowest.sure < trial.wanted:
            break
    return lowest


def _scan(index: Any, setting: Setting, trial: Trial) -> ApproximateScan:
    if trial.gpu:
        return gpu_scan(index, setting)
    return ApproximateScan(index, setting, stored=trial.searched)


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
