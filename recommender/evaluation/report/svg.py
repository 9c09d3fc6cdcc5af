"""The parts of small drawings as inline SVG: no script, no network, sharp in print.

Colours are those of the page's style (``var(--ink)`` …), so that a drawing follows it onto a dark ground.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from recommender.evaluation.report.marks import Mark, Shape

INK, FAINT, GRID, PAPER = "var(--ink)", "var(--soft)", "var(--line)", "var(--raised)"
BETTER, WORSE = "var(--better)", "var(--worse)"
FONT = 'font-family="system-ui, sans-serif"'
LETTER = 0.56  # width of a letter in sizes of the type, about


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its interval."""

    value: float
    low: float
    high: float

    @property
    def exists(self) -> bool:
        """Whether there is a value at all."""
        return math.isfinite(self.value)

    def words(self, form: str = ".4f") -> str:
        """The value, and its interval where that exists."""
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return format(self.value, form)
        return f"{self.value:{form}} [{self.low:{form}}, {self.high:{form}}]"


def text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, colour: str = INK) -> str:
    """One piece of text."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
    return f"<text {place} {FONT}>{escape(words)}</text>"


def width_of(words: str, size: int = 12) -> float:
    """How wide a text is, about."""
    return LETTER * size * len(words)


def line(x1: float, y1: float, x2: float, y2: float, colour: str = GRID, width: float = 1.0) -> str:
    """A straight line."""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"/>'


def path(spots: Sequence[tuple[float, float]], colour: str, dash: str = "") -> str:
    """A line through several places."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"{dashed}/>'


def bar(x: float, y: float, width: float, height: float, colour: str, words: str = "") -> str:
    """A filled rectangle with a tooltip."""
    shape = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{colour}"'
    return f"<rect {shape}><title>{escape(words)}</title></rect>"


def sign(x: float, y: float, mark: Mark, radius: float = 4.0, words: str = "", colour: str = "") -> str:
    """A model's mark with a tooltip; colour: in place of its own."""
    corners = " ".join(f"{x + dx * radius:.1f},{y + dy * radius:.1f}" for dx, dy in _corners(mark.shape))
    tag, place = "polygon", f'points="{corners}"'
    if mark.shape == "circle":
        tag, place = "circle", f'cx="{x:.1f}" cy="{y:.1f}" r="{radius}"'
    paint = f'fill="{colour or mark.colour}" stroke="{PAPER}" stroke-width="1"'
    return f"<{tag} {place} {paint}><title>{escape(words)}</title></{tag}>"


def swatch(mark: Mark) -> str:
    """The mark alone, to stand beside a name in a text."""
    return f'<svg class="swatch" viewBox="-7 -7 14 14" aria-hidden="true">{sign(0, 0, mark, 5.5)}</svg>'


def frame(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    """A whole drawing, as wide as the page allows."""
    head = f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(label)}">'
    return head + "".join(parts) + "</svg>"


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values from ``low`` to ``high``."""
    span = high - low
    if span <= 0 or not math.isfinite(span):
        return [low]
    raw = span / count
    step = 10 ** math.floor(math.log10(raw))
    step *= next(m for m in (1, 2, 2.5, 5, 10) if m * step >= raw)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _corners(shape: Shape) -> list[tuple[float, float]]:
    """Around (0, 0), for a radius of 1."""
    match shape:
        case "square":
            return [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]
        case "triangle":
            return [(0.0, -1.15), (1.1, 0.85), (-1.1, 0.85)]
        case "diamond":
            return [(0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)]
        case "cross":
            arms = [(-0.4, -1.15), (0.4, -1.15), (0.4, -0.4), (1.15, -0.4), (1.15, 0.4), (0.4, 0.4)]
            return [*arms, *((-x, -y) for x, y in arms)]
        case "star":
            turns = [math.pi * turn / 5 for turn in range(10)]
            reach = [1.45 if turn % 2 == 0 else 0.62 for turn in range(10)]
            return [(r * math.sin(t), -r * math.cos(t)) for t, r in zip(turns, reach, strict=True)]
        case "circle":
            return []
