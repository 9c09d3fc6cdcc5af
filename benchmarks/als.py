"""Training ALS through this project beside calling the library underneath: what the way through costs.

``python -m benchmarks.als [--quick] [--json FILE]``

Both get the same drawn interactions and settings. Ours starts from a shop's events: it adds up what every
customer likes, fits, and keeps the factors. ``implicit`` gets the finished matrix in its own form,
so that it is timed on nothing but the training. They take turns; their factors must be the same.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from benchmarks.evaluation import PRODUCTS, Drawn, drawn
from recommender.dataset import Dataset, Events
from recommender.items import Floats, Items
from recommender.models.als import Als

TURNS = 5
RECIPE = Als()


def dataset_of(data: Drawn) -> Dataset:
    """One like of weight 1 for every known pair, a second apart."""
    rows, products = data.known
    times = np.random.default_rng(1).permutation(len(rows)).astype(np.float64)
    return Dataset(
        items=Items.build([f"p{i}" for i in range(len(data.items))]),
        customers=tuple(f"c{i}" for i in range(len(data.customers))),
        events=Events.build(rows, products, np.ones(len(rows)), times),
        asof=float(len(rows)),
    )


def directly(matrix: sparse.csr_matrix) -> Floats:
    """As implicit's documentation trains, BLAS with one thread and its own threads on all cores."""
    from implicit.cpu.als import AlternatingLeastSquares

    with threadpool_limits(1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=RECIPE.factors,
            regularization=RECIPE.regularisation,
            iterations=RECIPE.iterations,
            random_state=RECIPE.seed,
        )
        model.fit(matrix, show_progress=False)
    factors: Floats = model.item_factors
    return factors


def run(customers: int, turns: int = TURNS) -> dict[str, Any]:
    """Seconds of either, turn by turn, after one turn each that does not count."""
    data = drawn(customers)
    dataset = dataset_of(data)
    confidence = np.full(data.known.shape[1], 1 + RECIPE.alpha, np.float32)
    shape = (customers, PRODUCTS)
    matrix = sparse.csr_matrix(sparse.coo_matrix((confidence, tuple(data.known)), shape=shape))
    seconds: dict[str, list[float]] = {"ours": [], "implicit": []}
    used: dict[str, list[float]] = {"ours": [], "implicit": []}
    ways = {"ours": lambda: RECIPE.fit(dataset).factors, "implicit": lambda: directly(matrix)}
    factors = {name: way() for name, way in ways.items()}
    for _ in range(turns):
        for name, way in ways.items():
            processor, began = time.process_time(), time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - began)
            used[name].append(time.process_time() - processor)
    middle = {name: statistics.median(taken) for name, taken in seconds.items()}
    each = [ours / theirs for ours, theirs in zip(*seconds.values(), strict=True)]
    return {
        "customers": customers,
        "products": PRODUCTS,
        "interactions": int(data.known.shape[1]),
        "factors": RECIPE.factors,
        "iterations": RECIPE.iterations,
        "implicit": version("implicit"),
        "seconds": {name: [round(second, 3) for second in taken] for name, taken in seconds.items()},
        "ratio_of_medians": round(middle["ours"] / middle["implicit"], 3),
        "median_of_ratios": round(statistics.median(each), 3),
        "processor_ratio": round(statistics.median(used["ours"]) / statistics.median(used["implicit"]), 3),
        "largest_difference": float(np.abs(factors["ours"] - factors["implicit"]).max()),
    }


def show(result: dict[str, Any]) -> None:
    """A few lines for people."""
    print(f"\n{result['interactions']:,} likes of {result['customers']:,} customers", end=", ")
    print(f"{result['products']:,} products, {result['factors']} factors, {result['iterations']} iterations")
    for name, seconds in result["seconds"].items():
        print(f"{name:10} seconds {seconds}")
    print(f"ours / implicit {result['implicit']}: {result['median_of_ratios']} (median of turns)", end=", ")
    print(f"{result['ratio_of_medians']} (of medians), {result['processor_ratio']} (processor time)")
    print(f"largest difference of a factor: {result['largest_difference']:.0e}")


def main() -> int:
    """Run and print; 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4,000 customers instead of 20,000")
    parser.add_argument("--json", type=Path, help="where to write the results")
    chosen = parser.parse_args()
    result = run(4_000 if chosen.quick else 20_000)
    show(result)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
