"""Two small shops to learn from: one whose stored vectors hide a label, one whose photos show it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.records import CatalogueRow, EncodedPhoto, PhotoRef, Product
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.pipeline import remember_space
from tests.embedder.kit import jpeg

SIDE = 32


def hidden_label(directory: Path, photos: Path, embedder: Embedder, n: int = 90) -> Shop:
    """Products whose stored shape block hides their label ``kind`` under six stronger directions; two photos
    each.

    The last four have no value, an empty one, a value that no other bears, none.
    """
    shop = Shop.create(directory)
    photos.mkdir()
    rows, draw = [], np.random.default_rng(0)
    for i in range(n):
        for side in "ab":
            (photos / f"{i}{side}.jpg").write_bytes(b"never read: its vector is stored below")
        kind = f"k{i % 3}" if i < n - 4 else (None, "", "single", None)[i - n + 4]
        refs = (PhotoRef(f"{i}a.jpg"), PhotoRef(f"{i}b.jpg"))
        rows.append(CatalogueRow(i + 1, Product(f"p{i:03}", category="all", attributes={"kind": kind}), refs))
    shop.put_rows(rows, photos)
    remember_space(shop, embedder)
    shop.set_current_space(embedder.space)
    width, layout = embedder.layout.dims[0], embedder.layout
    done = []
    for photo in next(shop.pending_photos(embedder.space, 1000)):
        i = int(photo.product_id[1:])
        shape = draw.normal(0, 0.05, width)
        shape[2:8] = draw.normal(0, 2, 6)
        shape[:2] = np.array([(0, 1), (0.87, -0.5), (-0.87, -0.5)][i % 3]) + draw.normal(0, 0.2, 2)
        parts = [shape, *(draw.normal(size=d) for d in layout.dims[1:])]
        vector = np.concatenate([part / np.linalg.norm(part) for part in parts]).astype(np.float32)
        done.append(EncodedPhoto(photo.photo_id, photo.photo_id * 4, photo.size, photo.mtime_ns, vector))
    shop.put_vectors(embedder.space, done, [])
    return shop


def striped(directory: Path, photos: Path, n: int = 36) -> Shop:
    """Products of three patterns (stripes across, stripes along, dots) in random colours, two photos each; an
    attribute ``tone`` (dark or light) that every third product lacks."""
    shop = Shop.create(directory)
    photos.mkdir()
    draw = np.random.default_rng(1)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    rows = []
    for i in range(n):
        dark = bool(draw.integers(2))
        colour = draw.uniform(20, 110, 3) if dark else draw.uniform(130, 220, 3)
        for side in "ab":
            shift = int(draw.integers(8))
            pattern = [(y + shift) // 4 % 2, (x + shift) // 4 % 2, ((x + shift) // 4 + y // 4) % 2][i % 3]
            picture = colour + 35.0 * pattern[..., None] + draw.normal(0, 4, (SIDE, SIDE, 3))
            (photos / f"{i}{side}.jpg").write_bytes(jpeg(np.clip(picture, 0, 255).astype(np.uint8)))
        refs = (PhotoRef(f"{i}a.jpg"), PhotoRef(f"{i}b.jpg"))
        tone = None if i % 3 == 2 else "dark" if dark else "light"
        product = Product(f"p{i:03}", category=f"c{i % 3}", attributes={"tone": tone})
        rows.append(CatalogueRow(i + 1, product, refs))
    shop.put_rows(rows, photos)
    return shop
