"""A real shop with drawn products and vectors: a database, photos on paper, and a generation, without the
hours of encoding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.records import Card, CatalogueRow, EncodedPhoto, PhotoRef, Product, SpaceRecord
from data.shop import Shop
from index.generation import GenerationInfo, build_generation

PORTION = 10_000
CENTRES, LATENT, BENT = 400, 20, 64
CATEGORIES = ("Dress", "Shirt", "Trousers", "Shoes", "Bag", "Coat", "Skirt", "Hat")
COLOURS = ("black", "white", "red", "navy", "sand", "green")
Floats = NDArray[np.float32]


def layout_of(width: int) -> AspectLayout:
    """Shape, texture and colour at the proportions of the bundled embedder, ``width`` numbers in all."""
    texture, colour = width // 8, width * 3 // 16
    return AspectLayout(
        ("shape", "texture", "colour"), (width - texture - colour, texture, colour), (0.55, 0.1, 0.35)
    )


def space_of(width: int, embedder: str = "drawn") -> SpaceRecord:
    """What vectors of this width mean."""
    return SpaceRecord(f"drawn-{width}", embedder, layout_of(width).as_json(), {})


def name_of(number: int) -> str:
    """The product id of a number."""
    return f"p{number:07d}"


def number_of(name: str) -> int:
    """The inverse of ``name_of``."""
    return int(name[1:])


def card_of(number: int) -> dict[str, object]:
    """What lists show of the product of a number."""
    product = _row(number).product
    return {name: getattr(product, name) for name in Card._fields}


def blocks(count: int, width: int, portion: int = PORTION) -> Iterator[Floats]:
    """Unit blocks, (portion, width) at a time: 400 clusters in 20 latent dimensions, bent, with some noise.

    Independent numbers would make every approximate index look worse than photos do.
    """
    layout, chance = layout_of(width), np.random.default_rng(7)
    centres = chance.standard_normal((CENTRES, LATENT))
    bend = chance.standard_normal((LATENT, BENT)).astype(np.float32) / 4
    spread = chance.standard_normal((BENT, width)).astype(np.float32)
    for first in range(0, count, portion):
        n = min(portion, count - first)
        latent = centres[chance.integers(0, CENTRES, n)] + 0.45 * chance.standard_normal((n, LATENT))
        drawn = np.tanh(latent.astype(np.float32) @ bend) @ spread
        drawn += 0.3 * chance.standard_normal((n, width), np.float32)
        for where in layout.slices:
            drawn[:, where] /= np.linalg.norm(drawn[:, where], axis=1, keepdims=True)
        yield drawn


def fill(directory: Path, count: int, width: int, embedder: str = "drawn") -> Shop:
    """A shop of so many products with one photo and one vector each; the caller closes it."""
    shop, space = Shop.create(directory), space_of(width, embedder)
    shop.put_space(space)
    shop.set_current_space(space.space)
    first = 0
    for drawn in blocks(count, width):
        rows = [_row(number) for number in range(first, first + len(drawn))]
        shop.put_rows(rows, directory / "photos")
        photos = shop.photos_of_products([row.product.product_id for row in rows])
        done = []
        for row, vector in zip(rows, drawn, strict=True):
            name = row.product.product_id
            sha256 = hashlib.sha256(name.encode()).hexdigest()
            done.append(EncodedPhoto(photos[name][0].photo_id, sha256, 1, 1, vector))
        shop.put_vectors(space.space, done, [])
        first += len(drawn)
    return shop


def made(directory: Path, count: int, width: int, choice: str = "auto") -> GenerationInfo:
    """Such a shop, with a generation of the chosen type in use."""
    shop = fill(directory, count, width)
    try:
        return build_generation(shop, space_of(width), choice)
    finally:
        shop.close()


def _row(number: int) -> CatalogueRow:
    category, colour = CATEGORIES[number % len(CATEGORIES)], COLOURS[number % len(COLOURS)]
    name = name_of(number)
    product = Product(
        name,
        f"{colour} {category.lower()} no. {number}",
        category,
        round(5 + (number * 7919 % 19_500) / 100, 2),
        number % 10 != 0,
        {"colour": colour, "season": "summer" if number % 2 else "winter"},
    )
    return CatalogueRow(number + 1, product, (PhotoRef(f"{name}.jpg"),))
