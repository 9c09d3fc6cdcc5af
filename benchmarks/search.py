"""Search: this project's index beside numpy, plain FAISS Flat and plain FAISS HNSW, in one run.

``python -m benchmarks.search [--quick] [--json FILE]``

The vectors are drawn, but not independent numbers: 400 clusters in 20 latent dimensions, bent into 256, since
on independent numbers every approximate index looks worse than on photos. Ours is timed as a whole, from a
product id to grouped hits with photo ids, filters, aspects and all; the others as the bare call with a
vector ready. One query at a time, contenders in turn, FAISS with one thread for all.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.records import Changes, Product, SpaceRecord, VectorBatch
from data.where import Where, parse
from index.generation import GenerationInfo, build_generation
from index.generations import Generation
from index.query import Example, Query
from index.search import CatalogueIndex

LAYOUT = AspectLayout(("shape", "texture", "colour"), (176, 32, 48), (0.55, 0.1, 0.35))
SPACE = SpaceRecord("drawn-benchmark", "drawn", LAYOUT.as_json(), {})
K = 10
Floats = NDArray[np.float32]


def drawn(n: int) -> Floats:
    """Unit blocks (n, 256) of low intrinsic dimension."""
    rng = np.random.default_rng(7)
    centres = rng.standard_normal((400, 20))
    latent = (centres[rng.integers(0, 400, n)] + 0.45 * rng.standard_normal((n, 20))).astype(np.float32)
    bend = rng.standard_normal((20, 64)).astype(np.float32) / 4
    spread = rng.standard_normal((64, LAYOUT.d)).astype(np.float32)
    blocks = np.tanh(latent @ bend) @ spread + 0.3 * rng.standard_normal((n, LAYOUT.d)).astype(np.float32)
    for where in LAYOUT.slices:
        blocks[:, where] /= np.linalg.norm(blocks[:, where], axis=1, keepdims=True)
    return blocks


@dataclass
class DrawnShop:
    """As much of a shop as building and searching ask for, without the hours of filling a database."""

    directory: Path
    blocks: Floats
    revision: int = 1

    def read_vectors(self, space: str, batch: int = 8192) -> Iterator[VectorBatch]:
        """One photo a product."""
        for first in range(0, len(self.blocks), batch):
            part = self.blocks[first : first + batch]
            numbers = range(first, first + len(part))
            yield VectorBatch([f"{i:016x}" for i in numbers], [f"p{i:07d}" for i in numbers], part)

    def all_products(self, batch: int = 8192) -> Iterator[list[Product]]:
        """An attribute ``rank`` in [0, 100) that has nothing to do with looks."""
        ranks = np.random.default_rng(1).random(len(self.blocks)) * 100
        for first in range(0, len(self.blocks), batch):
            last = min(first + batch, len(self.blocks))
            yield [Product(f"p{i:07d}", attributes={"rank": float(ranks[i])}) for i in range(first, last)]

    def current_space(self) -> SpaceRecord:
        """The only one."""
        return SPACE

    def changes_since(self, revision: int) -> Changes:
        """Nothing ever changes here."""
        return Changes(self.revision, [], [])


@dataclass(frozen=True)
class Contender:
    """name; answer: query row → rows found; what building took and what it occupies."""

    name: str
    answer: Callable[[int], list[int]]
    build_seconds: float
    memory_mb: float


def others(matrix: Floats) -> list[Contender]:
    """What a user would write without this project."""
    n, d = matrix.shape

    def by_numpy(row: int) -> list[int]:
        scores = matrix @ matrix[row]
        best = np.argpartition(scores, n - K - 1)[n - K - 1 :]
        return [int(i) for i in best[np.argsort(-scores[best])]]

    found = [Contender("numpy", by_numpy, 0.0, matrix.nbytes / 1e6)]
    for name, factory in (("FAISS Flat", "Flat"), ("FAISS HNSW32 (efSearch 64)", "HNSW32")):
        began = time.perf_counter()
        index = faiss.index_factory(d, factory, faiss.METRIC_INNER_PRODUCT)
        index.add(matrix)
        seconds = time.perf_counter() - began
        if factory == "HNSW32":
            faiss.ParameterSpace().set_index_parameter(index, "efSearch", 64)
        size = len(faiss.serialize_index(index)) / 1e6

        def by_faiss(row: int, index: faiss.Index = index) -> list[int]:
            return [int(i) for i in index.search(matrix[row : row + 1], K + 1)[1][0]]

        found.append(Contender(name, by_faiss, seconds, size))
    return found


def ours(name: str, built: tuple[GenerationInfo, CatalogueIndex], query: Query | None = None) -> Contender:
    """This project's search; ``query`` gives what is not the example."""
    info, index = built
    shape = query or Query((Example("-"),), k=K)

    def by_index(row: int) -> list[int]:
        asked = Query((Example(f"p{row:07d}"),), k=K, where=shape.where, aspects=shape.aspects)
        return [int(hit.product_id[1:]) for hit in index.search(asked)]

    return Contender(name, by_index, info.seconds, info.memory_mb)


def bare(name: str, built: tuple[GenerationInfo, CatalogueIndex], matrix: Floats) -> Contender:
    """The chosen index alone with its re-ranking, to compare like with like: the others are bare calls."""
    info = built[0]
    generation = Generation.load(info.path)
    scan = generation.scans.quick()

    def by_scan(row: int) -> list[int]:
        found = scan.top(matrix[row : row + 1], K + 1, None).rows
        ranked = np.argsort(-(generation.matrix[found] @ matrix[row]))[: K + 1]
        return [int(generation.rows.products[int(slot)][1:]) for slot in found[ranked]]

    return Contender(name, by_scan, info.seconds, info.memory_mb)


def measure(
    contenders: list[Contender], rows: NDArray[np.int64], truth: list[set[int]]
) -> list[dict[str, object]]:
    """Contenders in turn, each query once; recall of the true ten nearest, the query itself left out."""
    times: dict[str, list[float]] = {c.name: [] for c in contenders}
    found: dict[str, int] = {c.name: 0 for c in contenders}
    for contender in contenders:
        contender.answer(int(rows[0]))
    for row, wanted in zip(rows.tolist(), truth, strict=True):
        for contender in contenders:
            began = time.perf_counter()
            answer = contender.answer(row)
            times[contender.name].append(time.perf_counter() - began)
            found[contender.name] += len(set(answer[: K + 1]) & wanted)
    return [
        {
            "name": c.name,
            "p50_ms": round(float(np.percentile(times[c.name], 50)) * 1e3, 3),
            "p99_ms": round(float(np.percentile(times[c.name], 99)) * 1e3, 3),
            "recall@10": round(found[c.name] / sum(map(len, truth)), 4),
            "build_s": round(c.build_seconds, 1),
            "memory_mb": round(c.memory_mb, 1),
        }
        for c in contenders
    ]


def true_nearest(
    matrix: Floats,
    rows: NDArray[np.int64],
    weights: dict[str, float] | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> list[set[int]]:
    """The ten nearest by full float32 comparison, the query itself left out."""
    nearest = []
    for row in rows:
        scores = matrix @ LAYOUT.reweigh(matrix[row : row + 1], weights)[0]
        scores[row] = -np.inf
        if mask is not None:
            scores[~mask] = -np.inf
        nearest.append(set(np.argsort(-scores)[:K].tolist()))
    return nearest


def build(shop: DrawnShop, choice: str) -> tuple[GenerationInfo, CatalogueIndex]:
    """A generation of its own and a searcher on it."""
    info = build_generation(shop, SPACE, choice, progress=lambda text: print(f"  {text}", flush=True))  # type: ignore[arg-type]
    return info, CatalogueIndex.open(shop)  # type: ignore[arg-type]


def run(n: int, queries: int, folder: Path) -> dict[str, object]:
    """Everything on n photos."""
    blocks = drawn(n)
    matrix = LAYOUT.scale(blocks)
    print(f"{n} photos x {LAYOUT.d}", flush=True)
    auto = build(DrawnShop(folder / "auto", blocks), "auto")
    exact = build(DrawnShop(folder / "exact", blocks), "exact")
    faiss_threads = faiss.omp_get_max_threads()
    plain = others(matrix)
    faiss.omp_set_num_threads(1)
    rows = np.random.default_rng(2).choice(n, queries, replace=False)
    contenders = [
        ours(f"ours, auto ({auto[0].factory})", auto),
        bare("ours, auto, the index alone", auto, matrix),
        ours("ours, exact", exact),
        *plain,
    ]
    table = measure(contenders, rows, true_nearest(matrix, rows))
    special = []
    ranks = np.asarray(auto[1].table.column("rank"), np.float64)
    order = np.argsort([int(product[1:]) for product in auto[1].table.ids])
    for text, weights in FILTERS:
        where: Where | None = parse(text) if text else None
        mask = ranks[order] < float(text.split("<")[1]) if text else None
        query = Query((Example("-"),), where=where, aspects=weights)
        contender = ours(text or f"aspects {weights}", auto, query)
        special += measure([contender], rows[:100], true_nearest(matrix, rows[:100], weights, mask))
    faiss.omp_set_num_threads(faiss_threads)
    began = time.perf_counter()
    CatalogueIndex.open(DrawnShop(folder / "auto", blocks))  # type: ignore[arg-type]
    return {
        "photos": n,
        "width": LAYOUT.d,
        "queries": queries,
        "contenders": table,
        "ours_auto_special": special,
        "candidates": [asdict(candidate) for candidate in auto[0].candidates],
        "open_with_checksums_ms": round((time.perf_counter() - began) * 1e3, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0),
        "ratios": {
            f"{row['name']} / {table[1]['name']}": round(
                float(str(row["p50_ms"])) / float(str(table[1]["p50_ms"])), 1
            )
            for row in table[2:]
        },
    }


FILTERS: tuple[tuple[str, dict[str, float] | None], ...] = (
    ("rank < 1", None),
    ("rank < 20", None),
    ("rank < 80", None),
    ("", {"colour": 0.0}),
    ("", {"shape": 0.0, "texture": 0.0, "colour": 1.0}),
)


def show(result: dict[str, object]) -> None:
    """A table for people."""
    head = f"{'':44}{'p50 ms':>9}{'p99 ms':>9}{'recall':>9}{'build s':>9}{'MB':>9}"
    for title in ("contenders", "ours_auto_special"):
        print(f"\n{head}")
        for row in result[title]:  # type: ignore[attr-defined]
            print(
                f"{row['name']:44}{row['p50_ms']:9.3f}{row['p99_ms']:9.3f}{row['recall@10']:9.4f}"
                f"{row['build_s']:9.1f}{row['memory_mb']:9.1f}"
            )
    print(f"\nratios of medians: {result['ratios']}")
    print(f"open, all checksums verified: {result['open_with_checksums_ms']} ms")


def main() -> int:
    """Run and print; 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="60,000 photos instead of 200,000")
    parser.add_argument("--json", type=Path, help="where to write the results")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = run(60_000 if chosen.quick else 200_000, 200 if chosen.quick else 500, Path(name))
    show(result)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
