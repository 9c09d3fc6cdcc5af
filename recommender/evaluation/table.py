"""Tables of an evaluation as cells of text."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recommender.evaluation.plots import SLICE_NAMES
from recommender.evaluation.result import Evaluation

COLUMNS = ("recall", "ndcg", "map", "mrr", "hit_rate", "coverage", "novelty", "ild", "gini")
HIGHER_IS_BETTER = ("recall", "ndcg", "map", "mrr", "hit_rate")
CHANCE = "random"  # its luck is never the best of a column
SHOWN_SLICES = ("cold_items", "warm_items", "cold_customers", "warm_customers")


@dataclass(frozen=True, slots=True)
class Cell:
    """value and interval as text ("" where there is none); best: the highest of its column, by accuracy."""

    value: str
    interval: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One model."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A slice and how many customers are in it."""

    name: str
    customers: int


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name, rows by model; k: length of the lists."""

    k: int
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class SliceTable:
    """One metric by slice."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def main(found: Evaluation, k: int) -> Table:
    """All models over all customers at one list length."""
    names = [f"{name}@{k}" for name in COLUMNS]
    rivals = [model for model in found.models if model.model != CHANCE]
    tops = {name: max((_usable(m.metrics[name]) for m in rivals), default=0.0) for name in names}
    rows = [
        Row(
            model.model,
            tuple(
                _cell(
                    model.metrics[name],
                    model.intervals.get(name),
                    model in rivals
                    and name.split("@")[0] in HIGHER_IS_BETTER
                    and model.metrics[name] == tops[name] > 0,
                )
                for name in names
            ),
        )
        for model in found.models
    ]
    return Table(k, tuple(names), tuple(rows))


def slices(found: Evaluation, metric: str) -> SliceTable:
    """One metric for cold and warm products and customers."""
    if not found.models:
        return SliceTable((), ())
    first = found.models[0].slices
    columns = tuple(Column(SLICE_NAMES[name], first[name].customers) for name in SHOWN_SLICES)
    tops = {
        name: max(
            (m.slices[name].metrics.get(metric, 0.0) for m in found.models if m.model != CHANCE), default=0.0
        )
        for name in SHOWN_SLICES
    }
    rows = []
    for model in found.models:
        cells = []
        for name in SHOWN_SLICES:
            part = model.slices[name]
            value = part.metrics.get(metric, math.nan)
            cells.append(
                _cell(value, part.intervals.get(metric), model.model != CHANCE and value == tops[name] > 0)
            )
        rows.append(Row(model.model, tuple(cells)))
    return SliceTable(columns, tuple(rows))


def _cell(value: float, interval: tuple[float, float] | None, best: bool) -> Cell:
    if not math.isfinite(value):
        return Cell("–")
    shown = f"{value:.2f}" if value >= 1.995 else f"{value:.4f}"
    if interval is None or not math.isfinite(interval[0]):
        return Cell(shown, "", best)
    digits = 2 if value >= 1.995 else 4
    return Cell(shown, f"{interval[0]:.{digits}f} – {interval[1]:.{digits}f}", best)


def _usable(value: float) -> float:
    return value if math.isfinite(value) else 0.0
