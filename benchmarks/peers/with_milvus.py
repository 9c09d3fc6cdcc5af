"""Milvus Lite, run by its own Python: ``python with_milvus.py FILE``; see ``answering``.

A local collection by ``MilvusClient``, with an attribute to filter by. Of the index types FLAT is asked
for: at 20,000 vectors it answered more quickly than HNSW and IVF_FLAT. Every query is timed here.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from answering import answering

K = 10
NAME = "photos"
PORTION = 2_000
WIDTHS = (16, 32, 64, 128, 256, 512)
HELD: dict[str, Any] = {}


def build(data: str, queries: str, truth: str, ranks: str, kind: str) -> dict[str, Any]:
    """Insert and index the rows of an .npy file; seconds and the index type."""
    from pymilvus import DataType, MilvusClient

    matrix, HELD["queries"], HELD["truth"] = np.load(data), np.load(queries), np.load(truth)
    numbers = np.load(ranks)
    client = HELD["client"] = MilvusClient(sys.argv[1])
    HELD["kind"], HELD["width"] = kind, 64
    began = time.perf_counter()
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=matrix.shape[1])
    schema.add_field("rank", DataType.DOUBLE)
    chosen = client.prepare_index_params()
    words = {"M": 16, "efConstruction": 200} if kind == "HNSW" else {}
    chosen.add_index("vector", index_type=kind, metric_type="IP", params=words)
    client.create_collection(NAME, schema=schema, index_params=chosen)
    for first in range(0, len(matrix), PORTION):
        part = range(first, min(first + PORTION, len(matrix)))
        client.insert(
            NAME, [{"id": i, "vector": matrix[i].tolist(), "rank": float(numbers[i])} for i in part]
        )
    client.flush(NAME)
    client.load_collection(NAME)
    return {"seconds": time.perf_counter() - began}


def ask(queries: np.ndarray, where: str = "") -> list[list[int]]:
    """The ten nearest ids of each query."""
    words = {"ef": HELD["width"]} if HELD["kind"] == "HNSW" else {}
    told = HELD["client"].search(
        NAME, data=queries.tolist(), limit=K, filter=where, search_params={"params": words}
    )
    return [[hit["id"] for hit in hits] for hits in told]


def tune(wanted: float) -> dict[str, float]:
    """Find the smallest width that reaches the recall wanted."""
    for width in WIDTHS:
        HELD["width"] = width
        reached = _recall(HELD["queries"][:100], HELD["truth"][:100], "")
        if reached >= wanted or HELD["kind"] != "HNSW":
            break
    return {"width": HELD["width"], "recall": reached}


def recall(where: str, truth: str, count: int) -> float:
    """Share of the exact ten among those that pass a filter."""
    return _recall(HELD["queries"][:count], np.load(truth)[:count], where)


def _recall(queries: np.ndarray, truth: np.ndarray, where: str) -> float:
    found = ask(queries, where)
    return float(np.mean([len(set(a) & set(b)) / K for a, b in zip(found, truth.tolist(), strict=True)]))


def one_by_one(first: int, count: int, where: str = "") -> list[float]:
    """Seconds of each of some queries."""
    queries, times = HELD["queries"], []
    for at in range(first, first + count):
        query = queries[at % len(queries)][None, :]
        began = time.perf_counter()
        ask(query, where)
        times.append(time.perf_counter() - began)
    return times


def batch(count: int) -> float:
    """Seconds of so many queries at once."""
    queries = HELD["queries"][:count]
    began = time.perf_counter()
    ask(queries)
    return time.perf_counter() - began


if __name__ == "__main__":
    answering({"build": build, "tune": tune, "recall": recall, "one_by_one": one_by_one, "batch": batch})
