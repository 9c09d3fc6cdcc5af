"""Offline evaluation: this project's beside RecTools and Cornac, on the same factors and interactions.

``python -m benchmarks.evaluation [--quick] [--json FILE]``

A drawn factor model ranks all 20,000 products for every customer, what the customer has met before is left
out, and the accuracy metrics at 5, 10, 20 and 50 are computed. Data and model are drawn (Zipf popularity);
every contender gets them ready, in memory, and is warm before it is timed. The peers run in environments of
their own, which are set up on first need, and take turns with ours; their results are compared with ours
wherever they define a metric in the same way.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.peers.environment import Peer, PeerFails
from recommender.evaluation.exam import Exam
from recommender.evaluation.metrics import KS, accuracy
from recommender.evaluation.ranking import rank
from recommender.histories import Histories
from recommender.items import Bools, Floats, Ints, Items

PRODUCTS = 20_000
FACTORS = 64
TURNS = 5
WARM_UP = 200
SAME = 1e-5  # float32 products are summed in another order elsewhere, so two near scores may swap
ALONE = {"OPENBLAS_NUM_THREADS": "1"}  # as implicit, which ranks for RecTools, asks for: it has own threads
PEERS = (
    Peer("RecTools", "rectools==0.19.0", "with_rectools.py", ("recommend",), ALONE),
    Peer("its ranker", "rectools==0.19.0", "with_rectools.py", ("ranker",), ALONE),
    Peer("Cornac", "cornac==3.0.1", "with_cornac.py"),
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
class Factors:
    """The drawn factors as a model; a customer's key is the position."""

    customers: Floats
    items: Floats
    name: str = "factors"
    silence: float = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """The inner products."""
        scores: Floats = self.customers[histories.keys.astype(np.int64)] @ self.items.T
        return scores


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


def our_turn(model: Factors, exam: Exam) -> dict[str, Any]:
    """In the form in which the peers report."""
    used, began = time.process_time(), time.perf_counter()
    ranking = rank(model, exam)
    ranked = time.perf_counter()
    values = {name: float(v.mean()) for name, v in accuracy(ranking.hits, exam.wanted_counts).items()}
    done = time.perf_counter()
    return {
        "version": "this project",
        "seconds": {"ranking": ranked - began, "metrics": done - ranked},
        "processor_seconds": time.process_time() - used,
        "values": values,
    }


def ready() -> tuple[list[Peer], dict[str, str]]:
    """The peers that are installed, and why others are not."""
    found, absent = [], {}
    for peer in PEERS:
        try:
            peer.set_up()
            found.append(peer)
        except PeerFails as problem:
            absent[peer.name] = str(problem)
    return found, absent


def run(customers: int, few: int, turns: int = TURNS) -> dict[str, Any]:
    """Turns of all contenders; Cornac, one customer after the other, is given only ``few`` of them."""
    data = drawn(customers)
    exam, model = exam_of(data), Factors(data.customers, data.items)
    peers, absent = ready()
    asked = {"ours": customers, **{peer.name: customers for peer in peers}}
    if "Cornac" in asked:
        asked["Cornac"] = few
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in asked}
    our_turn(model, exam.first(WARM_UP))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.npz"
        data.save(path)
        for _ in range(turns):
            taken["ours"].append(our_turn(model, exam))
            for peer in [p for p in peers if p.name not in absent]:
                try:
                    taken[peer.name].append(peer.turn(path, asked[peer.name]))
                except PeerFails as problem:
                    absent[peer.name] = str(problem)
    values = {count: our_turn(model, exam.first(count))["values"] for count in set(asked.values())}
    table = {
        name: summed_up(of, asked[name], values[asked[name]])
        for name, of in taken.items()
        if name not in absent
    }
    for row in table.values():
        for pace, ratio in (("per_second", "ratio"), ("per_processor_second", "processor_ratio")):
            row[ratio] = round(table["ours"][pace] / row[pace], 2)
    return {
        "products": PRODUCTS,
        "factors": FACTORS,
        "ks": list(KS),
        "interactions": int(data.known.shape[1]),
        "turns": turns,
        "contenders": table,
        "absent": absent,
    }


def summed_up(taken: list[dict[str, Any]], customers: int, ours: dict[str, float]) -> dict[str, Any]:
    """Medians over turns, and how far the metrics are from ours on the same customers."""
    totals = [sum(turn["seconds"].values()) for turn in taken]
    used = [turn["processor_seconds"] for turn in taken]
    values = taken[0]["values"]
    apart = {name: abs(value - ours[name]) for name, value in values.items()}
    return {
        "version": taken[0]["version"],
        "customers": customers,
        "metrics": len(values),
        "per_second": round(customers / statistics.median(totals)),
        "per_processor_second": round(customers / statistics.median(used)),
        "seconds": [round(total, 3) for total in totals],
        "parts": {
            part: round(statistics.median(turn["seconds"][part] for turn in taken), 3)
            for part in taken[0]["seconds"]
        },
        "recall@10": values["recall@10"],
        "ndcg@10": values["ndcg@10"],
        "largest_difference_to_ours": max(apart.values()),
        "disagrees_on": sorted(name for name, gap in apart.items() if gap > SAME),
    }


def show(result: dict[str, Any]) -> None:
    """A table for people."""
    print(f"\n{result['products']:,} products ranked in full, {result['factors']} factors, at {result['ks']}")
    print("customers per second, and per second of processor on whichever core; × is ours over theirs\n")
    heads = ("customers", "metrics", "per s", "×", "per cpu s", "×", "recall@10", "ndcg@10")
    print(f"{'':12}" + "".join(f"{head:>10}" for head in heads))
    for name, row in result["contenders"].items():
        print(
            f"{name:12}{row['customers']:10,}{row['metrics']:10}{row['per_second']:10,}{row['ratio']:10.1f}"
            f"{row['per_processor_second']:10,}{row['processor_ratio']:10.1f}"
            f"{row['recall@10']:10.5f}{row['ndcg@10']:10.5f}"
        )
    for name, row in result["contenders"].items():
        agreement = (
            f"disagrees on {', '.join(row['disagrees_on'])}" if row["disagrees_on"] else "agrees with ours"
        )
        print(f"{name}: median seconds {row['parts']}; {agreement}, {row['largest_difference_to_ours']:.0e}")
    for name, reason in result["absent"].items():
        print(f"{name}: not measured: {reason}")


def main() -> int:
    """Run and print; 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4,000 customers instead of 20,000")
    parser.add_argument("--json", type=Path, help="where to write the results")
    chosen = parser.parse_args()
    result = run(4_000, 200) if chosen.quick else run(20_000, 1_000)
    show(result)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
