"""Which charts a report has, from an evaluation to SVG."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recommender.evaluation.metrics import KS
from recommender.evaluation.result import Comparison, Evaluation, ModelResult
from recommender.evaluation.slices import HISTORY
from recommender.evaluation.svg import Line, Point, dot_chart, forest, stacked
from recommender.items import Ints

COLOURS: Mapping[str, str] = {
    "random": "#9ca3af",
    "popularity": "#0072b2",
    "item-knn": "#009e73",
    "looks": "#cc79a7",
    "vitrine": "#d55e00",
}
BANDS = (("never chosen", 0, 0), ("1–4", 1, 4), ("5–19", 5, 19), ("20 and more", 20, 2**62))
SHADES = ("#f4a261", "#9db4c0", "#5c6b8a", "#2b2d54")
METRIC_NAMES = {"recall": "Recall", "ndcg": "NDCG", "map": "MAP", "mrr": "MRR", "hit_rate": "Hit rate"}
SLICE_NAMES = {
    "cold_items": "cold products",
    "warm_items": "warm products",
    "cold_customers": "cold customers",
    "warm_customers": "warm customers",
    "history_0": "history 0",
    "history_1_2": "history 1–2",
    "history_3_9": "history 3–9",
    "history_10_plus": "history 10+",
}


def by_k(found: Evaluation, metric: str) -> str:
    """A metric at every k, a line per model, with intervals."""
    lines = [Line(m.model, COLOURS[m.model], [_point(m, f"{metric}@{k}") for k in KS]) for m in found.models]
    return dot_chart(
        f"{METRIC_NAMES[metric]} by length of the list", [f"@{k}" for k in KS], lines, joined=True
    )


def by_history(found: Evaluation, metric: str = "ndcg@10") -> str:
    """A metric by how many products a customer had liked before."""
    sizes = found.models[0].slices
    kept = [name for name in HISTORY if sizes[name].customers]
    places = [f"{SLICE_NAMES[name].removeprefix('history ')} ({sizes[name].customers})" for name in kept]
    lines = []
    for model in found.models:
        points = []
        for name in kept:
            part = model.slices[name]
            low, high = part.intervals[metric]
            points.append(Point(part.metrics[metric], low, high))
        lines.append(Line(model.model, COLOURS[model.model], points))
    return dot_chart("NDCG@10 by products liked before (customers)", places, lines, joined=False)


def differences(compared: Comparison) -> str:
    """Paired differences at 10, for all customers and for the slices."""
    rows = [(f"{METRIC_NAMES[metric]}@10", compared.differences[f"{metric}@10"]) for metric in METRIC_NAMES]
    rows += [
        (f"NDCG@10, {SLICE_NAMES[name]}", part["ndcg@10"])
        for name, part in compared.slices.items()
        if not name.startswith("history")
    ]
    points = [(name, Point(d.mean, *d.interval)) for name, d in rows]
    label = f"{compared.model} minus {compared.baseline}, paired over customers, 95 %"
    return forest(label, points, (f"{compared.baseline} better", f"{compared.model} better"))


def popularity_of_lists(found: Evaluation, k: int = 10) -> str:
    """How popular what is recommended was before, beside how popular what customers really chose was."""
    fold = found.behind.fold
    counts = fold.fit.item_counts()
    rows = [("really chosen", _shares(counts[fold.test.wanted.indices]))]
    for name, ranking in found.behind.rankings.items():
        shown = ranking.top[:, :k]
        rows.append((name, _shares(counts[shown[shown >= 0]])))
    bands = [(name, shade) for (name, _, _), shade in zip(BANDS, SHADES, strict=True)]
    return stacked(f"Customers who had chosen a product before it was shown (top {k})", rows, bands)


def _shares(counts: Ints) -> list[float]:
    total = max(len(counts), 1)
    return [float(np.sum((counts >= low) & (counts <= high))) / total for _, low, high in BANDS]


def _point(model: ModelResult, metric: str) -> Point:
    low, high = model.intervals[metric]
    return Point(model.metrics[metric], low, high)
