"""A GPU beside what it could do at most: the network, files to vectors, exact search, approximate search,
filters and deletes.

Network: prepared photos in memory through the runtime, with all copies; the ceiling is the fastest that the
same network was seen to run on photos that lie on the GPU already: compiled by torch, or as the runtime's own
graph. Files: photos on disk to committed vectors, beside a DataLoader that feeds the same GPU; the limit is
the slower of decoding alone on all cores and the network alone, and which it is says what bounds ours.
Search: batches against all rows; the limits are reading the stored rows once and the matrix product alone,
in float16, and the roofline is the slower of the two. What filters and deletes leave is compared with brute
force; a product that should not be there, or a recall@10 below .99, ends the run with an error.

Without a GPU everything runs on the CPU, which says nothing of a GPU, but that the benchmark works.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.drawn_photos import draw_in_processes, weights_folder
from benchmarks.drawn_shop import PORTION, blocks, fill, layout_of, name_of, number_of, space_of
from benchmarks.framework import Report, Row, Size, Spread, Table, main, turns
from benchmarks.indexing import Figures, decode_all, index_all, overlap
from benchmarks.peers.environment import HERE, Worker
from data.cores import cores
from data.where import parse
from embedder.registry import open_embedder
from embedder.runtime.cuda_runtime import CudaRuntime
from index.approximate import ApproximateScan
from index.choose import OVERFETCHED, VISITED, build, factories
from index.devices import gpu_scan, gpus, to_gpu
from index.generation import build_generation
from index.manifest import Setting
from index.query import Example, Query
from index.scans import ExactScan, Scan
from index.search import CatalogueIndex
from index.serving import flat

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
K, WANTED = 10, 0.99
FILTERS: Mapping[str | None, Callable[[Ints], Mask]] = {
    None: lambda numbers: numbers >= 0,
    'season = "summer"': lambda numbers: numbers % 2 == 1,
    "price < 15": lambda numbers: numbers * 7919 % 19_500 < 1000,
    "price < 5.2": lambda numbers: numbers * 7919 % 19_500 < 20,
}
"""Half, a twentieth and a thousandth of the products, and which numbers have what ``drawn_shop`` gives."""
QUERIES, WIDTH = 256, 256
GONE = 20
"""Of so many products one is deleted."""


@dataclass(frozen=True)
class Scale:
    """rows x width are searched by so many queries at a time. products: of the shop that filters and deletes
    are tried in, whole portions of ``drawn_shop``; above 50,000 its index is on the GPU. photos: of a turn of
    the network. files: how many photos of which side lie on disk, and of how many a peer's turn is.
    """

    rows: int
    width: int
    batches: Sequence[int]
    products: int
    backbone: str
    photos: int
    files: Mapping[int, tuple[int, int]]
    turns: int


SCALES: Mapping[Size, Scale] = {
    "quick": Scale(20_000, 256, (256,), PORTION, "mobilenetv3_small_050", 32, {64: (96, 64)}, 3),
    "full": Scale(
        1_000_000, 512, (256, 2048), 60_000, "resnet50", 4096, {400: (16_384, 4096), 1200: (4096, 1024)}, 3
    ),
}


def precision(device: torch.device) -> torch.dtype:
    """What is computed in: float16 on a GPU."""
    return torch.float16 if device.type == "cuda" else torch.float32


def timed(work: Callable[[], Any], count: float, device: torch.device) -> Callable[[], float]:
    """A turn: things per second, all work of the device finished."""

    def turn() -> float:
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return count / (time.perf_counter() - began)

    return turn


def table(
    title: str,
    unit: str,
    contenders: Mapping[str, tuple[str, Callable[[], float]]],
    count: int,
    accuracy: Mapping[str, Mapping[str, float]] | None = None,
    absent: Mapping[str, str] | None = None,
) -> Table:
    """Contenders by name, with role and turn; each takes one turn before they count."""
    for _, turn in contenders.values():
        turn()
    found: dict[str, Spread] = turns({name: turn for name, (_, turn) in contenders.items()}, count)
    rows = [
        Row(name, role, found[name], (accuracy or {}).get(name, {}))  # type: ignore[arg-type]
        for name, (role, _) in contenders.items()
    ]
    return Table(title, unit, "more", rows, absent or {})


def network(scale: Scale, folder: Path, device: torch.device) -> Table:
    """Photos through the runtime, beside the same network on photos that are there already."""
    embedder = open_embedder(str(folder), runtime="cuda" if device.type == "cuda" else "torch")
    runtime = embedder.runtime
    photos = np.random.default_rng(0).integers(0, 256, (scale.photos, *embedder.photo_shape), np.uint8)
    net = embedder.network.build().requires_grad_(False).to(device, precision(device))
    net = net.to(memory_format=torch.channels_last)
    size = embedder.config.preprocessing
    there = torch.rand(runtime.batch, 3, size.height, size.width, device=device)
    there = there.to(precision(device), memory_format=torch.channels_last)
    times = scale.photos // runtime.batch

    def through(some: Callable[[Any], Any]) -> Callable[[], None]:
        def work() -> None:
            with torch.inference_mode():
                for _ in range(times):
                    some(there)

        return work

    def alone(some: Callable[[Any], Any]) -> Callable[[], float]:
        return timed(through(some), times * runtime.batch, device)

    contenders: dict[str, tuple[str, Callable[[], float]]] = {
        "ours, all copies counted": ("ours", timed(lambda: runtime.encode(photos), len(photos), device)),
        "torch eager, photos there already": ("peer", alone(net)),
    }
    if isinstance(runtime, CudaRuntime):
        graph = runtime.ready(runtime.batch).graph
        contenders["our graph, photos there already"] = ("limit", alone(lambda _: graph.replay()))
        fast: Any = torch.compile(net)
        contenders["torch compiled, photos there already"] = ("limit", alone(fast))
    return table(f"{scale.backbone}, {runtime.device}", "photos/s", contenders, scale.turns)


def files(scale: Scale, folder: Path, place: Path, side: int, device: torch.device) -> Table:
    """Photos on disk to committed vectors."""
    n, few = scale.files[side]
    paths = draw_in_processes(place / str(side), n, side, cores())
    embedder = open_embedder(str(folder), runtime="cuda" if device.type == "cuda" else "torch")
    shape = (min(n, scale.photos), *embedder.photo_shape)
    photos = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    command = [sys.executable, str(HERE / "with_plain_indexing.py"), str(folder), str(cores())]
    worker, figures = Worker("peers", command, dict(os.environ)), Figures()

    def loader() -> float:
        told = worker.ask("loader", paths=[str(path) for path in paths[:few]])
        return few / float(told["seconds"])

    contenders: dict[str, tuple[str, Callable[[], float]]] = {
        "ours": ("ours", lambda: index_all(embedder, paths, figures)),
        f"DataLoader of {cores()}, torch eager": ("peer", loader),
        "decode only": ("limit", lambda: decode_all(embedder, paths)),
        "network only": ("limit", timed(lambda: embedder.runtime.encode(photos), len(photos), device)),
    }
    try:
        made = table(f"{n:,} photos of {side} px, {scale.backbone}", "photos/s", contenders, scale.turns)
    finally:
        worker.close()
    used = float(np.median(figures.processor["ours"]))
    notes = (
        figures.seconds_by_stage(),
        f"processor time of the process that feeds the network: {used * 1e6:.0f} us a photo",
    )
    return replace(made, notes=notes)


def exact(scale: Scale, many: int, matrix: Halves, queries: Floats, device: torch.device) -> Table:
    """Everything compared, so many queries at a time."""
    asked = np.resize(queries, (many, queries.shape[1]))
    scan: Scan = gpu_scan(to_gpu(flat(matrix))) if gpus() else ExactScan.over(matrix)
    rows, probes = (torch.from_numpy(part).to(device, precision(device)) for part in (matrix, asked))
    plain = (probes @ rows.T).topk(K).indices.cpu().numpy()
    found = scan.each(asked, K).rows
    contenders: dict[str, tuple[str, Callable[[], float]]] = {
        "ours, the index alone": ("ours", timed(lambda: scan.each(asked, K), many, device)),
        "torch, product and topk": ("peer", timed(lambda: (probes @ rows.T).topk(K), many, device)),
        "limit: the product alone": ("limit", timed(lambda: probes @ rows.T, many, device)),
        "limit: reading the rows once": ("limit", timed(lambda: rows.view(-1).sum(), many, device)),
    }
    absent = {}
    if gpus():
        import faiss

        theirs = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), matrix.shape[1])
        theirs.add(matrix.astype(np.float32))
        contenders["FAISS GpuIndexFlatIP, float32"] = (
            "peer",
            timed(lambda: theirs.search(asked, K), many, device),
        )
    else:
        absent["FAISS GpuIndexFlatIP"] = "no GPU here"
    accuracy = {"ours, the index alone": {"shared with torch": round(overlap(found, plain, K), 4)}}
    title = f"{len(matrix):,} x {matrix.shape[1]}, comparing everything, batches of {many}"
    return table(title, "queries/s", contenders, scale.turns, accuracy, absent)


def lists(scale: Scale, matrix: Halves, queries: Floats, device: torch.device) -> Table:
    """The approximate type that is tried first on a GPU, at the cheapest setting that finds enough."""
    factory = factories(len(matrix), scale.width, True)[1]
    built = build(factory, matrix)
    moved = to_gpu(built) if gpus() else built
    rows, probes = (torch.from_numpy(part).to(device, precision(device)) for part in (matrix, queries))
    best = (probes @ rows.T).topk(K).indices.cpu().numpy()
    for setting in (Setting("nprobe", visited, factor) for factor in OVERFETCHED for visited in VISITED):
        scan = gpu_scan(moved, setting) if gpus() else ApproximateScan(moved, setting)
        recall = overlap(scan.each(queries, K).rows, best, K)
        if recall >= WANTED:
            break
    share = setting.value / built.nlist
    contenders: dict[str, tuple[str, Callable[[], float]]] = {
        "ours, the index alone": ("ours", timed(lambda: scan.each(queries, K), len(queries), device)),
        # A byte a number is read of the visited share, where all rows have two.
        "limit: reading the visited codes": ("limit", timed(lambda: rows.view(-1).sum(), 2 / share, device)),
    }
    title = (
        f"{len(matrix):,} x {scale.width}, {factory}, {setting.parameter} {setting.value}, "
        f"{setting.overfetch} times as many fetched, batches of {len(queries)}"
    )
    accuracy = {"ours, the index alone": {"recall@10": round(recall, 4)}}
    return table(title, "queries/s", contenders, scale.turns, accuracy)


def approximate(scale: Scale, place: Path, device: torch.device) -> tuple[Table, dict[str, Any]]:
    """The automatic choice in a real shop, with filters, before and after one of ``GONE`` was deleted."""
    shop = fill(place / "shop", scale.products, WIDTH)
    info = build_generation(shop, space_of(WIDTH), "auto")
    index = CatalogueIndex.open(shop)
    layout = layout_of(WIDTH)
    vectors = layout.scale(np.concatenate(list(blocks(scale.products + QUERIES, WIDTH))))
    matrix, queries = vectors[: scale.products].astype(np.float16), vectors[scale.products :]
    checked: dict[str, float] = {}
    for deleted in (False, True):
        if deleted:
            shop.delete_products([name_of(number) for number in range(0, scale.products, GONE)])
            index.refresh()
        numbers = np.arange(scale.products)
        living = numbers % GONE > 0 if deleted else numbers >= 0
        for where, passes in FILTERS.items():
            name = f"{where or 'no filter'}{', after deletes' if deleted else ''}"
            checked[name] = _recall(index, matrix, queries, where, living & passes(numbers))
    scan = index.pinned().snapshot.generation.scans.quick()  # type: ignore[union-attr]
    asked = [Query((Example(vector=query),), k=K) for query in queries]
    contenders: dict[str, tuple[str, Callable[[], float]]] = {
        "ours, whole (search_many)": ("ours", timed(lambda: index.search_many(asked), QUERIES, device)),
        "ours, the index alone": ("ours", timed(lambda: scan.each(queries, K), QUERIES, device)),
    }
    title = f"{scale.products:,} x {WIDTH}, automatic choice: {info.factory}, batches of {QUERIES}"
    made = table(title, "queries/s", contenders, scale.turns)
    shop.close()
    return made, {"recall@10": checked, "factory": info.factory}


def _recall(index: CatalogueIndex, matrix: Halves, queries: Floats, where: str | None, mask: Mask) -> float:
    """Recall@10 of whole searches among the products of a mask; RuntimeError where it is below what is
    wanted, or where something else was found."""
    parsed = parse(where) if where else None
    scores = np.where(mask, queries @ matrix.astype(np.float32).T, -np.inf)
    count = min(K, int(mask.sum()))
    best = np.argpartition(-scores, count, axis=1)[:, :count]
    hits = index.search_many([Query((Example(vector=query),), k=K, where=parsed) for query in queries])
    found = [[number_of(hit.product_id) for hit in one] for one in hits]
    wrong = sum(not mask[number] for one in found for number in one)
    recall = overlap(found, best, count)
    if wrong or recall < WANTED:
        raise RuntimeError(f"{where}: recall@{K} {recall:.3f}, {wrong} products that do not pass")
    return round(recall, 4)


def run(size: Size) -> Report:
    """All of it."""
    scale = SCALES[size]
    device = torch.device("cuda" if torch.cuda.is_available() and gpus() else "cpu")
    layout = layout_of(scale.width)
    matrix = np.concatenate(
        [layout.scale(part).astype(np.float16) for part in blocks(scale.rows, scale.width)]
    )
    noise = np.random.default_rng(3).standard_normal((QUERIES, scale.width)).astype(np.float32)
    queries = matrix[:QUERIES].astype(np.float32) + 0.02 * noise
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = weights_folder(place / scale.backbone, scale.backbone)
        tables = [network(scale, folder, device)]
        tables += [files(scale, folder, place, side, device) for side in scale.files]
        tables += [exact(scale, many, matrix, queries, device) for many in scale.batches]
        tables.append(lists(scale, matrix, queries, device))
        searched, details = approximate(scale, place, device)
    return Report([*tables, searched], {"device": str(device), **details})


if __name__ == "__main__":
    sys.exit(main(__doc__, "gpu", run))
