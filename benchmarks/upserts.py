"""Upserts: vectors per second from a call to being found by the next search, and what searches feel of it.

``python -m benchmarks.upserts [--quick] [--no-record]``

The shop is a real one: an SQLite database in WAL mode, whose commits are on the disk, and an index. Vectors
of products that are in the generation are replaced, 1,000 in a transaction; then the index is refreshed, and
the search for one of the new vectors must find its product with a score of 1. hnswlib and usearch replace
vectors in memory alone: nothing is durable there, and no name, photo or revision is kept.

Search latency is that of a refresh and a search, as a service does for a request; first without writers, then
while another process replaces vectors without a pause.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_shop import layout_of, made, name_of, space_of
from benchmarks.framework import Report, Row, Size, Spread, Table, main, turns
from benchmarks.looks import looks
from benchmarks.peers.environment import Peer, PeerFails
from benchmarks.search import LIBRARIES
from data.cores import cores
from data.records import EncodedPhoto
from data.shop import Shop
from index.query import Example, Query
from index.search import CatalogueIndex

BATCH = 1_000
BATCHES = 8
PACE = 0.005
LIKE_IT = 200
"""More products than are given the same vector in the course of a run."""
Floats = NDArray[np.float32]


class Writer:
    """Replaces the vectors of a shop's products, one portion after another, round and round."""

    def __init__(self, shop: Shop, products: int, width: int, seed: int) -> None:
        self.shop, self.space, self._products = shop, space_of(width).space, products
        self._blocks = looks(2 * BATCH, layout_of(width), seed)
        self._next, self._turn = 0, seed

    def drawn(self) -> tuple[list[EncodedPhoto], str]:
        """The next portion as an embedder hands it over, and the last product of it."""
        names = [name_of((self._next + i) % self._products) for i in range(BATCH)]
        self._next += BATCH
        self._turn += 1
        photos = self.shop.photos_of_products(names)
        blocks = np.roll(self._blocks, self._turn * 37, axis=0)[:BATCH]
        done = [
            EncodedPhoto(photos[name][0].photo_id, _sha(name, self._turn), 1, self._turn, vector)
            for name, vector in zip(names, blocks, strict=True)
        ]
        return done, names[-1]

    def put(self, done: list[EncodedPhoto]) -> None:
        """Write a portion."""
        self.shop.put_vectors(self.space, done, [])


def _sha(name: str, turn: int) -> str:
    return hashlib.sha256(f"{name} {turn}".encode()).hexdigest()


def visible(writer: Writer, index: CatalogueIndex) -> float:
    """Vectors per second over some portions, each of which must be found by the next search."""
    portions = [writer.drawn() for _ in range(BATCHES)]
    began = time.perf_counter()
    for done, product in portions:
        writer.put(done)
        index.refresh()
        blocks = np.asarray(done[-1].vector)[None, :]
        hits = index.search(Query((Example(vector=index.layout.scale(blocks)[0]),), k=LIKE_IT))
        if product not in {hit.product_id for hit in hits if hit.score > 0.998}:
            raise RuntimeError(f"{product} was written and is not found by the next search")
    return BATCH * BATCHES / (time.perf_counter() - began)


def durable(writer: Writer) -> float:
    """Vectors per second into the database alone."""
    portions = [writer.drawn() for _ in range(BATCHES)]
    began = time.perf_counter()
    for done, _ in portions:
        writer.put(done)
    return BATCH * BATCHES / (time.perf_counter() - began)


def searched(index: CatalogueIndex, queries: Floats, seconds: float) -> list[float]:
    """Milliseconds of a search as the service asks it, a look at what changed before it, over and over for so
    long, a few milliseconds apart.
    """
    times, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        query = Query((Example(vector=queries[len(times) % len(queries)]),))
        began = time.perf_counter()
        index.freshen()
        index.search(query)
        times.append((time.perf_counter() - began) * 1e3)
        time.sleep(PACE)
    return times


def write_on(directory: str, products: int, width: int, rate: float, started: Event, stop: Event) -> None:
    """Replace vectors at a rate until told to stop: the other process."""
    shop = Shop.open(Path(directory))
    writer, began, written = Writer(shop, products, width, 5), time.perf_counter(), 0
    while not stop.is_set():
        writer.put(writer.drawn()[0])
        started.set()
        written += BATCH
        ahead = written / rate - (time.perf_counter() - began)
        if ahead > 0:
            stop.wait(ahead)
    shop.close()


@contextmanager
def writing(shop: Shop, products: int, width: int, rate: float) -> Iterator[None]:
    """Another process that writes meanwhile."""
    context = multiprocessing.get_context("spawn")
    started, stop = context.Event(), context.Event()
    process = context.Process(
        target=write_on, args=(str(shop.directory), products, width, rate, started, stop)
    )
    process.start()
    try:
        while not started.wait(0.1):
            if not process.is_alive():
                raise RuntimeError(f"the writer ended with exit code {process.exitcode}")
        yield
        if not process.is_alive():
            raise RuntimeError(f"the writer ended early, with exit code {process.exitcode}")
    finally:
        stop.set()
        process.join(30)


def latencies(shop: Shop, products: int, width: int, seconds: float, rounds: int) -> Table:
    """Quiet, and under writers, in turn."""
    layout = layout_of(width)
    queries = layout.scale(looks(256, layout, 9))
    kept: dict[str, list[float]] = {}

    def turn(name: str, rate: float) -> Callable[[], float]:
        def one() -> float:
            index = CatalogueIndex.open(shop)
            searched(index, queries, 0.3)
            if not rate:
                times = searched(index, queries, seconds)
            else:
                with writing(shop, products, width, rate):
                    times = searched(index, queries, seconds)
            kept.setdefault(name, []).extend(times)
            return float(np.percentile(times, 99))

        return one

    rates = {"quiet": 0.0, "1,000 vectors/s written": 1000.0, "5,000 vectors/s written": 5000.0}
    found = turns({name: turn(name, rate) for name, rate in rates.items()}, rounds)
    rows = [
        Row(name, "ours", spread, {}, {"p50 ms": float(np.median(kept[name])), "searches": len(kept[name])})
        for name, spread in found.items()
    ]
    return Table(f"A refresh and a search, {products:,} x {width}", "p99 ms", "less", rows)


def peer_rates(products: int, width: int, folder: Path, rounds: int) -> tuple[list[Row], dict[str, str]]:
    """The same replacement in hnswlib and usearch."""
    rows, absent = [], {}
    layout = layout_of(width)
    vectors = layout.scale(looks(products, layout))
    np.save(folder / "matrix.npy", vectors)
    np.save(folder / "queries.npy", vectors[:10])
    np.save(folder / "truth.npy", np.arange(10)[:, None])
    files = {name: str(folder / f"{file}.npy") for name, file in FILES.items()}
    for kind in ("hnswlib", "usearch"):
        peer = Peer(kind, LIBRARIES, "with_search.py")
        try:
            with peer.working() as worker:
                worker.ask("build", **files, kind=kind, threads=cores())
                rates = [
                    BATCH
                    * BATCHES
                    / float(worker.ask("replace", count=BATCH, times=BATCHES, threads=cores()))
                    for _ in range(rounds)
                ]
            rows.append(Row(kind, "peer", Spread.of(rates), {}, {"durable": "no"}))
        except PeerFails as problem:
            absent[kind] = str(problem)
    return rows, absent


FILES = {"data": "matrix", "queries": "queries", "truth": "truth"}


def run(size: Size) -> Report:
    """Quick: 6,000 x 256; full: 100,000 x 512."""
    products, width = (6_000, 256) if size == "quick" else (100_000, 512)
    rounds, seconds = (2, 1.0) if size == "quick" else (5, 6.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made(folder / "shop", products, width)
        shop = Shop.open(folder / "shop")
        index, writer = CatalogueIndex.open(shop), Writer(shop, products, width, 1)
        rates = {"ours": lambda: visible(writer, index), "ours, the database alone": lambda: durable(writer)}
        rows = [
            Row(name, "ours", spread, {}, {"durable": "yes"}) for name, spread in turns(rates, rounds).items()
        ]
        others, absent = peer_rates(min(products, 20_000), width, folder, rounds)
        upserts = Table(
            f"Replacing vectors, {BATCH} at a time, found by the next search, {products:,} x {width}",
            "vectors/s",
            "more",
            [*rows, *others],
            absent,
            [f"hnswlib and usearch hold {min(products, 20_000):,} vectors"],
        )
        table = latencies(shop, products, width, seconds, rounds)
        shop.close()
    return Report([upserts, table], {"photos": products, "width": width})


if __name__ == "__main__":
    sys.exit(main(__doc__, "upserts", run))
