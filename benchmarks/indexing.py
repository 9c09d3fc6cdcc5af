"""Indexing: files to committed vectors, beside what others write, and the machine's limit.

Ours is ``encode_pending`` into a new shop (list, read, digest, decode, colours, network, aspects,
commit). The exact generation after it takes half a second for few photos, which would hide what is
measured: its seconds are told beside. Peers have the same backbone with the same weights
(``with_plain_indexing``): one photo a call, and a DataLoader; both end with a fitted
``NearestNeighbors``. The limit is 1 / (1 / decode-only + 1 / encode-only), each stage alone on all cores:
ours has to do both on the same cores. Where a GPU encodes it is the slower of the two.

Accuracy is of whole stored vectors, beside float32 in torch on Pillow's pixels: the lowest cosine, and
the share of photos whose ten nearest are the same ten. The big backbones have random weights, which give
all photos nearly the same vector; what their neighbours say is little, and the bundled embedder, which is
trained, tells more. Processor time stands beside wall time, since other work on the machine changes it
less.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.drawn_photos import draw_photos, weights_folder
from benchmarks.framework import Report, Row, Size, Spread, Table, main, turns
from benchmarks.peers.environment import HERE, Worker
from data.photolimits import PhotoLimits
from data.records import CatalogueRow, PhotoRef, Product
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.hands import GROUP_PHOTOS
from embedder.palettes import BUNDLED as BUNDLED_FOLDER
from embedder.pipeline import default_processes, default_threads, encode_pending
from embedder.process_hands import ProcessHands
from embedder.registry import open_embedder
from embedder.stages import Stages
from index.generation import build_generation

TITLE = "Indexing: files to committed vectors"
BUNDLED = "bundled"
BACKBONES = (BUNDLED, "mobilenetv3_large_100", "efficientnet_b0", "resnet50")
LIGHT = (BUNDLED,)
K = 10
Floats = NDArray[np.float32]
Measure = Callable[[], float]


@dataclass(frozen=True)
class Plan:
    """photos: of ours. judged: so many of them are compared with float32. plain and loader: of the peers,
    which are slower. sides: of the photos, in pixels.
    """

    backbones: Sequence[str]
    sides: Sequence[int]
    photos: int
    judged: int
    plain: int
    loader: int
    turns: int


PLANS: Mapping[Size, Plan] = {
    "quick": Plan(LIGHT, (400,), 160, 160, 24, 64, 3),
    "full": Plan(BACKBONES, (400, 1200), 960, 320, 40, 128, 3),
}


@dataclass
class Figures:
    """Processor seconds per photo by contender, stages of ours, and the vectors that ours stored."""

    processor: dict[str, list[float]] = field(default_factory=dict)
    stages: list[dict[str, float]] = field(default_factory=list)
    vectors: Floats | None = None

    def note(self, name: str, photos: int, processor: float) -> None:
        """One turn."""
        self.processor.setdefault(name, []).append(processor / photos)

    def per_processor_second(self, name: str) -> float:
        """Photos, at the median."""
        return 1 / float(np.median(self.processor[name]))

    def seconds_by_stage(self) -> str:
        """Of ours, in words, at the medians."""
        found = {name: np.median([turn[name] for turn in self.stages]) for name in self.stages[0]}
        told = ", ".join(f"{name} {seconds:.2f}" for name, seconds in found.items())
        return f"seconds of ours, summed over threads: {told}"


def index_all(embedder: Embedder, paths: Sequence[Path], figures: Figures | None) -> float:
    """Photos per second into a new shop. Filling the catalogue and the generation are not timed."""
    with tempfile.TemporaryDirectory() as place:
        shop = Shop.create(Path(place) / "shop")
        rows = [
            CatalogueRow(i + 1, Product(f"p{i:06}"), (PhotoRef(path.name),)) for i, path in enumerate(paths)
        ]
        shop.put_rows(rows, paths[0].parent)
        before, began = time.process_time(), time.perf_counter()
        report = encode_pending(shop, embedder)
        seconds, used = time.perf_counter() - began, time.process_time() - before
        built = build_generation(shop, shop.space(embedder.space), "exact", 1.0)
        found = np.concatenate([batch.matrix for batch in shop.read_vectors(embedder.space)])
        shop.close()
    if (report.encoded, len(found)) != (len(paths), len(paths)):
        raise RuntimeError(f"{report.encoded} of {len(paths)} photos encoded, {len(found)} stored")
    if figures is not None:
        figures.note("ours", len(paths), used)
        stages = {stage.name: stage.seconds for stage in report.stages}
        figures.stages.append(stages | {"generation (not in the speed)": built.seconds})
        figures.vectors = embedder.layout.scale(found)
    return len(paths) / seconds


def decode_all(embedder: Embedder, paths: Sequence[Path]) -> float:
    """Photos per second read, decoded and given their colours by as many threads as the pipeline has, or by
    their processes (which have started by then, and take digests too) where it would use them."""
    count = default_threads(embedder.runtime.name)
    ready = threading.Barrier(count + 1)

    def alone(share: Sequence[Path]) -> None:
        ready.wait()
        for path in share:
            embedder.colours(embedder.prepare(path.read_bytes()))

    def by_process(share: Sequence[Path]) -> None:
        with closing(ProcessHands(embedder, PhotoLimits(), Stages(), print)) as hands:
            list(hands.read(share[:1]))
            ready.wait()
            done = 0
            while done < len(share):
                held = len(list(hands.read(share[done : done + GROUP_PHOTOS])))
                done += sum(1 for _ in hands.decode(range(held)))

    work = by_process if default_processes(len(paths), embedder.runtime.name) else alone

    def guarded(share: Sequence[Path]) -> None:
        try:
            work(share)
        except BaseException:
            ready.abort()
            raise

    threads = [threading.Thread(target=guarded, args=(paths[i::count],)) for i in range(count)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return len(paths) / (time.perf_counter() - began)


def encode_all(embedder: Embedder, photos: NDArray[np.uint8], n: int) -> float:
    """Photos per second through the runtime alone, the photos lying decoded in memory."""
    batch = embedder.runtime.batch
    batches = ((i, photos[: min(batch, n - i)]) for i in range(0, n, batch))
    began = time.perf_counter()
    for _ in embedder.runtime.stream(batches):
        pass
    return n / (time.perf_counter() - began)


def neighbours(vectors: Floats) -> NDArray[np.intp]:
    """The K nearest others of each row, sorted by their number."""
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    found: NDArray[np.intp] = np.sort(np.argpartition(-scores, K, axis=1)[:, :K], axis=1)
    return found


def overlap(found: Iterable[ArrayLike], wanted: Iterable[ArrayLike], count: int) -> float:
    """The mean share of the ``count`` wanted of each query that were found."""
    shared = [len(np.intersect1d(a, b)) / count for a, b in zip(found, wanted, strict=True)]
    return float(np.mean(shared))


def accuracy(got: Floats, wanted: Floats) -> dict[str, float]:
    """Lowest cosine, share of rows with the very same K nearest, and the mean share of shared ones."""
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (got, wanted)]
    ours, theirs = (neighbours(rows) for rows in unit)
    return {
        "lowest cosine": round(float((unit[0] * unit[1]).sum(1).min()), 5),
        "same top 10": float((ours == theirs).all(1).mean()),
        "overlap@10": overlap(ours, theirs, K),
    }


def reference(folder: Path, paths: Sequence[Path]) -> Floats:
    """The vectors in float32, in torch, on Pillow's pixels."""
    embedder = open_embedder(str(folder), runtime="torch")
    blocks, unusable = embedder.encode_files(paths)
    if unusable:
        raise RuntimeError(unusable[0].detail)
    return embedder.layout.scale(blocks)


def measured(folder: Path, paths: Sequence[Path], plan: Plan, title: str) -> Table:
    """All contenders for one backbone on one set of photos."""
    embedder = open_embedder(str(folder))
    few = np.stack([embedder.prepare(path) for path in paths[: embedder.runtime.batch]])
    figures = Figures()
    command = [sys.executable, str(HERE / "with_plain_indexing.py"), str(folder)]
    worker = Worker("peers", command, dict(os.environ))

    def own(name: str, work: Measure) -> Measure:
        def turn() -> float:
            before = time.process_time()
            rate = work()
            figures.note(name, len(paths), time.process_time() - before)
            return rate

        return turn

    def peer(what: str, count: int) -> Measure:
        def turn() -> float:
            told = worker.ask(what, paths=[str(path) for path in paths[:count]])
            figures.note(what, count, told["processor"])
            return count / float(told["seconds"])

        return turn

    try:
        index_all(embedder, paths[:32], None)
        worker.ask("plain", paths=[str(path) for path in paths[:4]])
        speeds = turns(
            {
                "ours": lambda: index_all(embedder, paths, figures),
                "plain": peer("plain", plan.plain),
                "loader": peer("loader", plan.loader),
                "decode": own("decode", lambda: decode_all(embedder, paths)),
                "encode": own("encode", lambda: encode_all(embedder, few, len(paths))),
            },
            plan.turns,
        )
    finally:
        worker.close()
    if figures.vectors is None:
        raise RuntimeError("ours stored no vectors")
    judged = paths[: plan.judged]
    found = accuracy(figures.vectors[: plan.judged], reference(folder, judged))
    return _table(title, speeds, figures, found, f"{embedder.runtime.name}, {embedder.runtime.device}")


def limit_of(decode: Spread, encode: Spread, apart: bool) -> Spread:
    """Photos per second that no pipeline of both stages exceeds; apart: each has a processor of its own."""

    def both(one: float, other: float) -> float:
        return min(one, other) if apart else 1 / (1 / one + 1 / other)

    pairs = ((decode.median, encode.median), (decode.low, encode.low), (decode.high, encode.high))
    median, low, high = (both(*pair) for pair in pairs)
    return Spread(median, low, high, decode.turns)


def _table(
    title: str,
    speeds: Mapping[str, Spread],
    figures: Figures,
    found: Mapping[str, float],
    runtime: str,
) -> Table:
    per_second = "photos per processor second"
    processor = {name: figures.per_processor_second(name) for name in figures.processor}
    decode, encode = speeds["decode"], speeds["encode"]
    limit = limit_of(decode, encode, apart="cuda" in runtime)
    both = 1 / (1 / processor["decode"] + 1 / processor["encode"])
    rows = [
        Row("ours", "ours", speeds["ours"], found, {per_second: processor["ours"]}),
        Row("one photo a call, torch float32", "peer", speeds["plain"], {}, {per_second: processor["plain"]}),
        Row(
            "DataLoader of 2, torch float32", "peer", speeds["loader"], {}, {per_second: processor["loader"]}
        ),
        Row("limit of both stages", "limit", limit, {}, {per_second: both}),
        Row("decode only", "limit", decode, {}, {per_second: processor["decode"]}),
        Row("encode only", "limit", encode, {}, {per_second: processor["encode"]}),
    ]
    notes = (f"runtime {runtime}", figures.seconds_by_stage())
    return Table(title, "photos/s", "more", rows, notes=notes)


def run(size: Size) -> Report:
    """One table for each backbone and size of photo."""
    plan, tables = PLANS[size], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for side in plan.sides:
            paths = draw_photos(folder / str(side), plan.photos, side)
            for backbone in plan.backbones:
                weights = BUNDLED_FOLDER if backbone == BUNDLED else folder / backbone
                if not weights.exists():
                    weights_folder(weights, backbone)
                tables.append(measured(weights, paths, plan, f"{backbone}, {len(paths)} photos of {side} px"))
    return Report(tables)


if __name__ == "__main__":
    sys.exit(main(__doc__, "indexing", run))
