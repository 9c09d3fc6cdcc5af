"""Small inputs for the tests of this floor: photos, rows, files, a simple space."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.records import CatalogueRow, EncodedPhoto, Interaction, PhotoRef, Product, SpaceRecord
from data.shop import Shop

SPACE = SpaceRecord("toy-1", "toy", {"names": ["a", "b"], "dims": [2, 2], "weights": [1.0, 1.0]}, {"n": 1})
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def image_bytes(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def gradient(width: int = 40, height: int = 30) -> Image.Image:
    """Red grows to the right, green downwards: each corner can be told from the others."""
    x = np.tile(np.linspace(0, 255, width), (height, 1))
    y = np.tile(np.linspace(0, 255, height)[:, None], (1, width))
    return Image.fromarray(np.stack([x, y, np.full_like(x, 60)], axis=2).astype(np.uint8))


def jpeg(width: int = 40, height: int = 30) -> bytes:
    return image_bytes(gradient(width, height), "JPEG", quality=95)


def row(number: int, product_id: str, *photos: str, further: bool = False, **fields: Any) -> CatalogueRow:
    return CatalogueRow(
        number, Product(product_id, **fields), tuple(PhotoRef(photo) for photo in photos), further
    )


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    columns = list(dict.fromkeys(name for entry in rows for name in entry))
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, columns, restval="")
        out.writeheader()
        out.writerows(rows)
    return path


def write_json_lines(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in rows), encoding="utf-8")
    return path


def event(customer: str, product: str, kind: str = "view", **fields: Any) -> Interaction:
    return Interaction(customer, product, kind, fields.pop("timestamp", NOON), **fields)


def unit_vector(turn: float = 0.0) -> NDArray[np.float32]:
    """Two unit blocks of two numbers."""
    return np.array([np.cos(turn), np.sin(turn), 1, 0], np.float32)


def use_space(shop: Shop) -> None:
    shop.put_space(SPACE)
    shop.set_current_space(SPACE.space)


def encode_all(shop: Shop, failing: Mapping[str, str] | None = None) -> None:
    """Give every pending photo a vector, except those whose file name is in ``failing`` (name → reason)."""
    failing = failing or {}
    for batch in shop.pending_photos(SPACE.space, 3):
        done = [
            EncodedPhoto(p.photo_id, f"sha of {p.path.name}", p.size, p.mtime_ns, unit_vector(n))
            for n, p in enumerate(batch)
            if p.path.name not in failing
        ]
        failed = [
            (p.photo_id, failing[p.path.name], f"{p.path.name} is bad")
            for p in batch
            if p.path.name in failing
        ]
        shop.put_vectors(SPACE.space, done, failed)
