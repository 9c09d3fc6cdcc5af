"""hnswlib and usearch, run by their own Python: ``python with_search.py``; see ``answering``.

Both are used as their own documentation does: the defaults for building (16 links, 200 candidates for
hnswlib; usearch's own for usearch), all cores, and the smallest search width that reaches the recall wanted.
Every query is timed here, so that no pipe is in a figure.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from answering import answering

K = 10
WIDTHS = (10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
HELD: dict[str, Any] = {}


def build(data: str, queries: str, truth: str, kind: str, threads: int) -> dict[str, float]:
    """Index the rows of an .npy file; seconds, and the bytes that the index occupies."""
    matrix, HELD["queries"], HELD["truth"] = np.load(data), np.load(queries), np.load(truth)
    HELD["kind"] = kind
    began = time.perf_counter()
    if kind == "hnswlib":
        import hnswlib

        index = hnswlib.Index(space="ip", dim=matrix.shape[1])
        index.init_index(max_elements=len(matrix), ef_construction=200, M=16)
        index.set_num_threads(threads)
        index.add_items(matrix, np.arange(len(matrix)))
        size = index.index_file_size()
    else:
        from usearch.index import Index

        index = Index(ndim=matrix.shape[1], metric="ip", dtype=kind.partition(" ")[2] or "f32")
        index.add(np.arange(len(matrix)), matrix, threads=threads)
        size = index.memory_usage
    HELD["index"], HELD["size"] = index, len(matrix)
    return {"seconds": time.perf_counter() - began, "bytes": float(size)}


def ask(queries: np.ndarray, threads: int = 1) -> np.ndarray:
    """The ten nearest keys of each query (q, d)."""
    index = HELD["index"]
    if HELD["kind"] == "hnswlib":
        return index.knn_query(queries, k=K, num_threads=threads)[0]
    found = index.search(queries, K, threads=threads).keys
    return np.asarray(found).reshape(len(queries), -1)


def widen(width: int) -> None:
    """Set the search width."""
    if HELD["kind"] == "hnswlib":
        HELD["index"].set_ef(width)
    else:
        HELD["index"].expansion_search = width


def recall() -> float:
    """Share of the exact ten that is found, all queries at once."""
    found = ask(HELD["queries"], 0 if HELD["kind"] != "hnswlib" else -1)
    return float(np.mean([len(set(a) & set(b)) / K for a, b in zip(found, HELD["truth"], strict=True)]))


def tune(wanted: float) -> dict[str, float]:
    """Find the smallest width that reaches the recall wanted, else keep the largest."""
    for width in WIDTHS:
        widen(width)
        reached = recall()
        if reached >= wanted:
            break
    return {"width": width, "recall": reached}


def one_by_one(first: int, count: int) -> list[float]:
    """Seconds of each of some queries."""
    queries, times = HELD["queries"], []
    for at in range(first, first + count):
        query = queries[at % len(queries)]
        query = query[None, :] if HELD["kind"] == "hnswlib" else query
        began = time.perf_counter()
        if HELD["kind"] == "hnswlib":
            HELD["index"].knn_query(query, k=K, num_threads=1)
        else:
            HELD["index"].search(query, K)
        times.append(time.perf_counter() - began)
    return times


def batch(count: int, threads: int) -> float:
    """Seconds of so many queries at once."""
    queries = HELD["queries"][:count]
    began = time.perf_counter()
    ask(queries, threads)
    return time.perf_counter() - began


def replace(count: int, times: int, threads: int) -> float:
    """Seconds of replacing so many vectors so many times."""
    index, size = HELD["index"], HELD["size"]
    rng = np.random.default_rng(0)
    portions = [
        rng.standard_normal((count, HELD["queries"].shape[1])).astype(np.float32) for _ in range(times)
    ]
    began = time.perf_counter()
    for number, portion in enumerate(portions):
        keys = (np.arange(count) + number * count) % size
        portion /= np.linalg.norm(portion, axis=1, keepdims=True)
        if HELD["kind"] == "hnswlib":
            index.add_items(portion, keys, num_threads=threads)
        else:
            index.remove(keys)
            index.add(keys, portion, threads=threads)
    return time.perf_counter() - began


if __name__ == "__main__":
    answering({"build": build, "tune": tune, "one_by_one": one_by_one, "batch": batch, "replace": replace})
