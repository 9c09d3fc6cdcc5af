"""The metrics against ranx, an independent library, on random runs with ties and empty customers.

ranx compiles itself with numba for minutes; small runs do as well in the plain interpreter. Its order of
equal scores is not defined, so it is handed the ranks that ours gave them.
"""

from __future__ import annotations

import numba
import numpy as np
import pytest

from recommender.evaluation.metrics import accuracy
from tests.recommender.evaluation.metrics.runs import CHOSE_NOTHING, random_runs

numba.config.DISABLE_JIT = True
ranx = pytest.importorskip("ranx")
KS = (5, 10, 20, 50)
NAMES = {
    "recall": "recall",
    "precision": "precision",
    "ndcg": "ndcg",
    "map": "map",
    "mrr": "mrr",
    "hit_rate": "hit_rate",
}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_metric_agrees_to_1e_9(seed: int) -> None:
    runs = random_runs(seed)
    asked = [q for q, row in enumerate(runs.wanted) if row.any()]
    qrels = ranx.Qrels({f"q{q}": {f"d{d}": 1 for d in np.flatnonzero(runs.wanted[q])} for q in asked})
    lists = {q: {f"d{d}": float(50 - at) for at, d in enumerate(runs.top[q]) if d >= 0} for q in asked}
    run = ranx.Run({f"q{q}": shown or {"nothing": 0.0} for q, shown in lists.items()})
    names = [f"{theirs}@{k}" for theirs in NAMES.values() for k in KS]
    theirs = ranx.evaluate(qrels, run, names, return_mean=False)
    ours = accuracy(runs.hits, runs.counts, KS)
    order = [int(q[1:]) for q in qrels.keys()]  # noqa: SIM118  (a Qrels is no mapping)
    for mine, its in NAMES.items():
        for k in KS:
            assert np.abs(ours[f"{mine}@{k}"][order] - theirs[f"{its}@{k}"]).max() < 1e-9, (mine, k)


def test_there_are_ties_and_empty_customers() -> None:
    runs = random_runs(0)
    assert (np.diff(np.sort(runs.scores[1])) == 0).sum() > 50
    assert (runs.top < 0).all(axis=1).sum() == 2
    assert (runs.counts == 0).sum() == len(CHOSE_NOTHING)
