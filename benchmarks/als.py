"""Training ALS through this project beside calling the library underneath: what the way through costs.

``python -m benchmarks.als [--quick] [--no-record]``

Both get the same drawn interactions and settings. Ours starts from a shop's events: it adds up what every
customer likes, fits, and keeps the factors. ``implicit`` gets the finished matrix in its own form,
so that it is timed on nothing but the training. They take turns; their factors must be the same.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from benchmarks.evaluation import CUSTOMERS, PRODUCTS, TURNS, Drawn, drawn
from benchmarks.framework import Report, Row, Size, Table, main, turns
from recommender.dataset import Dataset, Events
from recommender.items import Floats, Items
from recommender.models.als import Als

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


def timed(way: Callable[[], Floats]) -> float:
    """Seconds."""
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


def run(size: Size) -> Report:
    """Seconds of either, after one turn each that does not count."""
    customers = CUSTOMERS[size]
    data = drawn(customers)
    dataset = dataset_of(data)
    confidence = np.full(data.known.shape[1], 1 + RECIPE.alpha, np.float32)
    shape = (customers, PRODUCTS)
    matrix = sparse.csr_matrix(sparse.coo_matrix((confidence, tuple(data.known)), shape=shape))
    ours, theirs = "ours", f"implicit {version('implicit')}, called directly"
    ways: dict[str, Callable[[], Floats]] = {
        ours: lambda: RECIPE.fit(dataset).factors,
        theirs: lambda: directly(matrix),
    }
    factors = {name: way() for name, way in ways.items()}
    gap = float(np.abs(factors[ours] - factors[theirs]).max())
    taken = turns({name: lambda w=way: timed(w) for name, way in ways.items()}, TURNS[size])  # type: ignore[misc]
    rows = [
        Row(ours, "ours", taken[ours], {"furthest factor": f"{gap:.0e}"}),
        Row(theirs, "peer", taken[theirs]),
    ]
    notes = (
        f"{data.known.shape[1]:,} likes of {customers:,} customers, {PRODUCTS:,} products, {RECIPE.factors} "
        f"factors, {RECIPE.iterations} iterations",
        "ours starts from a shop's events, the library from the finished matrix; it is the library that "
        "trains in both, so 1 is the best there can be",
    )
    return Report([Table("Training ALS, all cores", "s", "less", rows, notes=notes)])


if __name__ == "__main__":
    sys.exit(main(__doc__, "als", run))
