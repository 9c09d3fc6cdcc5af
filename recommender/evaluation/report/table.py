"""The tables of metrics: models over all customers, and over parts of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from recommender.evaluation.metrics import FORMULAS
from recommender.evaluation.report.glossary import slice_name
from recommender.evaluation.report.grid import NOTHING, Cell, Grid, Head, Row, of_metric, ranged
from recommender.evaluation.result import Evaluation, ModelResult

FIRST = ("ndcg", "recall", "map", "mrr", "hit_rate", "auc", "coverage", "popularity_lift")
WITHOUT_K = ("auc",)
HIGHER_IS_BETTER = ("recall", "recall_min", "precision", "ndcg", "map", "map_min", "mrr", "hit_rate", "auc")
CHANCE = "random"  # its luck is never the best of a column
COLD_AND_WARM = ("cold_items", "warm_items", "cold_customers", "warm_customers")


def main(found: Evaluation, k: int) -> Grid:
    """All models over all customers at one list length: what a reader looks for first."""
    return _over_all(found, f"All models, lists of {k}", _metrics(FIRST, k))


def further(found: Evaluation, k: int) -> Grid:
    """Every other metric at the same length."""
    rest = [name for name in FORMULAS if name not in FIRST]
    return _over_all(found, f"All models, further metrics, lists of {k}", _metrics(rest, k))


def whole(found: Evaluation, k: int) -> Grid:
    """Every metric at one list length."""
    names = [*(name for name in FIRST if name not in WITHOUT_K), *(n for n in FORMULAS if n not in FIRST)]
    return _over_all(found, f"All models, every metric, lists of {k}", _metrics(names, k))


def cold_and_warm(found: Evaluation, metric: str) -> Grid:
    """One metric for cold and warm products and customers, a row per model."""
    sizes = found.models[0].slices if found.models else {}
    names = [name for name in COLD_AND_WARM if name in sizes]
    heads = [
        Head(slice_name(name), of_metric(metric).about, note=f"{sizes[name].customers:,} customers")
        for name in names
    ]
    tops = {name: _top([_sliced(model, name, metric) for model in _rivals(found)]) for name in names}
    rows = [
        Row(model.model, tuple(_slice_cell(model, name, metric, tops[name]) for name in names))
        for model in found.models
    ]
    return Grid(f"{of_metric(metric).name} for cold and warm", tuple(heads), tuple(rows))


def by_slice(found: Evaluation, names: Sequence[str], metric: str, corner: str) -> Grid:
    """One metric over many slices, a row per slice and a column per model; slices without anybody are left
    out. corner: what the slices are.
    """
    sizes = found.models[0].slices if found.models else {}
    rows = []
    for name in (n for n in names if n in sizes and sizes[n].customers):
        top = _top([_sliced(model, name, metric) for model in _rivals(found)])
        cells = tuple(_slice_cell(model, name, metric, top) for model in found.models)
        note = f"{sizes[name].customers:,} customers, {sizes[name].wanted:,} choices"
        rows.append(Row(slice_name(name), cells, note))
    heads = tuple(Head(model.model) for model in found.models)
    return Grid(f"{of_metric(metric).name} by {corner}", heads, tuple(rows), corner)


def slices_of(found: Evaluation, prefix: str) -> list[str]:
    """The names of an evaluation's slices with a prefix, in their order."""
    return [name for name in (found.models[0].slices if found.models else ()) if name.startswith(prefix)]


def _metrics(names: Sequence[str], k: int) -> list[str]:
    return [name if name in WITHOUT_K else f"{name}@{k}" for name in names]


def _over_all(found: Evaluation, label: str, metrics: Sequence[str]) -> Grid:
    """Metrics that no model has are left out."""
    there = [name for name in metrics if any(name in model.metrics for model in found.models)]
    tops = {name: _top([_value(model, name) for model in _rivals(found)]) for name in there}
    rows = [
        Row(model.model, tuple(_cell(model, name, tops[name]) for name in there)) for model in found.models
    ]
    return Grid(label, tuple(of_metric(name) for name in there), tuple(rows))


def _cell(model: ModelResult, metric: str, top: float) -> Cell:
    value, judged = _value(model, metric), metric.split("@")[0] in HIGHER_IS_BETTER
    best = judged and model.model != CHANCE and value == top > 0
    return ranged(value, model.intervals.get(metric), best)


def _slice_cell(model: ModelResult, name: str, metric: str, top: float) -> Cell:
    value = _sliced(model, name, metric)
    if not math.isfinite(value):
        return Cell(NOTHING)
    interval = model.slices[name].intervals.get(metric)
    return ranged(value, interval, model.model != CHANCE and value == top > 0)


def _rivals(found: Evaluation) -> list[ModelResult]:
    return [model for model in found.models if model.model != CHANCE]


def _value(model: ModelResult, metric: str) -> float:
    return model.metrics.get(metric, math.nan)


def _sliced(model: ModelResult, name: str, metric: str) -> float:
    part = model.slices.get(name)
    return math.nan if part is None else part.metrics.get(metric, math.nan)


def _top(values: Sequence[float]) -> float:
    return max((value for value in values if math.isfinite(value)), default=0.0)
