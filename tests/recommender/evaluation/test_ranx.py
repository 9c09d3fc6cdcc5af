"""The metrics against ranx, an independent library, on random runs.

ranx compiles itself with numba for minutes; small runs do as well in the plain interpreter.
"""

from __future__ import annotations

import numba
import numpy as np
import pytest

from recommender.evaluation.metrics import accuracy

numba.config.DISABLE_JIT = True
ranx = pytest.importorskip("ranx")
KS = (5, 10, 20, 50)
NAMES = {"recall": "recall", "ndcg": "ndcg", "map": "map", "mrr": "mrr", "hit_rate": "hit_rate"}


def random_runs(seed: int, customers: int = 60, products: int = 120):  # type: ignore[no-untyped-def]
    """Ranked lists of 50 and what was wanted, as a mask; some customers want very much, some one thing."""
    rng = np.random.default_rng(seed)
    wanted = rng.random((customers, products)) < rng.choice([0.01, 0.1, 0.6], (customers, 1))
    wanted[np.arange(customers), rng.integers(products, size=customers)] = True
    ranked = np.stack([rng.permutation(products)[:50] for _ in range(customers)])
    return ranked, wanted


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_metric_agrees_to_1e_9(seed: int) -> None:
    ranked, wanted = random_runs(seed)
    qrels = ranx.Qrels({f"q{q}": {f"d{d}": 1 for d in np.flatnonzero(row)} for q, row in enumerate(wanted)})
    run = ranx.Run(
        {f"q{q}": {f"d{d}": float(50 - at) for at, d in enumerate(row)} for q, row in enumerate(ranked)}
    )
    names = [f"{theirs}@{k}" for theirs in NAMES.values() for k in KS]
    theirs = ranx.evaluate(qrels, run, names, return_mean=False)
    ours = accuracy(np.take_along_axis(wanted, ranked, axis=1), wanted.sum(axis=1), KS)
    order = [int(q[1:]) for q in qrels.keys()]  # noqa: SIM118  (a Qrels is no mapping)
    for name in names:
        assert np.abs(ours[name][order] - theirs[name]).max() < 1e-9, name
