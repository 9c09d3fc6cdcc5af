"""Small shops with drawn vectors: real records and a real database, only the photos' looks are made up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.records import CatalogueRow, EncodedPhoto, PhotoRef, Product, SpaceRecord
from data.shop import Shop

LAYOUT = AspectLayout(("shape", "texture", "colour"), (12, 6, 8), (0.55, 0.1, 0.35))
SPACE = "drawn-000000000001"
Floats = NDArray[np.float32]


def unit_blocks(vectors: Floats, layout: AspectLayout = LAYOUT) -> Floats:
    """Each block divided by its norm."""
    out = np.array(vectors, np.float32)
    for where in layout.slices:
        out[:, where] /= np.linalg.norm(out[:, where], axis=1, keepdims=True)
    return out


def drawn(n: int, seed: int = 0, layout: AspectLayout = LAYOUT, clusters: int = 12) -> Floats:
    """Unit blocks (n, d) that lie in clusters, like photos do."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clusters, layout.d))
    points = centres[rng.integers(0, clusters, n)] + 0.6 * rng.standard_normal((n, layout.d))
    return unit_blocks(points.astype(np.float32), layout)


@dataclass
class Looks:
    """What was put into a shop: stored vectors by photo, photos by product (live ones only)."""

    shop: Shop
    layout: AspectLayout = LAYOUT
    vectors: dict[str, Floats] = field(default_factory=dict, repr=False)
    photos: dict[str, list[str]] = field(default_factory=dict, repr=False)
    products: dict[str, Product] = field(default_factory=dict, repr=False)

    def put(self, product: Product | str, blocks: Floats) -> None:
        """Insert or replace a product with photos of these looks (m, d)."""
        self.put_many([(product, blocks)])

    def put_many(self, items: Sequence[tuple[Product | str, Floats]]) -> None:
        """Several products in two transactions."""
        rows, made = [], {}
        for number, (item, blocks) in enumerate(items):
            product = item if isinstance(item, Product) else Product(item)
            names = [f"{hashlib.sha256(b.tobytes()).hexdigest()[:20]}-{i}.jpg" for i, b in enumerate(blocks)]
            rows.append(CatalogueRow(number + 1, product, tuple(PhotoRef(name) for name in names)))
            made[product.product_id] = (product, blocks)
        self.shop.put_rows(rows, Path("photos"))
        done = []
        for product_id, (product, blocks) in made.items():
            photos = self.shop.photos_of(product_id)
            for photo, block in zip(photos, blocks, strict=True):
                sha = hashlib.sha256(block.tobytes()).hexdigest()
                done.append(EncodedPhoto(photo.photo_id, sha, 1, 1, block))
                stored = self.layout.scale(block.astype(np.float16).astype(np.float32)[None, :])[0]
                self.vectors[photo.photo_id] = stored.astype(np.float16).astype(np.float32)
            self.photos[product_id] = [photo.photo_id for photo in photos]
            self.products[product_id] = product
        self.shop.put_vectors(SPACE, done, [])

    def delete(self, *products: str) -> None:
        """Take products away."""
        self.shop.delete_products(products)
        for product in products:
            del self.photos[product], self.products[product]

    def scores(self, query: Floats) -> dict[str, float]:
        """Brute force, in float64: each live product's best inner product with a query (d,)."""
        wide = query.astype(np.float64)
        return {
            product: max(float(self.vectors[photo].astype(np.float64) @ wide) for photo in photos)
            for product, photos in self.photos.items()
            if photos
        }


def empty(directory: Path, layout: AspectLayout = LAYOUT) -> Looks:
    """A shop whose space is known and which holds nothing."""
    shop = Shop.create(directory)
    shop.put_space(SpaceRecord(SPACE, "drawn", layout.as_json(), {}))
    shop.set_current_space(SPACE)
    return Looks(shop, layout)


def stocked(directory: Path, products: int, seed: int = 0, photos: int = 2) -> Looks:
    """A shop of products p0000, p0001 ... with one to ``photos`` photos, categories, prices and stock."""
    looks = empty(directory)
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, photos + 1, products)
    blocks = drawn(int(counts.sum()), seed)
    starts = np.concatenate([[0], np.cumsum(counts)])
    items: list[tuple[Product | str, Floats]] = []
    for i in range(products):
        product = Product(
            f"p{i:04d}",
            title=f"thing {i}",
            category=("dress", "shoe", "bag")[i % 3],
            price=float(i % 50),
            in_stock=i % 5 != 0,
            attributes={"rank": float(i)},
        )
        items.append((product, blocks[starts[i] : starts[i + 1]]))
    looks.put_many(items)
    return looks
