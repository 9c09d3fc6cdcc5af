"""Search: this project's index beside what a user would take instead, on the same vectors.

``python -m benchmarks.search [--quick] [--no-record]``, ``VITRINE_BENCH_PHOTOS=1000000`` for another number

The vectors are drawn so as to be spread like those of real photos (``benchmarks/looks.py``); the queries are
photos that are not in the index. Ours is timed as a whole, from a vector to hits grouped by product, with
photo ids and the cosine of every aspect, and as the index alone with its re-ranking; the others as the bare
call. hnswlib, usearch and Milvus Lite run in a process and an environment of their own, which times each
query itself. Every approximate contender is set to the cheapest setting whose recall@10 reaches .99 on these
queries; FAISS is also tuned by hand over lists visited and rows refined.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.framework import REST_SECONDS, Report, Role, Row, Size, Spread, Table, main, turns
from benchmarks.index_shop import IndexShop
from benchmarks.looks import intrinsic_dimension, layout_of, looks
from benchmarks.peers.environment import Peer, PeerFails, Worker
from benchmarks.plain_search import (
    Contender,
    K,
    by_faiss,
    by_numpy,
    by_sklearn,
    exact_answers,
    one_by_one,
    recall,
    tuned,
)
from data.aspects import AspectLayout
from data.cores import cores
from data.where import Where, parse
from index.allowed import Allowed
from index.generation import EXACT_UP_TO, GenerationInfo, build_generation
from index.generations import Generation
from index.halves import widened
from index.hits import Hit
from index.library import one_thread
from index.query import Example, Query
from index.search import CatalogueIndex

WANTED = 0.99
QUERIES, BATCH = 512, 256
LIBRARIES = "hnswlib==0.8.0 usearch==2.26.6 numpy"
MILVUS = "milvus-lite pymilvus numpy"
LARGE = 300_000
MANY = 10.0
SHARES = (95.0, 50.0, 5.0, 0.1)
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Data:
    """What all search: rows (n, d), queries (q, d), the exact answers (q, K); where they lie as .npy."""

    layout: AspectLayout
    blocks: Floats
    matrix: Floats
    queries: Floats
    truth: Ints
    columns: dict[str, NDArray[np.float64]]
    folder: Path

    @classmethod
    def draw(cls, n: int, width: int, folder: Path) -> Data:
        """Rows and queries; ``rank`` has nothing to do with looks, ``tone`` much."""
        layout = layout_of(width)
        blocks = looks(n + QUERIES, layout)
        vectors = layout.scale(blocks)
        matrix, queries = vectors[:n], np.ascontiguousarray(vectors[n:])
        rng = np.random.default_rng(1)
        tone = matrix @ rng.standard_normal(width).astype(np.float32)
        columns = {
            "rank": rng.random(n) * 100,
            "tone": tone.argsort().argsort() / n * 100,
        }
        data = cls(layout, blocks[:n], matrix, queries, exact_answers(matrix, queries), columns, folder)
        for name in ("matrix", "queries", "truth"):
            np.save(folder / f"{name}.npy", getattr(data, name))
        np.save(folder / "rank.npy", columns["rank"])
        return data

    @property
    def files(self) -> dict[str, str]:
        """What a peer is told."""
        return {
            "data": str(self.folder / "matrix.npy"),
            "queries": str(self.folder / "queries.npy"),
            "truth": str(self.folder / "truth.npy"),
        }


@dataclass
class Entrant:
    """One row of a table to be: how it answers a turn of queries one by one, and what is known of it."""

    name: str
    role: Role
    answer: Callable[[int, int], list[float]]
    figures: dict[str, float | str | None] = field(default_factory=dict)
    note: str = ""
    times: list[float] = field(default_factory=list)
    batch: Callable[[], float] | None = None

    def turn(self, first: int, count: int) -> float:
        """Median milliseconds of a turn; every time is kept."""
        times = self.answer(first, count)
        self.times += times
        return float(np.median(times)) * 1e3

    def row(self, spread: Spread) -> Row:
        """With the 99th percentile over all turns."""
        p99 = float(np.percentile(self.times, 99)) * 1e3 if self.times else None
        return Row(self.name, self.role, spread, {"p99 ms": p99}, self.figures, self.note)


@dataclass(frozen=True)
class Ours:
    """A generation that was built, and its searcher."""

    info: GenerationInfo
    index: CatalogueIndex
    generation: Generation

    @classmethod
    def build(cls, shop: IndexShop, choice: str) -> Ours:
        """Build and open."""
        say = lambda text: print(f"  {text}", file=sys.stderr, flush=True)  # noqa: E731
        info = build_generation(shop, shop.space_record, choice, WANTED, say)  # type: ignore[arg-type]
        index = CatalogueIndex.open(shop)  # type: ignore[arg-type]
        generation = index.pinned().snapshot.generation
        if generation is None:
            raise RuntimeError("a generation was built, and none is in use")
        return cls(info, index, generation)

    def whole(self, queries: Floats, where: str | None = None) -> Ints:
        """Rows (q, K) of the hits of whole searches; -1 pads."""
        parsed = parsed_once(where) if where else None
        return self._rows(
            self.index.search(Query((Example(vector=query),), k=K, where=parsed)) for query in queries
        )

    def many(self, queries: Floats) -> Ints:
        """The same, all queries in one call."""
        return self._rows(self.index.search_many([Query((Example(vector=query),), k=K) for query in queries]))

    def _rows(self, answers: Iterable[Sequence[Hit]]) -> Ints:
        found = [[int(hit.product_id[1:]) for hit in hits] for hits in answers]
        return np.asarray([line + [-1] * (K - len(line)) for line in found])

    def found(self, queries: Floats) -> list[Ints]:
        """Rows by the index and its re-ranking alone, one by one; the nearest first but of the exact type."""
        scan = self.generation.scans.quick()
        return [scan.top(queries[at : at + 1], K, None).rows for at in range(len(queries))]

    def alone(self, queries: Floats) -> Ints:
        """Products (q, K) of the same, the nearest first."""
        near = self.found(queries)
        return self._ranked(near, queries) if self.generation.manifest.exact else self._named(near)

    def at_once(self, queries: Floats) -> Ints:
        """The same, all queries in one call of the index, which may use all cores."""
        near = [rows[rows >= 0] for rows in self.generation.scans.quick().each(queries, K).rows]
        return self._ranked(near, queries) if self.generation.manifest.exact else self._named(near)

    def _ranked(self, near: Sequence[Ints], queries: Floats) -> Ints:
        """What comes in no order is put in order."""
        matrix, ordered = self.generation.matrix, []
        for rows, query in zip(near, queries, strict=True):
            ordered.append(rows[np.argsort(-np.vecdot(widened(matrix[rows]), query))])
        return self._named(ordered)

    def _named(self, near: Sequence[Ints]) -> Ints:
        """The products of rows, the nearest first: (q, K), -1 pads."""
        products = self.generation.rows.products
        found = np.full((len(near), K), -1)
        for at, rows in enumerate(near):
            names = [int(products[row][1:]) for row in rows[:K].tolist()]
            found[at, : len(names)] = names
        return found

    @property
    def occupied(self) -> float:
        """Bytes: the FAISS index where there is one, and the stored float16 vectors, which are mapped."""
        exact = self.generation.manifest.exact
        return float(self.generation.matrix.nbytes) + (0 if exact else self.info.memory_mb * 1e6)


@cache
def parsed_once(where: str) -> Where:
    """A filter as a service has it after the first request."""
    return parse(where)


def asked(queries: Floats, first: int, count: int) -> Floats:
    """Some of the queries, round and round."""
    return np.ascontiguousarray(queries.take(range(first, first + count), axis=0, mode="wrap"))


def figures(found: Ints, data: Data, seconds: float, occupied: float) -> dict[str, float | str | None]:
    """Recall, build time and memory against float32, as columns."""
    return {
        "recall@10": round(recall(found, data.truth), 4),
        "build s": round(seconds, 1),
        "memory / float32": round(occupied / data.matrix.nbytes, 2),
    }


def our_entrants(ours: Ours, name: str, data: Data) -> list[Entrant]:
    """The whole call and the index alone, whose row numbers are looked up afterwards."""
    made = []
    bare = ours.alone if ours.generation.manifest.exact else ours.found
    parts = (
        ("", ours.whole, ours.whole, ours.many),
        (", the index alone", bare, ours.alone, ours.at_once),
    )
    for part, ask, named, at_once in parts:
        made.append(
            Entrant(
                f"ours, {name}{part}",
                "ours",
                lambda first, count, ask=ask: one_by_one(ask, asked(data.queries, first, count)),  # type: ignore[misc]
                figures(named(data.queries), data, ours.info.seconds, ours.occupied),
                batch=lambda ask=at_once: timed(ask, data.queries[:BATCH]),  # type: ignore[misc]
            )
        )
    setting = ours.generation.manifest.chosen.setting
    made[0].note = ours.info.factory + (
        f", {setting.parameter} {setting.value}, {setting.overfetch} fetched for one" if setting else ""
    )
    return made


def asked_one_by_one(entrant: Entrant, ours: Ours, data: Data) -> Entrant:
    """Whole searches again, a batch of them asked one after the other."""
    return replace(
        entrant,
        name=f"{entrant.name}, one by one",
        batch=lambda: timed(ours.whole, data.queries[:BATCH]),
    )


def timed(ask: Callable[[Floats], Any], queries: Floats) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    ask(queries)
    return time.perf_counter() - began


def plain_entrant(contender: Contender, data: Data) -> Entrant:
    """A contender of this process; FAISS answers single queries with one thread, which is quicker for all its
    types where other cores are busy.
    """

    def answer(first: int, count: int) -> list[float]:
        with one_thread():
            return one_by_one(contender.ask, asked(data.queries, first, count))

    return Entrant(
        contender.name,
        "peer",
        answer,
        figures(contender.ask(data.queries), data, contender.build_seconds, contender.occupied),
        contender.note,
        batch=lambda: timed(contender.ask, data.queries[:BATCH]),
    )


def peer_entrant(worker: Worker, data: Data, build: dict[str, Any], wide: bool) -> Entrant:
    """A contender with a process of its own; wide: it can be told how many threads to use."""
    built = worker.ask("build", **data.files, **build)
    found = worker.ask("tune", wanted=WANTED)
    occupied = built.get("bytes")
    words = {"threads": cores()} if wide else {}
    return Entrant(
        worker.name,
        "peer",
        lambda first, count: [
            float(s) for s in worker.ask("one_by_one", first=first, count=count if wide else min(count, 20))
        ],
        {
            "recall@10": round(found["recall"], 4),
            "build s": round(built["seconds"], 1),
            "memory / float32": round(occupied / data.matrix.nbytes, 2) if occupied else None,
        },
        f"search width {found['width']}" if found["width"] else "",
        batch=lambda: float(worker.ask("batch", count=BATCH, **words)),
    )


@contextmanager
def peers(
    data: Data, absent: dict[str, str], few: bool = False
) -> Iterator[tuple[list[Entrant], Worker | None]]:
    """Those with an environment of their own; and Milvus's process, which can filter. few: hnswlib alone."""
    chosen = [(Peer("hnswlib", LIBRARIES, "with_search.py"), {"kind": "hnswlib", "threads": cores()})]
    milvus = Peer("Milvus Lite", MILVUS, "with_milvus.py", (str(data.folder / "milvus.db"),))
    if not few:
        usearch = Peer("usearch", LIBRARIES, "with_search.py")
        chosen.append((usearch, {"kind": "usearch", "threads": cores()}))
        chosen.append((milvus, {"kind": "FLAT", "ranks": str(data.folder / "rank.npy")}))
    made, filtering = [], None
    with ExitStack() as stack:
        for peer, build in chosen:
            try:
                worker = stack.enter_context(peer.working())
                made.append(peer_entrant(worker, data, build, peer is not milvus))
            except PeerFails as problem:
                absent[peer.name] = str(problem)
                continue
            filtering = worker if peer is milvus else filtering
        yield made, filtering


def measured(entrants: list[Entrant], count: int, rounds: int) -> list[Row]:
    """All take turns, each turn so many queries."""
    for entrant in entrants:
        entrant.answer(0, 20)
    starts = {entrant.name: iter(range(0, count * rounds, count)) for entrant in entrants}
    spreads = turns({e.name: lambda e=e: e.turn(next(starts[e.name]), count) for e in entrants}, rounds)  # type: ignore[misc]
    return [entrant.row(spreads[entrant.name]) for entrant in entrants]


def streamed(ours: Ours, threads: int) -> Entrant:
    """The limit of an exact scan: reading the stored float16 vectors once, and nothing else.

    On a busy machine one core may be quicker than all, which have to wait for one another: hence both.
    """
    import torch

    bits = torch.from_numpy(np.array(ours.generation.matrix).view(np.float32))

    def answer(first: int, count: int) -> list[float]:
        torch.set_num_threads(threads)
        return one_by_one(lambda _: bits.sum(), np.empty((count, 1), np.float32))

    return Entrant(f"reading the stored vectors, threads: {threads}", "limit", answer)


def batches(entrants: list[Entrant], rounds: int) -> list[Row]:
    """Milliseconds a query in batches of 256."""
    able = [entrant for entrant in entrants if entrant.batch is not None]
    batch = {e.name: lambda e=e: e.batch() * 1e3 / BATCH for e in able}  # type: ignore[misc]
    spreads = turns(batch, rounds, REST_SECONDS)
    return [Row(e.name, e.role, spreads[e.name], {"recall@10": e.figures["recall@10"]}) for e in able]


def comparing(ours: Ours, mask: NDArray[np.bool_]) -> Callable[[Floats], Ints]:
    """The exact scan that filtered searches use, without hits and names: queries (q, d) → rows (q, K)."""
    numbers = np.asarray([int(product[1:]) for product in ours.generation.rows.products])
    mine, scan, matrix = mask[numbers], ours.generation.scans.exact(), ours.generation.matrix

    def ask(queries: Floats) -> Ints:
        found = np.full((len(queries), K), -1)
        for at in range(len(queries)):
            near = scan.top(queries[at : at + 1], K, Allowed.only(mine)).rows
            best = near[np.argsort(-np.vecdot(widened(matrix[near]), queries[at]))[:K]]
            found[at, : len(best)] = numbers[best]
        return found

    return ask


def filtered(
    ours: Ours, data: Data, column: str, share: float, milvus: Worker | None, size: tuple[int, int]
) -> Table:
    """A filter that lets a share (per cent) pass; every contender has the passing rows at hand but ours."""
    mask, where = data.columns[column] < share, f"{column} < {share:g}"
    rows, truth = np.flatnonzero(mask), exact_answers(data.matrix, data.queries[:BATCH], mask)
    queries = data.queries[:BATCH]
    selector = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little")))
    flat = faiss.IndexFlatIP(data.matrix.shape[1])
    flat.add(data.matrix)
    picked = by_numpy(data.matrix[rows])

    def bare(name: str, ask: Callable[[Floats], Ints], role: Role = "peer", note: str = "") -> Entrant:
        found = {"recall@10": round(recall(ask(queries), truth), 4)}

        def answer(first: int, count: int) -> list[float]:
            with one_thread():
                return one_by_one(ask, asked(queries, first, count))

        return Entrant(name, role, answer, {**found}, note)

    entrants = [
        bare("ours, whole", lambda some: ours.whole(some, where), "ours"),
        bare("ours, the comparing alone", comparing(ours, mask), "ours"),
        bare(
            "NumPy over the passing rows", lambda some: rows[picked.ask(some)], note="copied out beforehand"
        ),
        bare("FAISS Flat, bitmap", lambda some: flat.search(some, K, params=selector)[1]),
    ]
    if share < MANY:
        entrants.append(
            bare("NumPy, rows picked out", lambda some: rows[by_numpy(data.matrix[rows]).ask(some)])
        )
    if milvus is not None and column == "rank":
        np.save(data.folder / "filtered.npy", truth)
        told = milvus.ask("recall", where=where, truth=str(data.folder / "filtered.npy"), count=50)
        answer = lambda first, count: milvus.ask("one_by_one", first=first, count=10, where=where)  # noqa: E731
        entrants.append(Entrant("Milvus Lite", "peer", answer, {"recall@10": round(told, 4)}))
    title = f"Filter {where!r}, {len(rows):,} of {len(mask):,} pass"
    return Table(title, "p50 ms", "less", measured(entrants, max(size[0] // 4, 10), size[1]))


def lists_of(n: int) -> int:
    """Lists of FAISS's IVF types, as its users choose them."""
    return int(2 ** round(np.log2(2 * np.sqrt(n))))


def refined(data: Data) -> Contender:
    """FAISS's own form of what is chosen here, tuned by hand."""
    n, width = data.matrix.shape
    factory = f"IVF{lists_of(n)},PQ{width // 2}x4fs,RFlat"
    made = by_faiss(data.matrix, factory, "FAISS IVF-PQ refined")
    return tuned(made, data.queries, data.truth, WANTED)


def single(title: str, entrants: list[Entrant], size: tuple[int, int], absent: dict[str, str]) -> Table:
    """One query at a time."""
    said = f"{title}, one query at a time, recall@10 of .99 wanted"
    return Table(said, "p50 ms", "less", measured(entrants, *size), absent)


def together(title: str, entrants: list[Entrant], rounds: int, absent: dict[str, str]) -> Table:
    """Many queries in one call."""
    said = f"{title}, batches of {BATCH}, all cores"
    return Table(said, "ms a query", "less", batches(entrants, rounds), absent)


def large(data: Data, folder: Path, size: tuple[int, int]) -> tuple[list[Table], dict[str, Any]]:
    """Of very many vectors: the quickest contenders, as many as memory holds beside one another."""
    n, width = data.matrix.shape
    auto = Ours.build(IndexShop(folder / "auto", data.blocks, data.layout, data.columns), "auto")
    title, absent = f"{n:,} x {width}", dict[str, str]()
    with peers(data, absent, few=True) as (others, _):
        ours, near = our_entrants(auto, "auto", data), plain_entrant(refined(data), data)
        made = [
            single(title, [*ours, near, *others], size, absent),
            together(title, [*ours, asked_one_by_one(ours[0], auto, data), near, *others], 3, absent),
        ]
    return made, {"photos": n, "width": width}


def tables(data: Data, folder: Path, size: tuple[int, int]) -> tuple[list[Table], dict[str, Any]]:
    """Everything on one set of vectors; size: queries a turn, turns."""
    n, width = data.matrix.shape
    lists = lists_of(n)
    # Up to 50,000 photos the automatic choice is to compare everything, which has a table of its own.
    choice = "auto" if n > EXACT_UP_TO else f"IVF{lists},PQ{width // 2}x4fs"
    auto = Ours.build(IndexShop(folder / "auto", data.blocks, data.layout, data.columns), choice)
    exact = Ours.build(IndexShop(folder / "exact", data.blocks, data.layout), "exact")
    near = [
        by_faiss(data.matrix, "HNSW32", "FAISS HNSW"),
        by_faiss(data.matrix, f"IVF{lists},Flat", "FAISS IVF"),
    ]
    near = [*(tuned(contender, data.queries, data.truth, WANTED) for contender in near), refined(data)]
    everything = [by_faiss(data.matrix, "Flat", "FAISS Flat"), by_numpy(data.matrix), by_sklearn(data.matrix)]
    absent: dict[str, str] = {}
    with peers(data, absent) as (others, milvus):
        ours = our_entrants(auto, "auto" if choice == "auto" else "approximate", data)
        approximate = [*ours, *(plain_entrant(contender, data) for contender in near), *others]
        everything_asked = [
            *our_entrants(exact, "exact", data),
            *(plain_entrant(contender, data) for contender in everything),
        ]
        title = f"{n:,} x {width}"
        made = [
            single(title, approximate, size, absent),
            Table(
                f"{title}, comparing everything, one query at a time",
                "p50 ms",
                "less",
                measured(
                    [*everything_asked, *(streamed(exact, threads) for threads in sorted({1, cores()}))],
                    max(size[0] // 4, 10),
                    size[1],
                ),
            ),
            together(
                title,
                [
                    *approximate[:2],
                    asked_one_by_one(approximate[0], auto, data),
                    *approximate[2:],
                    *everything_asked[:2],
                    asked_one_by_one(everything_asked[0], exact, data),
                    *everything_asked[2:],
                ],
                min(size[1], 3),
                absent,
            ),
        ]
        made += [filtered(auto, data, "rank", share, milvus, size) for share in SHARES]
        made.append(filtered(auto, data, "tone", 5.0, None, size))
    details = {
        "photos": n,
        "width": width,
        "intrinsic_dimension": round(intrinsic_dimension(data.matrix[:5000]), 1),
        "candidates": [
            [c.factory, c.recall, c.latency_ms, c.memory_mb, c.build_seconds] for c in auto.info.candidates
        ],
    }
    return made, details


def run(size: Size) -> Report:
    """Quick: 20,000 x 256; full: 100,000 x 512, or as many as VITRINE_BENCH_PHOTOS says; above 300,000 the
    quickest contenders alone.
    """
    n, width = (
        (20_000, 256) if size == "quick" else (int(os.environ.get("VITRINE_BENCH_PHOTOS", 100_000)), 512)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, asked_for = Data.draw(n, width, folder), (60, 2) if size == "quick" else (100, 5)
        made, details = (large if n > LARGE else tables)(data, folder, asked_for)
    return Report(made, details)


if __name__ == "__main__":
    sys.exit(main(__doc__, "search", run))
