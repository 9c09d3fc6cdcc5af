"""The metrics against ir-measures, which hands them to trec_eval and to the evaluator of MS MARCO.

Both order equal scores by the name of the document, trec_eval downwards, MS MARCO's upwards; names are given
so that this is our order. Customers who chose nothing have no metric with us and 0 there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recommender.evaluation.metrics import accuracy
from tests.recommender.evaluation.metrics.runs import Runs, random_runs

ir_measures = pytest.importorskip("ir_measures")
KS = (5, 10, 20, 50)
SEEDS = (0, 1, 2)


def falling(column: int) -> str:
    return f"d{9999 - column:04d}"


def rising(column: int) -> str:
    return f"d{column:04d}"


def theirs(provider: str, measures: list[Any], runs: Runs, name: Callable[[int], str]) -> dict[str, Any]:
    """Measure → one value per customer, NaN where the provider gave none."""
    asks = ir_measures.providers.registry[provider]
    if not asks.is_available() or not all(asks.supports(measure) for measure in measures):
        pytest.skip(f"ir-measures cannot use {provider} here")
    qrels = {f"q{q}": {name(d): 1 for d in np.flatnonzero(row)} for q, row in enumerate(runs.wanted)}
    run = {
        f"q{q}": {name(d): float(row[d]) for d in np.flatnonzero(np.isfinite(row))}
        for q, row in enumerate(runs.scores)
    }
    found = {str(measure): np.full(len(runs.wanted), np.nan) for measure in measures}
    for result in asks.iter_calc(measures, qrels, run):
        found[str(result.measure)][int(result.query_id[1:])] = result.value
    return found


def agree(ours: Any, its: Any, name: str) -> None:
    there = np.isfinite(ours)
    assert there.sum() == 57, name
    # A provider that says nothing of a customer who was shown nothing means 0.
    assert np.abs(ours[there] - np.nan_to_num(its[there])).max() < 1e-6, name


@pytest.mark.parametrize("seed", SEEDS)
def test_trec_eval_agrees_to_1e_6(seed: int) -> None:
    runs = random_runs(seed)
    m = ir_measures
    pairs = [
        (f"{ours}@{k}", measure @ k)
        for ours, measure in (
            ("recall", m.R),
            ("ndcg", m.nDCG),
            ("map", m.AP),
            ("precision", m.P),
            ("hit_rate", m.Success),
        )
        for k in KS
    ]
    found = theirs("pytrec_eval", [measure for _, measure in pairs], runs, falling)
    ours = accuracy(runs.hits, runs.counts, KS)
    for name, measure in pairs:
        agree(ours[name], found[str(measure)], name)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reciprocal_rank_agrees_to_1e_6(seed: int) -> None:
    runs = random_runs(seed)
    found = theirs("msmarco", [ir_measures.RR @ k for k in KS], runs, rising)
    ours = accuracy(runs.hits, runs.counts, KS)
    for k in KS:
        agree(ours[f"mrr@{k}"], found[f"RR@{k}"], f"mrr@{k}")
