"""The sections of a page on ways to fit an embedder: the table, learning curves, costs, tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedder.comparing.grid import Entry
from service.compare_charts import (
    COLOURS,
    MARKERS,
    Spot,
    by_epochs,
    by_labels,
    by_seconds,
    differences,
    front,
)
from service.compare_page import (
    COST_HEADS,
    SPEED,
    TEST_HEADS,
    Box,
    Section,
    Table,
    cost_boxes,
    gap_row,
    ranged,
)

if TYPE_CHECKING:
    from embedder.comparing.comparison import Comparison, Price
    from embedder.comparing.judging import Paired
    from embedder.comparing.summary import Reached

MEASURES = {"map_at_r": "mAP@R", "recall_at_1": "recall@1"}
SHOWN_CLASSES = 12


def quality(found: Comparison) -> Section:
    """Every mean with its interval."""
    tables = [_measure_table(found, label, measure) for label in found.design.labels for measure in MEASURES]
    return Section(
        "Every method at every share of the labels",
        "Retrieval among products held out, by the learnt aspect alone; photos of a query's own product are "
        "left out. In small: 95 % bootstrap intervals over products. The best of each column is bold. "
        "Methods of one seed share the test photos; validation chose the epochs. A number in brackets says "
        "how many seeds a value has, where that is not all of them.",
        tables=tables,
    )


def _measure_table(found: Comparison, label: str, measure: str) -> Table:
    """Methods × shares; what learns nothing has one column of its own."""
    shares = sorted(found.design.shares)
    means = {(m.entry.method, m.entry.share): m for m in found.means if m.label == label}
    best = {
        share: max((getattr(m, measure).mean for (_, s), m in means.items() if s == share), default=None)
        for share in (None, *shares)
    }
    products = {m.entry.share: m.products for m in means.values()}
    rows = []
    for name in (*found.design.untrained, *found.design.trained):
        boxes = [Box(name, colour=COLOURS[name])]
        for share in (None, *shares):
            mean = means.get((name, share))
            if mean is None:
                boxes.append(Box("" if (share is None) == (name in found.design.trained) else "not run"))
                continue
            interval = getattr(mean, measure)
            box = ranged(interval, interval.mean == best[share])
            some = f" ({mean.seeds})" if mean.seeds < found.design.seeds else ""
            boxes.append(Box(box.text + some, box.note, box.kind))
        rows.append(boxes)
    known = {s: f", {products[s]:,} products" if s in products else "" for s in shares}
    heads = ["", "no labels", *(f"{s:g} %{known[s]}" for s in shares)]
    return Table(f"{MEASURES[measure]} of {label}", heads, rows)


def learning(found: Comparison) -> Section | None:
    """Quality against labels, epochs and seconds; None where nothing learnt."""
    if not found.curves:
        return None
    main = found.design.main_share
    shown = [curve for curve in found.curves if curve.entry.share == main]
    charts = [
        (f"Test, by the labels that were learnt from: {label}.", by_labels(found, label))
        for label in found.design.labels
    ]
    if shown:
        charts += [
            (f"Validation, {main:g} % of the labels, by epochs.", by_epochs(shown)),
            (f"Validation, {main:g} % of the labels, by seconds.", by_seconds(shown)),
        ]
    names = [*found.design.untrained, *found.design.trained]
    rows = [
        [
            Box(curve.entry.words, colour=COLOURS[curve.entry.method]),
            Box(f"{len(curve.points)}"),
            Box(f"{curve.points[-1].seconds:,.1f}" if curve.points else ""),
            *_reached(curve.own),
            *_reached(curve.common),
        ]
        for curve in found.curves
    ]
    heads = (
        "", "epochs", "seconds", "epochs to 95 % of its own best", "seconds",
        "epochs to 95 % of the best of all", "seconds",
    )  # fmt: skip
    return Section(
        "Learning curves",
        "Bars and bands are 95 % intervals over products. Lines across: methods that learn nothing (solid: "
        "frozen).",
        legend=[(name, COLOURS[name]) for name in names],
        charts=charts,
        tables=[Table("How quickly they learn", heads, rows, folded=True)],
    )


def _reached(reached: Reached) -> list[Box]:
    if reached.epochs is None or reached.seconds is None:
        return [Box("never"), Box("")]
    some = f" ({reached.arrived} of {reached.seeds} seeds)" if reached.arrived < reached.seeds else ""
    return [Box(f"{reached.epochs:.1f}{some}"), Box(f"{reached.seconds:,.1f}")]


def prices(found: Comparison) -> Section | None:
    """Quality against speed, and what each method takes."""
    if not found.prices:
        return None
    spots = [_spot(found, price, price.speed) for price in found.prices if price.speed is not None]
    rows = [
        [
            Box(price.method, colour=COLOURS[price.method]),
            Box(f"{price.quality:.3f}", kind="strong" if price.front else ""),
            Box(f"{price.training_seconds:,.1f} s" if price.training_seconds else "none"),
            *cost_boxes(price.cost, price.vector_bytes),
        ]
        for price in found.prices
    ]
    caption = "Higher and further right is better; the line joins those that none beats in both."
    return Section(
        "What it costs",
        f"At {found.design.main_share:g} % of the labels and {found.facts.side} pixels. {SPEED} Bold: no "
        "other method is as good and as fast and better in one. Fine-tuning changes weights, not the "
        f"network, so all that use it cost the same once trained.{_combined(found)}",
        legend=[(price.method, COLOURS[price.method]) for price in found.prices],
        charts=[(caption, front(spots))] if spots else [],
        tables=[Table("", ("", "mAP@R", "training", *COST_HEADS), rows)],
    )


def _combined(found: Comparison) -> str:
    """How the cost of what is made of several trainings is counted; nothing where there is none."""
    names = {price.method for price in found.prices}
    told = {
        "soup": " An average (soup) took all the trainings it is made of, and is one network.",
        "joined": " What is joined runs the frozen network and a trained one on every photo, computed here "
        "from the cost of one; its training is the chosen one's alone.",
    }
    return "".join(text for name, text in told.items() if name in names)


def _spot(found: Comparison, price: Price, speed: float) -> Spot:
    """A method's place; with its interval where one label was learnt."""
    name, labels = price.method, found.design.labels
    share = found.design.main_share if name in found.design.trained else None
    mean = found.mean(Entry(name, share), labels[0])
    interval = (mean.map_at_r.low, mean.map_at_r.high) if mean is not None and len(labels) == 1 else None
    return Spot(name, COLOURS[name], MARKERS[name], price.quality, speed, price.front, interval)


def paired(found: Comparison) -> Section | None:
    """Paired tests against frozen, against scratch, and class by class."""
    tests = found.tests["against_frozen"]
    if not tests:
        return None
    charts = [
        (
            f"Against frozen on {label}. Green: significantly better; red: significantly worse.",
            differences([test for test in tests if test.label == label], label),
        )
        for label in found.design.labels
    ]
    tables = [
        Table("Against frozen, in figures", TEST_HEADS, _rows(tests), folded=True),
        Table(
            "Against training from scratch", TEST_HEADS, _rows(found.tests["against_scratch"]), folded=True
        ),
        *_class_tables(found),
    ]
    return Section(
        "Paired tests",
        "Differences on the same test photos, averaged over the seeds; a two-sided sign-flip test over "
        "products (Fisher, 1935), p adjusted within each table.",
        charts=charts,
        tables=[table for table in tables if table.rows],
    )


def _class_tables(found: Comparison) -> list[Table]:
    """For each method at the largest share the values of the label that changed most, losses first."""
    tables = []
    for name in found.design.trained:
        tests = sorted(
            (test for test in found.tests["by_class"] if test.entry.method == name),
            key=lambda test: test.difference.mean,
        )
        if len(tests) > SHOWN_CLASSES:
            half = SHOWN_CLASSES // 2
            tests = [*tests[:half], *tests[-half:]]
        rows = [gap_row(test, f"{test.value} ({test.label})") for test in tests]
        tables.append(Table(f"{name} by class: largest losses and gains", TEST_HEADS, rows, folded=True))
    return tables


def _rows(tests: tuple[Paired, ...]) -> list[list[Box]]:
    return [gap_row(test, f"{test.entry.words}, {test.label}", COLOURS[test.entry.method]) for test in tests]


def elsewhere(found: Comparison) -> Section | None:
    """Labels that were only measured; None where none was named."""
    if not found.design.also:
        return None
    tables = [_measure_table(found, label, "map_at_r") for label in found.design.also]
    tests = Table("Against frozen, in figures", TEST_HEADS, _rows(found.tests["elsewhere"]), folded=True)
    return Section(
        "Labels that nothing was taught",
        "Measured on the same vectors: what fine-tuning does to what was not asked for.",
        tables=[*tables, *([tests] if tests.rows else [])],
    )
