"""A catalogue small enough to know by heart: 24 products, four shapes in six colours, two photos each."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw

SHAPES = ("disc", "square", "bar", "cross")
COLOURS = {
    "red": (200, 40, 40),
    "green": (40, 160, 60),
    "blue": (40, 70, 200),
    "yellow": (230, 200, 40),
    "black": (30, 30, 30),
    "pink": (240, 150, 180),
}
COLUMNS = ("product_id", "title", "category", "price", "in_stock", "colour", "tone", "image")


def product_id(shape: str, colour: str) -> str:
    return f"{shape}-{colour}"


def draw_photo(path: Path, shape: str, colour: str, shift: int = 0) -> Path:
    """A 96 px JPEG of a shape on near-white."""
    photo = Image.new("RGB", (96, 96), (246, 246, 244))
    pen = ImageDraw.Draw(photo)
    fill, (x, y) = COLOURS[colour], (shift, shift)
    if shape == "disc":
        pen.ellipse((20 + x, 20 + y, 76 + x, 76 + y), fill)
    elif shape == "square":
        pen.rectangle((10 + x, 10 + y, 86 + x, 86 + y), outline=fill, width=12)
    elif shape == "bar":
        pen.rectangle((10 + x, 40 + y, 86 + x, 56 + y), fill)
    else:
        pen.rectangle((10 + x, 42 + y, 86 + x, 54 + y), fill)
        pen.rectangle((42 + x, 10 + y, 54 + x, 86 + y), fill)
    photo.save(path, "JPEG", quality=90)
    return path


def rows() -> list[dict[str, str]]:
    """The catalogue's rows, in order."""
    found = []
    for s, shape in enumerate(SHAPES):
        for c, colour in enumerate(COLOURS):
            id_ = product_id(shape, colour)
            found.append(
                {
                    "product_id": id_,
                    "title": f"{colour} {shape}",
                    "category": shape,
                    "price": str(10 + 5 * c + s),
                    "in_stock": "false" if colour == "black" else "true",
                    "colour": colour,
                    "tone": "warm" if colour in ("red", "yellow", "pink") else "cool",
                    "image": f"{id_}.jpg|{id_}-2.jpg",
                }
            )
    return found


def write_catalogue(path: Path, products: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, COLUMNS)
        out.writeheader()
        out.writerows(products)
    return path


def draw_catalogue(folder: Path) -> Path:
    """Photos and catalogue.csv in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for shape in SHAPES:
        for colour in COLOURS:
            id_ = product_id(shape, colour)
            draw_photo(folder / f"{id_}.jpg", shape, colour)
            draw_photo(folder / f"{id_}-2.jpg", shape, colour, shift=4)
    return write_catalogue(folder / "catalogue.csv", rows())


def write_events(path: Path, customers: int = 40) -> Path:
    """Each customer likes one shape and one colour and buys on ten days one after the other."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("user", "product_id", "event", "timestamp"))
        shapes, colours = list(SHAPES), list(COLOURS)
        for n in range(customers):
            for day in range(8):
                shape = shapes[(n + (day % 5 == 4)) % len(shapes)]
                colour = colours[(n * 5 + day) % len(colours)]
                when = begin + timedelta(days=3 * day + n % 3, minutes=n)
                out.writerow((f"customer-{n:02}", product_id(shape, colour), "purchase", when.isoformat()))
    return path
