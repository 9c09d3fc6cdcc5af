"""Search by photo as its users write it in an afternoon: FastAPI, Pillow, timm and FAISS.

``python plain_photo_service.py WEIGHTS_FOLDER PORT PHOTOS_FOLDER`` encodes the photos of a folder and answers
``POST /similar`` (multipart, ``photo``) with the ten most similar ones. Every upload is decoded and encoded
by itself, torch eager in float32 on all cores, on FastAPI's threads.
"""

from __future__ import annotations

import sys
from pathlib import Path

import faiss
import torch
import uvicorn
from fastapi import FastAPI, UploadFile
from plain_service import Hit, Hits
from with_plain_indexing import one_by_one, picture, pooled


def app_of(folder: Path) -> FastAPI:
    """The application over the photos of a folder."""
    paths = sorted(folder.iterdir())
    with torch.inference_mode():
        vectors = one_by_one([str(path) for path in paths])
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    app = FastAPI()

    @app.post("/similar")
    def similar(photo: UploadFile, k: int = 10) -> Hits:
        with torch.inference_mode():
            vector = pooled(picture(photo.file)[None])
        scores, rows = index.search(vector, k)
        plain = {"title": None, "category": None, "price": None, "in_stock": True}
        found = zip(scores[0].tolist(), rows[0].tolist(), strict=True)
        return Hits(hits=[Hit(product_id=paths[row].stem, score=score, **plain) for score, row in found])

    return app


if __name__ == "__main__":
    uvicorn.run(app_of(Path(sys.argv[3])), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
