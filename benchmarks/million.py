"""A million vectors from the store to a served generation: seconds and gigabytes, stage by stage.

The vectors (512 numbers in three aspects) are drawn around the centres of clusters whose directions are few,
like those of real embeddings, and committed as the pipeline commits them. Then a fresh process builds the
generation (``auto``: all candidates built and measured) and another opens it and answers: each tells its
seconds and its peak memory (VmHWM).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.framework import Report, Row, Size, Spread, Table, main
from benchmarks.memory import peak
from data.aspects import AspectLayout
from data.records import CatalogueRow, EncodedPhoto, PhotoRef, Product, SpaceRecord
from data.shop import Shop

TITLE = "From the store to a served generation"
VECTORS: dict[Size, int] = {"quick": 50_000, "full": 1_000_000}
LAYOUT = AspectLayout(("shape", "texture", "colour"), (400, 48, 64), (0.55, 0.1, 0.35))
SPACE = "drawn-512"
CLUSTERS, DIRECTIONS, SPREAD = 2_000, 24, 0.5
PORTION = 4_096
QUERIES = 200
SEED = 5
GIGA = 1e9


def blocks(draw: np.random.Generator, n: int) -> NDArray[np.float32]:
    """Unit blocks (n, 512): a cluster's centre and a step in few directions, the same for all calls."""
    fixed, parts = np.random.default_rng(SEED), []
    which = draw.integers(0, CLUSTERS, n)
    for d in LAYOUT.dims:
        basis = fixed.standard_normal((DIRECTIONS, d), np.float32)
        centres = fixed.standard_normal((CLUSTERS, DIRECTIONS), np.float32)
        inner = centres[which] + SPREAD * draw.standard_normal((n, DIRECTIONS), np.float32)
        part = inner @ basis
        parts.append(part / np.linalg.norm(part, axis=1, keepdims=True))
    return np.concatenate(parts, axis=1)


def fill(place: Path, n: int) -> dict[str, float]:
    """A shop with so many products, one photo each; seconds of rows and of vectors, and what lies on disk."""
    seconds = {"rows": 0.0, "vectors": 0.0}
    draw = np.random.default_rng(SEED + 1)
    with Shop.create(place) as shop:
        shop.put_space(SpaceRecord(SPACE, "drawn", LAYOUT.as_json(), {"digest": SPACE}))
        for start in range(0, n, PORTION):
            numbers = range(start, min(start + PORTION, n))
            rows = [CatalogueRow(i + 1, Product(f"p{i:07}"), (PhotoRef(f"{i:07}.jpg"),)) for i in numbers]
            began = time.perf_counter()
            shop.put_rows(rows, place)
            seconds["rows"] += time.perf_counter() - began
            listed = shop.photos_of_products([row.product.product_id for row in rows])
            ids = [listed[row.product.product_id][0].photo_id for row in rows]
            done = [
                EncodedPhoto(photo, f"{i:064x}", 1, 1, vector)
                for photo, i, vector in zip(ids, numbers, blocks(draw, len(rows)), strict=True)
            ]
            began = time.perf_counter()
            shop.put_vectors(SPACE, done, [])
            seconds["vectors"] += time.perf_counter() - began
        shop.set_current_space(SPACE)
    return {**seconds, "peak": peak(), "disk": sum(p.stat().st_size for p in place.glob("shop.db*"))}


def build(place: Path) -> dict[str, float | str]:
    """Build the generation."""
    from index.generation import build_generation

    with Shop.open(place) as shop:
        began = time.perf_counter()
        info = build_generation(shop, shop.space(SPACE))
        seconds = time.perf_counter() - began
    disk = sum(p.stat().st_size for p in (place / "index").rglob("*") if p.is_file())
    return {
        "build": seconds,
        "peak": peak(),
        "disk": disk,
        "type": info.factory,
        "recall": info.recall,
    }


def serve(place: Path) -> dict[str, float]:
    """Open the shop for searching, ask once, then ask some more."""
    from index.query import Example, Query
    from index.search import CatalogueIndex

    draw = np.random.default_rng(SEED)
    with Shop.open(place) as shop:
        began = time.perf_counter()
        index = CatalogueIndex.open(shop)
        opened = time.perf_counter() - began
        count, taken = int(shop.counts()["products"]), []
        for number in draw.integers(0, count, QUERIES):
            began = time.perf_counter()
            index.search(Query((Example(f"p{number:07}"),), k=10))
            taken.append(time.perf_counter() - began)
    return {
        "open": opened,
        "first": taken[0],
        "p50_ms": 1000 * float(np.median(taken)),
        "peak": peak(),
    }


STAGES: Mapping[str, Callable[[Path], Mapping[str, float | str]]] = {"build": build, "serve": serve}


def told(place: Path, stage: str, *words: str) -> dict[str, Any]:
    """What a stage says that runs in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.million", "--stage", stage, str(place), *words],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parent.parent,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(size: Size) -> Report:
    """One table: the stages in their order."""
    n = VECTORS[size]
    with tempfile.TemporaryDirectory() as made:
        place = Path(made) / "shop"
        filled = told(place, "fill", str(n))
        built, served = told(place, "build"), told(place, "serve")
    float32 = 4 * n * LAYOUT.d / GIGA
    rows = [
        _row("store: rows of the catalogue", filled["rows"], None, None),
        _row("store: vectors committed", filled["vectors"], filled["peak"], filled["disk"]),
        _row(f"generation built ({built['type']})", built["build"], built["peak"], built["disk"]),
        _row("opened, ready to answer", served["open"], served["peak"], None),
        _row("the first answer", served["first"], None, None),
    ]
    notes = (
        f"{n:,} vectors of {LAYOUT.d} numbers weigh {float32:.2f} GB in float32",
        f"recall@10 of the generation {built['recall']:.4f}; p50 of an answer {served['p50_ms']:.2f} ms",
    )
    title = f"{n:,} vectors of {LAYOUT.d} numbers from the store to a served generation"
    return Report([Table(title, "s", "less", rows, notes=notes)], {"fill": filled, **built, **served})


def _row(name: str, seconds: float, peak_bytes: float | None, disk: float | None) -> Row:
    more = {
        "GB at most in memory": None if peak_bytes is None else peak_bytes / GIGA,
        "GB on disk": None if disk is None else disk / GIGA,
    }
    return Row(name, "ours", Spread.of([seconds]), {}, more)


def _stage(words: list[str]) -> int:
    """A stage in this process; prints what it found as JSON."""
    place = Path(words[1])
    found = fill(place, int(words[2])) if words[0] == "fill" else STAGES[words[0]](place)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stage"]:
        sys.exit(_stage(sys.argv[2:]))
    sys.exit(main(__doc__, "million", run))
