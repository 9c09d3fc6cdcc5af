"""What a user would write without this project: NumPy, scikit-learn and plain FAISS, over float32 vectors."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.library import one_thread

K = 10
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
EFS = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
PROBES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
REFINED = (2, 3, 5, 10, 20)


@dataclass
class Contender:
    """name; ask: queries (q, d) → rows (q, K), the best first; build seconds; bytes that it occupies; note;
    how it is set for the recall wanted.
    """

    name: str
    ask: Callable[[Floats], Ints]
    build_seconds: float
    occupied: float
    note: str = ""
    settings: Sequence[Callable[[], str]] = field(default_factory=tuple)


def recall(found: Ints, truth: Ints) -> float:
    """Share of the exact answers (q, K) that was found."""
    return (
        float(np.mean([len(set(a) & set(b)) for a, b in zip(found.tolist(), truth.tolist(), strict=True)]))
        / (truth.shape[1])
    )


def exact_answers(matrix: Floats, queries: Floats, mask: NDArray[np.bool_] | None = None) -> Ints:
    """Rows (q, K) with the largest inner products among all, or those of a mask, in float32."""
    rows = np.arange(len(matrix)) if mask is None else np.flatnonzero(mask)
    kept = matrix if mask is None else matrix[rows]
    found: Ints = rows[faiss.knn(queries, kept, K, metric=faiss.METRIC_INNER_PRODUCT)[1]]
    return found


def by_numpy(matrix: Floats) -> Contender:
    """A matrix product and a partial sort."""

    def ask(queries: Floats) -> Ints:
        scores = queries @ matrix.T
        best = np.argpartition(scores, scores.shape[1] - K, axis=1)[:, -K:]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        found: Ints = np.take_along_axis(best, order, axis=1)
        return found

    return Contender("NumPy", ask, 0.0, matrix.nbytes)


def by_sklearn(matrix: Floats) -> Contender:
    """``NearestNeighbors`` by brute force, as its documentation advises for this many dimensions."""
    from sklearn.neighbors import NearestNeighbors

    began = time.perf_counter()
    fitted = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute").fit(matrix)
    seconds = time.perf_counter() - began
    return Contender(
        "scikit-learn",
        lambda queries: fitted.kneighbors(queries, return_distance=False),
        seconds,
        matrix.nbytes,
    )


def by_faiss(matrix: Floats, factory: str, name: str) -> Contender:
    """A type of the index factory, as FAISS's own documentation builds it."""
    began = time.perf_counter()
    index = faiss.index_factory(matrix.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
    if not index.is_trained:
        index.train(matrix)
    index.add(matrix)
    seconds = time.perf_counter() - began
    size = len(faiss.serialize_index(index))
    space = faiss.ParameterSpace()

    def setting(**words: float) -> Callable[[], str]:
        def apply() -> str:
            for word, value in words.items():
                space.set_index_parameter(index, word, value)
            return ", ".join(f"{word} {value:g}" for word, value in words.items())

        return apply

    settings: list[Callable[[], str]] = []
    if "HNSW" in factory:
        settings = [setting(efSearch=ef) for ef in EFS]
    elif "RFlat" in factory:
        settings = [setting(nprobe=p, k_factor_rf=f) for f in REFINED for p in PROBES]
    elif "IVF" in factory:
        settings = [setting(nprobe=p) for p in PROBES]
    return Contender(name, lambda queries: index.search(queries, K)[1], seconds, size, factory, settings)


def tuned(contender: Contender, queries: Floats, truth: Ints, wanted: float) -> Contender:
    """The contender at the quickest of its settings that reach the recall wanted on all queries."""
    sufficient: list[tuple[float, Callable[[], str]]] = []
    for apply in contender.settings:
        apply()
        if recall(contender.ask(queries), truth) >= wanted:
            sufficient.append((_median(contender, queries[:60]), apply))
            if "k_factor" not in apply():
                break
    if sufficient:
        chosen = min(sufficient, key=lambda entry: entry[0])[1]
        contender.note = f"{contender.note}, {chosen()}".strip(", ")
    elif contender.settings:
        contender.note = f"{contender.note}, {contender.settings[-1]()}: falls short".strip(", ")
    return contender


def _median(contender: Contender, queries: Floats) -> float:
    with one_thread():
        return float(np.median(one_by_one(contender.ask, queries)))


def one_by_one(ask: Callable[[Floats], Any], queries: Floats) -> list[float]:
    """Seconds of each query by itself."""
    times = []
    for at in range(len(queries)):
        began = time.perf_counter()
        ask(queries[at : at + 1])
        times.append(time.perf_counter() - began)
    return times
