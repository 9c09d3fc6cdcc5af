"""evaluate.json, evaluate.html and map.html: pages that open without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from data.shop import Shop
from embedder.finetuning.settings import PRODUCT
from service.evaluating import catalogue_map, charts
from service.evaluating.material import Material
from service.evaluating.pictures import data_uri, tiles
from service.evaluating.result import MEASURES, ClassResult, LabelResult
from service.evaluating.worst import Seen, WrongClass, WrongQuery, worst_classes, worst_queries
from service.progress import Step, Tell

if TYPE_CHECKING:
    from embedder.measures import Interval
    from service.evaluating.measuring import Measured
    from service.evaluating.run import Evaluated

PAGE = "service.evaluating"
LOOK = "recommender.evaluation.report"
SIDE = 104
CLASSES_SHOWN = 200
NAMES = {
    "recall@1": "recall@1",
    "recall@5": "recall@5",
    "recall@10": "recall@10",
    "map@r": "mAP@R",
    "r_precision": "R-precision",
    "mrr": "MRR",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A photo on the sheet of errors; picture: "" where its file is gone."""

    picture: str
    name: str
    title: str
    label: str
    cosine: float | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The errors of one label as they are shown."""

    classes: tuple[tuple[ClassResult, WrongClass], ...]
    queries: tuple[WrongQuery, ...]


def write_report(shop: Shop, found: Evaluated, folder: Path, tell: Tell) -> Path:
    """Write the three files into ``folder`` (made if needed); returns evaluate.html."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = json.dumps(found.evaluation.as_json(), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "evaluate.json").write_text(figures + "\n", encoding="utf-8")
    tell(Step("reporting", 0, note="evaluate.html"))
    page = folder / "evaluate.html"
    page.write_text(render(shop, found), encoding="utf-8")
    tell(Step("reporting", 0, note="map.html"))
    (folder / "map.html").write_text(catalogue_map.render(shop, found), encoding="utf-8")
    return page


def render(shop: Shop, found: Evaluated) -> str:
    """evaluate.html as text."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    labels = found.evaluation.labels
    calibration = found.evaluation.calibration
    sheets = {one.labelling.name: _sheet(found.material, one) for one in found.measured}
    album = _album(shop, found.material, sheets.values())
    compared = [one for one in labels if one.verification is not None]
    pages = Environment(autoescape=True, undefined=StrictUndefined)
    return pages.from_string(_text(PAGE, "evaluate.html")).render(
        found=found.evaluation,
        css=Markup(  # nosec B704 # files of this package
            _text(LOOK, "report.css") + _text(PAGE, "evaluate.css")
        ),
        measures=[(name, NAMES[name]) for name in MEASURES],
        shown=CLASSES_SHOWN,
        told=told,
        called={one.label: _caller(found.material, one) for one in labels},
        sheets=sheets,
        album=album,
        # Matplotlib escapes every word that it writes into an SVG.
        cmc=Markup(charts.cmc(labels)) if labels else "",  # nosec B704 # see above
        roc=Markup(charts.roc(compared)) if compared else "",  # nosec B704 # see above
        histogram=Markup(charts.look_alikes(found.best, calibration))  # nosec B704 # see above
        if calibration
        else "",
    )


def told(interval: Interval) -> str:
    """A mean with its interval."""
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _text(package: str, name: str) -> str:
    return (files(package) / "page" / name).read_text(encoding="utf-8")


def _sheet(material: Material, measured: Measured) -> Sheet:
    by_name = {one.name: one for one in measured.result.by_class}
    classes = worst_classes(material, measured)
    return Sheet(tuple((by_name[one.name], one) for one in classes), worst_queries(material, measured))


def _album(shop: Shop, material: Material, sheets: Iterable[Sheet]) -> Callable[[Seen], Tile]:
    """From a photo that is shown to its tile."""
    seen: list[Seen] = []
    for sheet in sheets:
        for query in sheet.queries:
            seen += [query.query, query.right, *query.wrong]
        seen += [one for _, worst in sheet.classes for pair in worst.pairs for one in pair]
    rows = sorted({one.row for one in seen})
    pictures = tiles(shop, [material.photo_ids[row] for row in rows], SIDE)
    drawn = {row: data_uri(p) if p is not None else "" for row, p in zip(rows, pictures, strict=True)}

    def shown(one: Seen) -> Tile:
        product = material.products.get(material.product_ids[one.row])
        title = product.title if product is not None else None
        return Tile(drawn[one.row], material.product_ids[one.row], title or "", one.label, one.cosine)

    return shown


def _caller(material: Material, result: LabelResult) -> Callable[[str], str]:
    """How a class is called: by its own name, and where classes are products, by their titles too."""

    def called(name: str) -> str:
        product = material.products.get(name) if result.label == PRODUCT else None
        return f"{name} {product.title}" if product is not None and product.title else name

    return called
