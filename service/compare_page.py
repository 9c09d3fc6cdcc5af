"""What a page of a comparison is made of: sections of answers, charts and tables, for one template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedder.comparing.costs import Cost
    from embedder.comparing.judging import Paired
    from embedder.measures import Interval

GOOD, BAD, OPEN = "good", "bad", "open"
SPEED = (
    "Speed and memory are the network's in a process of its own, on this machine as it was; decoding photos "
    "is not counted."
)


@dataclass(frozen=True, slots=True)
class Box:
    """A table's cell, or an answer.

    kind: ``good``, ``bad``, ``open``, ``strong`` or nothing. colour: of a dot before it.
    """

    text: str
    note: str = ""
    kind: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """folded: only its title is seen until it is opened."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Box]]
    folded: bool = False

    def opened(self) -> Table:
        """Without its title, which the fold shows."""
        return replace(self, title="")


@dataclass(frozen=True, slots=True)
class Section:
    """charts: (caption, SVG). legend: (name, colour). terms: (name, what it is)."""

    title: str
    lead: str
    answers: Sequence[Box] = ()
    legend: Sequence[tuple[str, str]] = ()
    charts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    terms: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """mood: of the headline, as a box's kind. facts: (name, value). as_json: whether ``report.json`` lies
    beside the page."""

    title: str
    what: str
    headline: str
    mood: str
    reasons: Sequence[str]
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    as_json: bool = True


def render(page: Page) -> str:
    """The page as HTML that refers to nothing outside itself."""
    from importlib.resources import files

    from jinja2 import Environment
    from markupsafe import Markup

    home = files("service.page") / "templates" / "compare.html"
    template = Environment(autoescape=True).from_string(home.read_text(encoding="utf-8"))
    # The charts are ours, and have escaped every word from outside themselves.
    sections = [
        replace(
            section,
            charts=[(caption, Markup(chart)) for caption, chart in section.charts],  # nosec B704 # see above
        )
        for section in page.sections
    ]
    return template.render(page=replace(page, sections=sections))


def ranged(interval: Interval, strong: bool = False) -> Box:
    """A mean with its interval."""
    return Box(
        f"{interval.mean:.3f}", f"{interval.low:.3f} – {interval.high:.3f}", "strong" if strong else ""
    )


def gap_row(test: Paired, first: str, colour: str = "") -> list[Box]:
    """A paired test: who, the difference, its interval, p, adjusted p, and what it says."""
    gap = test.difference
    kind, said = {True: (GOOD, "better"), False: (BAD, "worse"), None: ("", "cannot be told")}[test.better]
    return [
        Box(first, colour=colour),
        Box(f"{gap.mean:+.3f}", f"{gap.low:+.3f} – {gap.high:+.3f}"),
        Box(f"{gap.p:.2g}"),
        Box(f"{test.adjusted:.2g}"),
        Box(f"{gap.products:,}"),
        Box(said, kind=kind),
    ]


TEST_HEADS = ("", "difference of mAP@R", "p", "adjusted p", "products", "")
COST_HEADS = (
    "GMACs per photo",
    "parameters",
    "photos per second",
    "peak memory",
    "vectors, million photos",
)


def cost_boxes(cost: Cost | None, vector_bytes: int) -> list[Box]:
    """What a network costs, under ``COST_HEADS``."""
    vectors = Box(f"{vector_bytes / 1e9:.2f} GB")
    if cost is None:
        return [*[Box("not measured")] * 4, vectors]
    told = cost.inference
    speed = Box("not measured", cost.why) if told is None else Box(f"{told.images_per_second:,.0f}")
    peak = None if told is None else told.peak_bytes
    return [
        Box(f"{cost.gmacs:.3g}" if cost.gmacs else "none"),
        Box(f"{cost.parameters / 1e6:.2f} M" if cost.parameters else "none"),
        speed,
        Box("not measured" if peak is None else f"{peak / 1e6:,.0f} MB"),
        vectors,
    ]
