"""A service of look-alikes as its users write it in an afternoon: FastAPI, pydantic and FAISS.

``python plain_service.py FOLDER PORT flat|hnsw`` reads ``vectors.npy`` (float32, unit rows) and
``products.json`` (as many products, each with its card) of the folder, and answers
``GET /products/{id}/similar?k=10`` with the ten most similar ones. One process, one thread. It has no keys,
limits, log, metrics, filters or changes; that is what makes it quick.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import faiss
import numpy as np
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel


class Hit(BaseModel):
    """A product and how similar it is."""

    product_id: str
    score: float
    title: str | None
    category: str | None
    price: float | None
    in_stock: bool


class Hits(BaseModel):
    """The answer."""

    hits: list[Hit]


def app_of(folder: Path, kind: str) -> FastAPI:
    """The application over what lies in the folder."""
    vectors = np.load(folder / "vectors.npy")
    products = json.loads((folder / "products.json").read_text(encoding="utf-8"))
    row_of = {product["product_id"]: row for row, product in enumerate(products)}
    index = index_of(folder, kind, vectors)
    faiss.omp_set_num_threads(1)
    app = FastAPI()

    @app.get("/products/{product_id}/similar")
    async def similar(product_id: str, k: int = 10) -> Hits:
        row = row_of.get(product_id)
        if row is None:
            raise HTTPException(404, "no such product")
        scores, rows = index.search(vectors[row : row + 1], k + 1)
        found = [(float(s), int(r)) for s, r in zip(scores[0], rows[0], strict=True) if r not in (row, -1)]
        return Hits(hits=[Hit(score=score, **products[place]) for score, place in found[:k]])

    return app


def index_of(folder: Path, kind: str, vectors: np.ndarray) -> faiss.Index:
    """An exact index, or a graph, which is built with all threads and kept beside the vectors."""
    width = vectors.shape[1]
    if kind == "flat":
        flat = faiss.IndexFlatIP(width)
        flat.add(vectors)
        return flat
    kept = folder / "hnsw.faiss"
    if kept.exists():
        graph = faiss.read_index(str(kept))
    else:
        graph = faiss.IndexHNSWFlat(width, 32, faiss.METRIC_INNER_PRODUCT)
        graph.add(vectors)
        faiss.write_index(graph, str(kept))
    graph.hnsw.efSearch = 64
    return graph


if __name__ == "__main__":
    uvicorn.run(
        app_of(Path(sys.argv[1]), sys.argv[3]), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning"
    )
