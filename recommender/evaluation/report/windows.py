"""The page of several windows: all of them pooled, and the way to each window's own report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.durable import replace_text
from recommender.evaluation.pooled import METRICS, Pooled
from recommender.evaluation.report.against import tests_of
from recommender.evaluation.report.document import environment, stylesheet
from recommender.evaluation.report.glossary import glossary
from recommender.evaluation.report.grid import Grid, Row, of_metric, ranged
from recommender.evaluation.report.marks import OURS, mark_of
from recommender.evaluation.report.plots import family_forest
from recommender.evaluation.report.svg import swatch
from recommender.evaluation.report.table import CHANCE
from recommender.evaluation.report.writing import FIGURES, PAGE
from recommender.evaluation.result import Evaluation


@dataclass(frozen=True, slots=True)
class Window:
    """One window in the list: where its report lies, from this page, and what it says of itself."""

    href: str
    begins: str
    customers: int
    words: str


def write_windows(found: Sequence[Evaluation], pooled: Pooled, folder: Path) -> Path:
    """Write report.json and report.html of all windows into ``folder``, in which ``window-N`` hold the single
    ones' reports; returns the page's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "split": "rolling",
        "seed": found[0].seed,
        "simulated": pooled.simulated,
        "pooled": pooled.as_json(),
        "windows": [
            {"report": f"window-{number}/{FIGURES}", "customers": one.customers, "fold": dict(one.fold)}
            for number, one in enumerate(found, 1)
        ],
    }
    replace_text(folder / FIGURES, json.dumps(told, indent=2, allow_nan=False, ensure_ascii=False))
    replace_text(folder / PAGE, render_windows(found, pooled))
    return folder / PAGE


def render_windows(found: Sequence[Evaluation], pooled: Pooled) -> str:
    """The page of the pooled windows."""
    from markupsafe import Markup

    words = pooled.in_words()
    windows = [
        Window(
            f"window-{number}/{PAGE}",
            str(one.described.get("test_from", "")),
            one.customers,
            one.headline or f"headline withheld: {one.withheld}",
        )
        for number, one in enumerate(found, 1)
    ]
    return (
        environment()
        .get_template("windows.html")
        .render(
            found=pooled,
            css=stylesheet(),
            words=words,
            windows=windows,
            main=_main(pooled),
            families=[
                (Markup(family_forest(one)), tests_of(one))  # nosec B704 # svg.py escapes every word
                for one in pooled.families
                if one.tests
            ],
            marks={
                one.model: Markup(swatch(mark_of(one.model)))  # nosec B704 # drawn by us
                for one in pooled.models
            },
            ours=OURS,
            glossary=glossary(),
            seed=found[0].seed,
        )
    )


def _main(pooled: Pooled) -> Grid:
    names = [name for name in METRICS if all(name in model.metrics for model in pooled.models)]
    best = {
        name: max(
            (model.metrics[name] for model in pooled.models if model.model != CHANCE), default=float("nan")
        )
        for name in names
    }
    rows = tuple(
        Row(
            one.model,
            tuple(
                ranged(
                    one.metrics[name],
                    one.intervals.get(name),
                    one.model != CHANCE and one.metrics[name] == best[name],
                )
                for name in names
            ),
        )
        for one in pooled.models
    )
    return Grid("All models, all windows pooled", tuple(of_metric(name) for name in names), rows)
