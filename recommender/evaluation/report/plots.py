"""Which drawings a report has, from an evaluation to SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from recommender.evaluation.metrics import KS
from recommender.evaluation.report.charts import Band, Line, Spot, dot_chart, forest, scatter, stacked
from recommender.evaluation.report.glossary import metric_term, slice_name
from recommender.evaluation.report.marks import OURS, mark_of
from recommender.evaluation.report.svg import Point
from recommender.evaluation.report.table import CHANCE
from recommender.evaluation.result import Comparison, Evaluation, ModelResult
from recommender.evaluation.significance import Family
from recommender.items import Ints

UNEVEN = 10.0  # times as high at one place as at another: then the drawing is by square roots
MOST = 7  # lines that can be told apart in one drawing
RANKED_BY = "ndcg@10"
BY_K = ("ndcg", "recall", "map", "hit_rate")
BANDS = (
    (Band("never chosen", "#f4a261", "#2b2d54"), 0, 0),
    (Band("1–4", "#a9bcc7", "#2b2d54"), 1, 4),
    (Band("5–19", "#6379a3", "#ffffff"), 5, 19),
    (Band("20 and more", "#453f94", "#ffffff"), 20, 2**62),
)


def leading(found: Evaluation, most: int = MOST) -> tuple[ModelResult, ...]:
    """The models that drawings with a line each show, in the order of the table: the shop's own, chance, and
    the best others by ``RANKED_BY``.
    """
    if len(found.models) <= most:
        return found.models
    ranked = sorted(
        found.models, key=lambda m: (m.model not in (OURS, CHANCE), -_or_less(m.metrics.get(RANKED_BY)))
    )
    kept = {model.model for model in ranked[:most]}
    return tuple(model for model in found.models if model.model in kept)


def by_k(found: Evaluation, metric: str) -> str:
    """A metric at every k, a line per model, with intervals."""
    lines = [
        Line(m.model, mark_of(m.model), [_point(m, f"{metric}@{k}") for k in KS]) for m in leading(found)
    ]
    return dot_chart(
        f"{metric_term(metric).name} by length of the list", [f"@{k}" for k in KS], lines, joined=True
    )


def by_slice(found: Evaluation, names: Sequence[str], what: str, metric: str = RANKED_BY) -> str:
    """A metric over slices that follow one another; "" where nobody is in them."""
    sizes = found.models[0].slices
    kept = [name for name in names if name in sizes and sizes[name].customers]
    if not kept:
        return ""
    places = [f"{slice_name(name)} ({sizes[name].customers:,})" for name in kept]
    lines = [
        Line(m.model, mark_of(m.model), [_slice_point(m, name, metric) for name in kept])
        for m in leading(found)
    ]
    tops = [
        max((p.value for one in lines if (p := one.points[at]) is not None), default=0.0)
        for at in range(len(kept))
    ]
    uneven = max(tops) > UNEVEN * min((top for top in tops if top > 0), default=math.inf)
    return dot_chart(f"{metric_term(metric).name} by {what} (customers)", places, lines, True, uneven)


def family_forest(family: Family) -> str:
    """Every model of a family against its baseline, the best first; "" for a family without tests."""
    if not family.tests:
        return ""
    baseline = family.tests[0].baseline
    tests = sorted(family.tests, key=lambda test: -_or_less(test.difference))
    rows = [(test.model, Point(test.difference, *test.interval)) for test in tests]
    label = f"{metric_term(family.metric).name}, paired difference to {baseline}, 95 %"
    return forest(label, rows, (f"{baseline} better", "model better"))


def comparison_forest(compared: Comparison) -> str:
    """One model against the best baseline: by metric, and by cold and warm."""
    metrics = ("recall@10", "ndcg@10", "map@10", "mrr@10", "hit_rate@10")
    rows = [
        (metric_term(metric).name, compared.differences[metric])
        for metric in metrics
        if metric in compared.differences
    ]
    rows += [
        (f"NDCG@10, {slice_name(name)}", part["ndcg@10"])
        for name, part in compared.slices.items()
        if not name.startswith("history") and "ndcg@10" in part
    ]
    points = [(name, Point(d.mean, *d.interval)) for name, d in rows]
    label = f"{compared.model} minus {compared.baseline}, paired over customers, 95 %"
    return forest(label, points, (f"{compared.baseline} better", f"{compared.model} better"))


def accuracy_and_coverage(found: Evaluation, k: int = 10) -> str:
    """How good against how wide: two aims that pull apart."""
    metric, wide = f"ndcg@{k}", f"coverage@{k}"
    spots = [
        Spot(model.model, mark_of(model.model), model.metrics[wide], point)
        for model in found.models
        if (point := _point(model, metric)) is not None and math.isfinite(model.metrics.get(wide, math.nan))
    ]
    names = (metric_term(wide).name, metric_term(metric).name)
    return scatter(f"{names[1]} against {names[0].lower()}", names, spots)


def popularity_of_lists(found: Evaluation, k: int = 10) -> str:
    """How popular what is recommended was before, beside how popular what customers really chose was."""
    fold = found.behind.fold
    counts = fold.fit.item_counts()
    rows = [("really chosen", _shares(counts[fold.test.wanted.indices]))]
    for name, ranking in found.behind.rankings.items():
        shown = ranking.top[:, :k]
        rows.append((name, _shares(counts[shown[shown >= 0]])))
    bands = [band for band, _, _ in BANDS]
    return stacked(f"Customers who had chosen a product before it was shown (top {k})", rows, bands)


def _shares(counts: Ints) -> list[float]:
    total = max(len(counts), 1)
    return [float(np.sum((counts >= low) & (counts <= high))) / total for _, low, high in BANDS]


def _point(model: ModelResult, metric: str) -> Point | None:
    value = model.metrics.get(metric, math.nan)
    return Point(value, *model.intervals.get(metric, (math.nan, math.nan))) if math.isfinite(value) else None


def _slice_point(model: ModelResult, name: str, metric: str) -> Point | None:
    part = model.slices[name]
    value = part.metrics.get(metric, math.nan)
    return Point(value, *part.intervals.get(metric, (math.nan, math.nan))) if math.isfinite(value) else None


def _or_less(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else -math.inf
