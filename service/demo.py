"""The demo: draw a shop, then walk the whole way through it, as a retailer would with their own files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from service.answers import EventsReport, IndexReport, Json
from service.engine import Engine
from service.progress import Step, Tell, silent
from service.requests import EvaluateRequest, EventsRequest, IndexRequest, Look, SimilarRequest
from service.sheets import write_sheet

NOTE = "drawn.json"
"""Written when everything is drawn: what it was drawn from."""


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """What to draw and where.

    directory: the demo's shop; the drawn files lie in its folder ``source``.
    """

    directory: Path
    products: int = 840
    customers: int = 640
    seed: int = 7


@dataclass(slots=True)
class DemoReport:
    """What the demo made, in the order in which it was made.

    seconds: step → wall seconds. open_next: what to look at → path.
    """

    directory: Path
    index: IndexReport | None = None
    events: EventsReport | None = None
    query: str = ""
    hits: list[Json] = field(default_factory=list)
    trained: Json = field(default_factory=dict)
    evaluation: Json = field(default_factory=dict)
    customer: str | None = None
    open_next: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long the block took."""
        began = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - began

    def as_json(self) -> Json:
        """For ``--json``."""
        return {
            "shop": str(self.directory),
            "index": self.index.as_json() if self.index else {},
            "interactions": self.events.as_json() if self.events else {},
            "query": self.query,
            "hits": self.hits,
            "train": self.trained,
            "evaluation": self.evaluation,
            "customer": self.customer,
            "open_next": self.open_next,
            "seconds": {step: round(s, 2) for step, s in self.seconds.items()},
        }


@dataclass(frozen=True, slots=True)
class _Source:
    catalogue: Path
    interactions: Path


def run_demo(request: DemoRequest, tell: Tell = silent) -> DemoReport:
    """Draw, index, search, import, train, evaluate. Running it again uses what is there already."""
    report = DemoReport(request.directory)
    with report.timed("draw"):
        source = _draw(request, tell)
    from data.demo import Origin
    from data.demo.stamp import stamp

    with Engine.create(request.directory) as engine:
        stamp(engine.shop, Origin(request.products, request.customers, request.seed))
        with report.timed("index"):
            report.index = engine.index_catalogue(IndexRequest(source.catalogue), tell)
        with report.timed("similar"):
            _similar(engine, report)
        with report.timed("interactions"):
            report.events = engine.import_interactions(EventsRequest(source.interactions), tell)
        with report.timed("train"):
            report.trained = engine.train(request.seed, tell)
        with report.timed("evaluate"):
            answer = engine.evaluate(EvaluateRequest(seed=request.seed), tell)
        report.evaluation = answer.evaluation
        report.open_next["how good the recommendations are"] = str(answer.folder / "report.html")
        report.customer = max(engine.customers(limit=50), key=lambda pair: pair[1], default=(None, 0))[0]
    return report


def _draw(request: DemoRequest, tell: Tell) -> _Source:
    """Draw the shop's files, unless they lie there already, drawn from the same numbers."""
    folder = request.directory / "source"
    note = folder / NOTE
    from data.demo import Dials, make_demo

    wanted = {
        "products": request.products,
        "customers": request.customers,
        "seed": request.seed,
        "dials": Dials().as_json(),
    }
    if _noted(note) != wanted:

        def told(done: int, total: int) -> None:
            tell(Step("drawing", done, total))

        note.unlink(missing_ok=True)
        make_demo(folder, request.products, request.customers, request.seed, told)
        note.write_text(json.dumps(wanted), encoding="utf-8")
    return _Source(folder / "catalogue.csv", folder / "interactions.csv")


def _noted(note: Path) -> object:
    """What the files beside the note were drawn from; None where that is not known."""
    return json.loads(note.read_text(encoding="utf-8")) if note.is_file() else None


def _similar(engine: Engine, report: DemoReport) -> None:
    """Ask for what looks like one product, and write its contact sheets."""
    first = engine.products(where="in_stock", page=1, size=1).products[0]
    report.query = str(first["product_id"])
    request = SimilarRequest(examples=(Look(product_id=report.query),), k=15)
    answer = engine.similar(request)
    report.hits = answer.hits
    for kind in ("png", "html"):
        path = report.directory / "reports" / f"similar.{kind}"
        write_sheet(engine, request, answer, path)
        report.open_next[f"what looks like {report.query} ({kind})"] = str(path)
