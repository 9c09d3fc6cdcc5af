"""report.html, which opens without a network, report.json with its figures, and the values per customer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from index.durable import replace_text
from recommender.evaluation.percustomer import write_per_customer
from recommender.evaluation.report.document import render
from recommender.evaluation.result import Evaluation

if TYPE_CHECKING:
    from data.shop import Shop

PAGE, FIGURES = "report.html", "report.json"


def write_report(found: Evaluation, shop: Shop, folder: Path) -> Path:
    """Write customers.parquet, report.json, which names it with its sha256, and report.html into ``folder``
    (made if needed), in this order; returns the page's path.

    shop: for titles and photos of the examples; a photo that cannot be read is shown as missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = write_per_customer(found.behind.per_customer(), folder)
    told = {**found.as_json(), "per_customer": kept.as_json()}
    replace_text(folder / FIGURES, json.dumps(told, indent=2, allow_nan=False, ensure_ascii=False))
    replace_text(folder / PAGE, render(found, shop))
    return folder / PAGE
