"""report.html, which opens without a network, and report.json with the same figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recommender.evaluation import plots, table
from recommender.evaluation.examples import examples
from recommender.evaluation.metrics import KS
from recommender.evaluation.result import Evaluation
from recommender.settings import SOURCES

if TYPE_CHECKING:
    from data.shop import Shop

K = 10
PAGE = "recommender.evaluation"
FORMULAS = (
    ("Recall@k", "Σ h_i / n over the first k ranks"),
    ("NDCG@k", "Σ h_i / log2(i + 1), divided by the same sum for min(k, n) hits at the top"),
    ("MAP@k", "Σ h_i × (hits up to i) / i, divided by n"),
    ("MRR@k", "1 / rank of the first hit, 0 without one"),
    ("Hit rate@k", "1 if any of the first k ranks is a hit"),
    ("Coverage@k", "share of the catalogue that is in at least one list"),
    ("Novelty@k", "mean of -log2((customers who chose it before + 1) / (all customers + 1)), in bits"),
    ("ILD@k", "mean of 1 - cosine over all pairs of a list, by the photos' vectors"),
    ("Gini@k", "inequality of how often products are shown; 0 all alike, 1 one product only"),
    ("Interval", "2.5 % and 97.5 % quantiles of 2,000 bootstrap resamples of customers"),
)
REASONS: Mapping[str, str] = {
    "not_held_out": "customers who were not held out: the models may learn from them",
    "no_event_in_window": "customers without any interaction in the test",
    "nothing_liked_in_window": "customers who chose nothing in the test (only weak or negative interactions)",
    "only_products_seen_before": "customers who only came back to products they had met before",
    "only_products_not_yet_in_the_catalogue": "customers whose products were not in the catalogue when asked",
    "seen_before": "chosen products that the customer had met before (a recommendation would leave them out)",
    "not_yet_in_the_catalogue": "chosen products that arrived only after the question",
    "product_deleted": "interactions with products that are no longer in the shop",
    "event_without_weight": "interactions whose event weighs nothing",
}


def write_report(found: Evaluation, shop: Shop, folder: Path) -> Path:
    """Write report.html and report.json into ``folder`` (made if needed); returns the page's path.

    shop: for titles and photos of the examples; a photo that cannot be read is shown as missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = json.dumps(found.as_json(), indent=2, allow_nan=False)
    (folder / "report.json").write_text(figures, encoding="utf-8")
    page = folder / "report.html"
    page.write_text(render(found, shop), encoding="utf-8")
    return page


def render(found: Evaluation, shop: Shop) -> str:
    """The page as text."""
    from jinja2 import Environment
    from markupsafe import Markup

    home = files(PAGE) / "page"
    asked = bool(found.customers and found.models)
    model = "vitrine" if "vitrine" in found.behind.rankings else found.models[-1].model
    template = Environment(autoescape=True).from_string((home / "report.html").read_text(encoding="utf-8"))
    charts = {name: _marked(chart, Markup) for name, chart in _charts(found).items()} if asked else None
    return template.render(
        found=found,
        css=Markup((home / "report.css").read_text(encoding="utf-8")),
        k=K,
        facts=_facts(found),
        colours=plots.COLOURS,
        table=table.main(found, K),
        other_tables=[table.main(found, k) for k in KS if k != K],
        slices=table.slices(found, f"ndcg@{K}"),
        charts=charts,
        people=examples(found, shop, model) if asked else [],
        people_model=model,
        described=[(name.replace("_", " "), _words(value)) for name, value in found.described.items()],
        left_out=_left_out(found),
        leakage=[(name, f"{count:,}") for name, count in found.leakage.items()],
        tuning_note=found.tuned.note,
        weights=_weights(found),
        formulas=FORMULAS,
    )


def _marked(chart: Any, mark: Any) -> Any:
    """SVG of ours is not to be escaped; it has escaped every word from outside itself."""
    return [mark(part) for part in chart] if isinstance(chart, list) else mark(chart)


def _charts(found: Evaluation) -> dict[str, Any]:
    return {
        "by_k": [plots.by_k(found, metric) for metric in ("ndcg", "recall", "map", "hit_rate")],
        "differences": plots.differences(found.comparison) if found.comparison else "",
        "by_history": plots.by_history(found),
        "popularity": plots.popularity_of_lists(found),
    }


def _facts(found: Evaluation) -> list[tuple[str, str]]:
    test, fit = found.behind.fold.test, found.behind.fold.fit
    cold = int((fit.item_counts() == 0).sum())
    return [
        ("interactions in all", f"{found.interactions:,}"),
        ("products ranked", f"{found.products:,}"),
        ("cold products among them", f"{cold:,}"),
        ("customers asked", f"{found.customers:,}"),
        ("cold customers among them", f"{int(np.sum(test.histories.liked() == 0)):,}"),
        ("products they chose", f"{test.wanted.nnz:,}"),
    ]


def _left_out(found: Evaluation) -> list[tuple[str, str]]:
    parts: Sequence[Mapping[str, int]] = (found.excluded, found.dropped, found.unusable)
    rows = [(REASONS.get(reason, reason), f"{count:,}") for part in parts for reason, count in part.items()]
    return rows or [("nothing", "0")]


def _weights(found: Evaluation) -> list[dict[str, str]]:
    weights, quality = found.tuned.settings.weights, found.tuned.validation
    rows = [
        {
            "name": name,
            "quality": f"{quality[name]:.4f}" if name in quality else "",
            "warm": f"{weights.warm.get(name, 0.0):.2f}",
            "cold": f"{weights.cold.get(name, 0.0):.2f}",
        }
        for name in SOURCES
    ]
    if "vitrine" in quality:
        rows.append({"name": "all together", "quality": f"{quality['vitrine']:.4f}", "warm": "", "cold": ""})
    return rows


def _words(value: object) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
