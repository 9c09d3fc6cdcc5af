"""Indexing again with nothing changed: how many photos a second are found to need nothing.

Ours looks at each file's size and time and reads none: ``waits`` asks which photos lack a vector, which is
all that a nightly run does to the photos; the whole command also reads the catalogue's rows again and asks
whether the generation still holds what the shop holds. Beside it: hashing all files, as tools do that know
a content by its digest alone; the limit is one ``stat`` a file.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.framework import Report, Row, Size, Table, main, turns
from data.aspects import AspectLayout
from data.records import EncodedPhoto
from data.shop import Shop
from embedder.pipeline import remember_space
from embedder.registry import open_embedder
from service.engine import Engine
from service.filling import waits
from service.requests import IndexRequest

TITLE = "Indexing again with nothing changed"
PHOTOS = {"quick": 5_000, "full": 50_000}
TURNS = 5
BYTES = 6_000
IN_A_FOLDER = 1_000
PORTION = 1_000
SEED = 11


def write_files(folder: Path, n: int) -> list[Path]:
    """Files of 6 kB with random bytes: nobody decodes them."""
    draw, paths = np.random.default_rng(SEED), []
    for i in range(n):
        path = folder / f"{i // IN_A_FOLDER:03}" / f"{i:06}.jpg"
        if i % IN_A_FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(draw.bytes(BYTES))
        paths.append(path)
    return paths


def write_catalogue(path: Path, folder: Path, photos: Sequence[Path]) -> Path:
    """One product a photo."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["product_id", "title", "category", "price", "image"])
        for i, photo in enumerate(photos):
            row = [f"p{i:06}", f"Product {i}", f"kind {i % 20}", f"{i % 90}.00", photo.relative_to(folder)]
            writer.writerow(row)
    return path


def drawn_blocks(draw: np.random.Generator, layout: AspectLayout, n: int) -> NDArray[np.float32]:
    """Vectors of random directions, every block of unit norm, (n, d)."""
    parts = [draw.standard_normal((n, d), np.float32) for d in layout.dims]
    return np.concatenate([part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts], axis=1)


def fill(shop: Shop) -> None:
    """Give every photo a drawn vector in the bundled embedder's space, as if it had been encoded."""
    embedder, draw = open_embedder("bundled"), np.random.default_rng(SEED)
    remember_space(shop, embedder)
    for waiting in shop.pending_photos(embedder.space, PORTION):
        vectors = drawn_blocks(draw, embedder.layout, len(waiting))
        done = []
        for photo, vector in zip(waiting, vectors, strict=True):
            digest = hashlib.sha256(photo.path.read_bytes()).hexdigest()
            done.append(EncodedPhoto(photo.photo_id, digest, photo.size, photo.mtime_ns, vector))
        shop.put_vectors(embedder.space, done, [])
    shop.set_current_space(embedder.space)


def rate(n: int, began: float) -> float:
    """Photos per second since then."""
    return n / (time.perf_counter() - began)


def run(size: Size) -> Report:
    """One table."""
    n = PHOTOS[size]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        photos = write_files(folder / "photos", n)
        catalogue = write_catalogue(folder / "catalogue.csv", folder / "photos", photos)
        request = IndexRequest(catalogue=catalogue, photos=folder / "photos", index="exact")
        stages: dict[str, float] = {}
        with Shop.create(folder / "shop") as shop:
            _import(shop, request)
            fill(shop)
        with Engine.open(folder / "shop") as engine:
            engine.index_catalogue(request)  # builds the generation
            shop = Shop.open(folder / "shop")

            def looked() -> float:
                began = time.perf_counter()
                if waits(shop, str(shop.state[1])):
                    raise RuntimeError("a photo waits that was not changed")
                return rate(n, began)

            def whole() -> float:
                began = time.perf_counter()
                report = engine.index_catalogue(request)
                found = rate(n, began)
                if report.encoded or report.built or report.rejected:
                    raise RuntimeError(f"something was done though nothing had changed: {report}")
                stages.update(report.seconds)
                return found

            def hashed() -> float:
                began = time.perf_counter()
                for photo in photos:
                    hashlib.sha256(photo.read_bytes()).hexdigest()
                return rate(n, began)

            def stat() -> float:
                began = time.perf_counter()
                for photo in photos:
                    os.stat(photo)
                return rate(n, began)

            ways = {"looked": looked, "whole": whole, "hashed": hashed, "stat": stat}
            speeds = turns(ways, TURNS)
            shop.close()
    rows = [
        Row("ours, the photos", "ours", speeds["looked"]),
        Row("ours, the whole command", "ours", speeds["whole"], note=", ".join(_told(stages))),
        Row("hashing all files", "peer", speeds["hashed"]),
        Row("one stat a file", "limit", speeds["stat"]),
    ]
    notes = (f"files of {BYTES:,} bytes that lie in the page cache: from a disk, hashing takes longer still",)
    return Report([Table(f"{n:,} photos, nothing changed", "photos/s", "more", rows, notes=notes)])


def _told(stages: dict[str, float]) -> list[str]:
    return [f"{name} {seconds:.2f} s" for name, seconds in stages.items()]


def _import(shop: Shop, request: IndexRequest) -> None:
    """The catalogue's rows into the shop, without encoding any photo."""
    from data.catalogue import photo_root, read_catalogue

    if request.catalogue is None:
        raise ValueError("there is no catalogue")
    root = photo_root(request.catalogue, request.photos)
    number = shop.begin_import("catalogue", str(request.catalogue))
    for chunk in read_catalogue(request.catalogue, request.photos):
        shop.put_rows(chunk.rows, root, number)
    shop.finish_import(number, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(__doc__, "reindexing", run))
