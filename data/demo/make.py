"""The demo shop as files: photos, catalogue, interactions, and the truth behind them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from data.demo.catalogue import ProductSpec
from data.demo.customers import Customers
from data.demo.dials import Dials
from data.demo.draw import View, cut_out, photograph
from data.demo.events import Event
from data.demo.origin import Origin
from data.demo.palette import COLOURS
from data.demo.stock import Matrix, Stock
from data.demo.titles import title
from data.demo.vocabulary import CATEGORIES, PATTERNS

SIDE = 288
"""Width and height of a demo photo in pixels."""
QUALITY = 88
FEATURES = ("shape", "sleeve", "neckline", "length", "heel")
"""Features of cut that become columns of the catalogue."""

Progress = Callable[[int, int], None]
"""Called with (photographed products, all products)."""


@dataclass(frozen=True, slots=True)
class DemoShop:
    """Where the files of a demo shop lie.

    ``photos`` is the folder that the catalogue's photo paths are relative to (the catalogue's own folder).
    """

    directory: Path
    catalogue: Path
    photos: Path
    interactions: Path
    truth: Path


def make_demo(
    directory: Path,
    products: int = 840,
    customers: int = 640,
    seed: int = 7,
    progress: Progress | None = None,
    dials: Dials | None = None,
) -> DemoShop:
    """Draw a shop and simulate its customers into ``directory`` (made if missing, files replaced).

    The same arguments give the same files, byte for byte with the same Pillow. Raises ``ValueError`` when
    there are fewer than one product or customer.
    """
    origin = Origin(products, customers, seed, dials or Dials())
    directory = Path(directory)
    shop = DemoShop(
        directory,
        directory / "catalogue.csv",
        directory,
        directory / "interactions.csv",
        directory / "truth.json",
    )
    stock, people = origin.people()
    paths = _photograph_all(stock, directory, progress)
    _write_catalogue(shop.catalogue, stock, paths)
    write_interactions(shop.interactions, origin.events())
    shop.truth.write_text(json.dumps(_truth(stock, people, origin), ensure_ascii=False), encoding="utf-8")
    return shop


def views_of(row: int) -> tuple[View, ...]:
    """The photos of the product in this row: studio and scene for all, a close-up for every fourth."""
    return ("studio", "scene", "detail") if row % 4 == 0 else ("studio", "scene")


def _photograph_all(stock: Stock, directory: Path, progress: Progress | None) -> list[list[str]]:
    for name in sorted({spec.category for spec in stock.specs}):
        (directory / "photos" / name).mkdir(parents=True, exist_ok=True)

    def take(row: int) -> list[str]:
        return _photograph(stock.specs[row], stock.ids[row], views_of(row), directory)

    paths: list[list[str]] = []
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(take, range(len(stock.ids))):
            paths.append(done)
            if progress is not None:
                progress(len(paths), len(stock.ids))
    return paths


def _photograph(spec: ProductSpec, product_id: str, views: Iterable[View], directory: Path) -> list[str]:
    picture, paths = cut_out(spec, SIDE * 2), []
    for position, view in enumerate(views):
        rng = np.random.default_rng([spec.seed, position, 0xF070])
        path = f"photos/{spec.category}/{product_id}-{position + 1}.jpg"
        photo = Image.fromarray(photograph(picture, view, rng, (SIDE, SIDE)))
        photo.save(directory / path, "JPEG", quality=QUALITY)
        paths.append(path)
    return paths


def _write_catalogue(path: Path, stock: Stock, photos: Sequence[Sequence[str]]) -> None:
    head = [
        "product_id",
        "photo",
        "title",
        "category",
        "price",
        "in_stock",
        "added",
        "colour",
        "pattern",
        "material",
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow([*head, *FEATURES, "brand", "season", "gender"])
        for row, spec in enumerate(stock.specs):
            out.writerow(
                [
                    stock.ids[row],
                    "|".join(photos[row]),
                    title(spec),
                    spec.category,
                    f"{spec.price:.2f}",
                    "true" if stock.in_stock[row] else "false",
                    stock.added[row].isoformat(),
                    spec.colour,
                    spec.pattern,
                    spec.material,
                    *(spec.shape.get(name, "") for name in FEATURES),
                    spec.brand,
                    spec.season,
                    spec.gender or "",
                ]
            )


def write_interactions(path: Path, events: Sequence[Event]) -> None:
    """Write events as the shop's log would be handed over."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["event_id", "customer_id", "product_id", "event", "value", "timestamp"])
        for e in events:
            stamp = e.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ")
            out.writerow(
                [e.event_id, e.customer_id, e.product_id, e.event, "" if e.value is None else e.value, stamp]
            )


def _truth(stock: Stock, people: Customers, origin: Origin) -> dict[str, object]:
    """What the simulation knows and the shop does not: for teaching and for checks, never for training."""
    products = {
        stock.ids[i]: {
            "style": _short(stock.style[i]),
            "log_popularity": _short(stock.popularity[i]),
            "rgb": spec.rgb,
            "second_colour": spec.second_colour,
        }
        for i, spec in enumerate(stock.specs)
    }
    customers = {
        people.ids[i]: {
            "gender": people.gender[i],
            "style": _short(people.style[i]),
            "colours_first": _favourites(people.colours[0, i], tuple(COLOURS)),
            "colours_last": _favourites(people.colours[1, i], tuple(COLOURS)),
            "patterns_first": _favourites(people.patterns[0, i], PATTERNS),
            "patterns_last": _favourites(people.patterns[1, i], PATTERNS),
            "categories": _favourites(people.categories[i], CATEGORIES, 0.1),
            "spend": round(float(people.spend[i]), 4),
            "single": bool(people.single[i]),
        }
        for i in range(len(people.ids))
    }
    return {
        "seed": origin.seed,
        "dials": origin.dials.as_json(),
        "products": products,
        "customers": customers,
    }


def _short(values: Matrix) -> list[float]:
    return [round(float(v), 4) for v in values]


def _favourites(values: Matrix, names: Sequence[str], least: float = 0.5) -> list[str]:
    return [names[int(j)] for j in np.argsort(-values) if values[j] >= least]
