"""Offline evaluation: this project's beside RecTools and Cornac, on the same factors and interactions.

``python -m benchmarks.evaluation [--quick] [--no-record]``

A drawn factor model ranks all 20,000 products for every customer, what the customer has met before is left
out, and the accuracy metrics at 5, 10, 12, 20 and 50 are computed. Data and model are drawn (Zipf
popularity); every contender gets them ready, in memory, on all cores, and is warm before it is timed. The
peers run in environments of their own and take turns with ours; their results are compared with ours wherever
they define a metric in the same way. The limits are products of matrices alone, without any selection: what
an evaluation costs at least that computes all scores in float32.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.framework import Cell, Report, Row, Size, Table, main, turns
from benchmarks.peers.environment import Peer, PeerFails
from data.cores import cores
from recommender.evaluation.exam import Exam
from recommender.evaluation.metrics import KS, accuracy
from recommender.evaluation.ranking import rank
from recommender.histories import Histories
from recommender.items import Bools, Floats, Ints, Items

PRODUCTS = 20_000
FACTORS = 64
CUSTOMERS: Mapping[Size, int] = {"quick": 4_000, "full": 20_000}
FEW: Mapping[Size, int] = {"quick": 100, "full": 1_000}  # for who takes one customer after the other
TURNS: Mapping[Size, int] = {"quick": 3, "full": 7}
WARM_UP = 200
TOGETHER = 256  # customers of one product of matrices
ALONE = {"OPENBLAS_NUM_THREADS": "1"}  # as implicit, which ranks for RecTools, asks for: it has own threads
PEERS = (
    Peer("RecTools: recommend, calc_metrics", "rectools==0.19.0", "with_rectools.py", ("recommend",), ALONE),
    Peer("RecTools' ranker and its metrics", "rectools==0.19.0", "with_rectools.py", ("ranker",), ALONE),
    Peer("Cornac: ranking_eval", "cornac==3.0.1", "with_cornac.py"),
)


@dataclass(frozen=True)
class Drawn:
    """customers (c, d) and items (n, d): factors. known, test: distinct pairs (2, m) of customer and product,
    by customer; every customer has at least one in each, and no pair is in both.
    """

    customers: Floats
    items: Floats
    known: Ints
    test: Ints

    def save(self, path: Path) -> None:
        """For the peers."""
        np.savez(
            path,
            customers=self.customers,
            items=self.items,
            known_customers=self.known[0],
            known_items=self.known[1],
            test_customers=self.test[0],
            test_items=self.test[1],
            ks=np.asarray(KS),
        )


def drawn(customers: int, products: int = PRODUCTS, seed: int = 7) -> Drawn:
    """Choices by Zipf's law alone; the model knows the popularity and adds tastes that nobody has."""
    rng = np.random.default_rng(seed)
    popularity = rng.permutation(1 / np.arange(1, products + 1) ** 0.9)
    sizes = rng.geometric(1 / 25, customers) + 4
    rows = np.repeat(np.arange(customers), sizes)
    pairs = np.unique(rows * products + rng.choice(products, len(rows), p=popularity / popularity.sum()))
    asked = rng.random(len(pairs)) < 0.2
    starts = np.searchsorted(pairs, np.arange(customers) * products)
    asked[starts], asked[starts + 1] = True, False
    people = rng.normal(0, 0.3, (customers, FACTORS)).astype(np.float32)
    items = rng.normal(0, 0.5, (products, FACTORS)).astype(np.float32)
    people[:, 0], items[:, 0] = 1, np.log(popularity)
    known, test = (np.stack(np.divmod(pairs[mask], products)) for mask in (~asked, asked))
    return Drawn(people, items, known.astype(np.int64), test.astype(np.int64))


@dataclass(frozen=True)
class Scored:
    """The drawn factors as a model of which all scores are asked for; a customer's key is the position."""

    customers: Floats
    items: Floats
    name: str = "factors"
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """The inner products."""
        scores: Floats = self.customers[histories.keys.astype(np.int64)] @ self.items.T
        return scores


@dataclass(frozen=True)
class Factors(Scored):
    """The same as a model that is known to consist of vectors."""

    def item_factors(self) -> Floats:
        """The products' factors."""
        return self.items

    def customer_factors(self, histories: Histories) -> tuple[Ints, Floats]:
        """Everybody has some."""
        return np.arange(len(histories), dtype=np.int64), self.customers[histories.keys.astype(np.int64)]


def exam_of(data: Drawn) -> Exam:
    """The same question as the peers get."""
    c, n = len(data.customers), len(data.items)
    rows, products = data.known
    histories = Histories(
        starts=np.searchsorted(rows, np.arange(c + 1)).astype(np.int64),
        items=products,
        weights=np.ones(len(rows)),
        times=np.zeros(len(rows)),
        now=np.ones(c),
        keys=np.arange(c, dtype=np.uint64),
    )
    ones: NDArray[np.bool_] = np.ones(data.test.shape[1], np.bool_)
    wanted = sparse.csr_array(sparse.coo_array((ones, tuple(data.test)), shape=(c, n)))
    return Exam(np.arange(c), histories, wanted, Items.build([f"p{i}" for i in range(n)]), {}, {})


def our_turn(model: Scored, exam: Exam) -> dict[str, Any]:
    """In the form in which the peers report."""
    used, began = time.process_time(), time.perf_counter()
    ranking = rank(model, exam)
    ranked = time.perf_counter()
    values = {name: float(v.mean()) for name, v in accuracy(ranking.hits, exam.wanted_counts).items()}
    done = time.perf_counter()
    return {
        "seconds": {"ranking": ranked - began, "metrics": done - ranked},
        "processor_seconds": time.process_time() - used,
        "values": values,
    }


@dataclass(frozen=True)
class Entrant:
    """Who takes turns. ask: what gives one turn over so many customers. turns: what was found."""

    role: str
    customers: int
    ask: Callable[[int], dict[str, Any]]
    found: list[dict[str, Any]] = field(default_factory=list)

    def turn(self) -> float:
        """Customers per second."""
        self.found.append(self.ask(self.customers))
        return float(self.customers / sum(self.found[-1]["seconds"].values()))

    def figures(self, ours: Mapping[str, float]) -> dict[str, Cell]:
        """Processor time, parts, metrics and how far they are from ours on the same customers."""
        used = statistics.median(turn["processor_seconds"] for turn in self.found)
        told: dict[str, Cell] = {"µs of a core each": used / self.customers * 1e6}
        values = self.found[0]["values"]
        if values:
            apart = {name: abs(value - ours[name]) for name, value in values.items()}
            metrics = statistics.median(turn["seconds"].get("metrics", 0.0) for turn in self.found)
            told |= {
                "s for metrics": metrics or None,
                "metrics": len(values),
                "recall@10": values["recall@10"],
                "ndcg@10": values["ndcg@10"],
                "furthest from ours": f"{max(apart.values()):.0e}",
            }
        return told


def product_turn(data: Drawn, kind: str) -> Callable[[int], dict[str, Any]]:
    """Nothing but all scores, one batch after the other in each of as many threads as there are cores."""
    import torch

    items = torch.from_numpy(np.ascontiguousarray(data.items.T))
    people = torch.from_numpy(data.customers)
    if kind == "bfloat16":
        items, people = items.bfloat16(), people.bfloat16()
    rooms = [torch.empty((TOGETHER, items.shape[1]), dtype=items.dtype) for _ in range(cores())]

    def work(room: torch.Tensor, parts: list[int], count: int) -> None:
        for first in parts:
            some = people[first : min(first + TOGETHER, count)]
            if kind == "numpy":
                np.matmul(some.numpy(), items.numpy(), out=room.numpy()[: len(some)])
            else:
                torch.mm(some, items, out=room[: len(some)])

    def turn(count: int) -> dict[str, Any]:
        from threadpoolctl import threadpool_limits

        before, firsts = torch.get_num_threads(), list(range(0, count, TOGETHER))
        torch.set_num_threads(1)
        used, began = time.process_time(), time.perf_counter()
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(len(rooms)) as pool:
            tasks = [
                pool.submit(work, room, firsts[at :: len(rooms)], count) for at, room in enumerate(rooms)
            ]
            for task in tasks:
                task.result()
        seconds = time.perf_counter() - began
        torch.set_num_threads(before)
        used = time.process_time() - used
        return {"seconds": {"ranking": seconds}, "processor_seconds": used, "values": {}}

    return turn


def entrants(size: Size, data: Drawn, stack: ExitStack) -> tuple[dict[str, Entrant], dict[str, str]]:
    """Everybody, warm, ours first; and why others are absent."""
    count = CUSTOMERS[size]
    exam = exam_of(data)
    found, absent = {}, {}
    for name, model in (("ours", Factors), ("ours, all scores", Scored)):
        made = model(data.customers, data.items)
        our_turn(made, exam.first(WARM_UP))
        found[name] = Entrant("ours", count, lambda some, m=made: our_turn(m, exam.first(some)))  # type: ignore[misc]
    path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "drawn.npz"
    data.save(path)
    for peer in PEERS:
        try:
            worker = stack.enter_context(peer.working(str(path)))
            worker.ask("evaluate", customers=10)
        except PeerFails as problem:
            absent[peer.name] = str(problem)
            continue
        asked = FEW[size] if "Cornac" in peer.name else count
        found[peer.name] = Entrant(
            "peer",
            asked,
            lambda some, w=worker: w.ask("evaluate", customers=some),  # type: ignore[misc]
        )
    for kind, name in (
        ("torch", "all scores in float32 (torch) and nothing else"),
        ("numpy", "all scores in float32 (numpy) and nothing else"),
        ("bfloat16", "all scores in bfloat16 (torch) and nothing else"),
    ):
        found[name] = Entrant("limit", count, product_turn(data, kind))
    return found, absent


def run(size: Size) -> Report:
    """Turns of all contenders; Cornac, one customer after the other, is given only ``FEW`` of them."""
    data = drawn(CUSTOMERS[size])
    exam, model = exam_of(data), Factors(data.customers, data.items)
    with ExitStack() as stack:
        everybody, absent = entrants(size, data, stack)
        speeds = turns({name: entrant.turn for name, entrant in everybody.items()}, TURNS[size])
    same = {
        count: our_turn(model, exam.first(count))["values"]
        for count in {entrant.customers for entrant in everybody.values()}
    }
    rows = []
    for name, entrant in everybody.items():
        figures = entrant.figures(same[entrant.customers])
        note = "" if entrant.customers == CUSTOMERS[size] else f"given {entrant.customers:,} customers"
        rows.append(Row(name, entrant.role, speeds[name], {}, figures, note))  # type: ignore[arg-type]
    notes = (
        f"{CUSTOMERS[size]:,} customers, {data.known.shape[1]:,} interactions, metrics at {list(KS)}",
        "'ours, all scores' is what a model without vectors costs; 'ours' finds the lists of such a model "
        "with products in bfloat16 first, where the processor has them",
    )
    title = f"Ranking {PRODUCTS:,} products in full for every customer, {FACTORS} factors, and its accuracy"
    return Report([Table(title, "customers/s", "more", rows, absent, notes)])


if __name__ == "__main__":
    sys.exit(main(__doc__, "evaluation", run))
