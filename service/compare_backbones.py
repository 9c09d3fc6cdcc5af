"""The page of backbones that were compared as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from service.compare_charts import OTHERS, SHAPES, Spot, front
from service.compare_page import (
    COST_HEADS,
    OPEN,
    SPEED,
    TEST_HEADS,
    Box,
    Page,
    Section,
    Table,
    cost_boxes,
    gap_row,
    ranged,
)

if TYPE_CHECKING:
    from embedder.comparing.backbones import Backbone, Backbones


def backbones_page(found: Backbones) -> Page:
    """Quality, cost, the front of both, paired tests, and what was not run."""
    labels = ", ".join(found.labels)
    return Page(
        title=f"backbones compared on {labels}",
        what=f"backbones as they are, compared on {labels}",
        headline=headline(found),
        mood="" if found.found else OPEN,
        reasons=[one.caution for one in found.found if one.caution is not None],
        facts=[
            ("labelled photos asked", f"{found.photos:,}"),
            ("backbones", f"{len(found.found)}"),
            ("machine", found.hardware),
        ],
        sections=[section for section in (_quality(found), _tests(found), _behind(found)) if section],
    )


def headline(found: Backbones) -> str:
    """Who is best, and who is on the front."""
    if not found.found:
        return "Nothing was measured"
    best = max(found.found, key=lambda one: one.quality)
    fronts = [one.spec for one in found.found if one.front]
    said = f"{best.spec} describes {', '.join(found.labels)} best: mAP@R {best.quality:.3f}"
    if len(fronts) < 2:
        return said
    return f"{said}; best at their speed: {', '.join(fronts)}"


def _colours(found: Sequence[Backbone]) -> dict[str, str]:
    return {one.spec: OTHERS[place % len(OTHERS)] for place, one in enumerate(found)}


def _quality(found: Backbones) -> Section | None:
    if not found.found:
        return None
    colours = _colours(found.found)
    best = {
        (label, measure): max(
            getattr(m, measure).mean for one in found.found for m in one.means if m.label == label
        )
        for label in found.labels
        for measure in ("map_at_r", "recall_at_1")
    }
    rows = []
    for one in found.found:
        by_label = {mean.label: mean for mean in one.means}
        boxes = [Box(one.spec, f"aspect {one.aspect}, {one.dims} numbers", colour=colours[one.spec])]
        for label in found.labels:
            for measure in ("map_at_r", "recall_at_1"):
                value = getattr(by_label[label], measure)
                boxes.append(ranged(value, value.mean == best[label, measure]))
        rows.append([*boxes, *cost_boxes(one.cost, one.vector_bytes)])
    heads = [f"{measure} of {label}" for label in found.labels for measure in ("mAP@R", "recall@1")]
    spots = [
        Spot(
            one.spec,
            colours[one.spec],
            SHAPES[place % len(SHAPES)],
            one.quality,
            one.speed,
            one.front,
            (one.means[0].map_at_r.low, one.means[0].map_at_r.high) if len(one.means) == 1 else None,
        )
        for place, one in enumerate(found.found)
        if one.speed is not None
    ]
    caption = "Higher and further right is better; the line joins those that none beats in both."
    return Section(
        "Quality against cost",
        "Retrieval among labelled photos by one aspect alone, the photos of a query's own product left out, "
        f"with 95 % bootstrap intervals over products. {SPEED}",
        legend=list(colours.items()),
        charts=[(caption, front(spots))] if spots else [],
        tables=[Table("", ["", *heads, *COST_HEADS], rows)],
    )


def _tests(found: Backbones) -> Section | None:
    if not found.tests:
        return None
    rows = [gap_row(test, f"{test.entry.method}, {test.label}") for test in found.tests]
    return Section(
        f"Against {found.tests[0].against.method}",
        "Paired by photo; the interval and the sign-flip test are over products, and p is adjusted for "
        "asking several questions (Holm, 1979).",
        tables=[Table("", TEST_HEADS, rows)],
    )


def _behind(found: Backbones) -> Section | None:
    if not found.unrun:
        return None
    return Section(
        "What was not measured",
        "Run the same command again to go on with what was left for want of time.",
        terms=[(one.cell.method, "the time was over" if one.for_time else one.why) for one in found.unrun],
    )
