"""Small charts as inline SVG: no script, no network, sharp in print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

INK, FAINT, GRID = "#1f2933", "#6b7280", "#e5e7eb"
FONT = 'font-family="system-ui, sans-serif"'


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """One series: a point (or None where there is none) for every place on the x axis."""

    name: str
    colour: str
    points: Sequence[Point | None]


def text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, colour: str = INK) -> str:
    """One piece of text."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
    return f"<text {place} {FONT}>{escape(words)}</text>"


def line(x1: float, y1: float, x2: float, y2: float, colour: str = GRID, width: float = 1.0) -> str:
    """A straight line."""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"/>'


def dot(x: float, y: float, colour: str, radius: float = 4.0, words: str = "") -> str:
    """A point with a tooltip."""
    place = f'cx="{x:.1f}" cy="{y:.1f}" r="{radius}"'
    inside = f"<title>{escape(words)}</title>"
    return f'<circle {place} fill="{colour}" stroke="#fff" stroke-width="1">{inside}</circle>'


def frame(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    """A whole drawing, as wide as the page allows."""
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
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


def dot_chart(label: str, places: Sequence[str], lines: Sequence[Line], joined: bool) -> str:
    """Points with interval bars over named places, side by side; ``joined`` draws lines between them."""
    width, height, left, right, top, bottom = 560, 280, 52, 12, 34, 34
    points = [p for one in lines for p in one.points if p]
    # An interval over a handful of customers may reach far up; it is cut off rather than flattening all
    # others.
    highest = min(
        max((p.high for p in points), default=1.0), 2.5 * max((p.value for p in points), default=1.0)
    )
    highest = highest or 1.0
    room = width - left - right

    def across(place: int, at: int) -> float:
        spread = min(0.55, 0.11 * len(lines))
        shift = spread * ((at + 0.5) / max(len(lines), 1) - 0.5)
        return left + room * (place + 0.5 + shift) / max(len(places), 1)

    def up(value: float) -> float:
        return height - bottom - (height - top - bottom) * value / (highest * 1.05)

    parts = [text(left, 16, label, size=13)]
    for mark in ticks(0, highest * 1.05):
        parts += [line(left, up(mark), width - right, up(mark)), _axis(left - 6, up(mark) + 4, mark)]
    for place, name in enumerate(places):
        middle = left + room * (place + 0.5) / len(places)
        parts.append(text(middle, height - 12, name, anchor="middle", colour=FAINT))
    for at, one in enumerate(lines):
        spots = [(across(i, at), p) for i, p in enumerate(one.points) if p]
        if joined and len(spots) > 1:
            path = " ".join(f"{x:.1f},{up(p.value):.1f}" for x, p in spots)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{one.colour}" stroke-width="1.5"/>')
        for x, p in spots:
            words = f"{one.name}: {p.value:.4f} [{p.low:.4f}, {p.high:.4f}]"
            parts += [
                line(x, up(p.low), x, max(up(p.high), top), one.colour, 1.5),
                dot(x, up(p.value), one.colour, 3.5, words),
            ]
    return frame(width, height, label, parts)


def forest(label: str, rows: Sequence[tuple[str, Point]], note: tuple[str, str]) -> str:
    """Differences with intervals, one row each, around a line at 0; note: what left and right of it mean."""
    width, left, right, step, top = 640, 190, 120, 24, 46
    height = top + step * len(rows) + 30
    reach = max((max(abs(p.low), abs(p.high)) for _, p in rows), default=0.0) or 1.0

    def across(value: float) -> float:
        return left + (width - left - right) * (value / (reach * 1.05) + 1) / 2

    parts = [text(0, 16, label, size=13)]
    for mark in ticks(-reach, reach):
        x = across(mark)
        parts += [
            line(x, top - 8, x, height - 28),
            text(x, height - 12, f"{mark:+.3f}", anchor="middle", size=11),
        ]
    parts.append(line(across(0), top - 12, across(0), height - 28, FAINT, 1.5))
    parts.append(text(across(0) - 8, top - 14, "← " + note[0], anchor="end", size=11, colour=FAINT))
    parts.append(text(across(0) + 8, top - 14, note[1] + " →", size=11, colour=FAINT))
    for at, (name, p) in enumerate(rows):
        y = top + step * (at + 0.5)
        colour = "#15803d" if p.low > 0 else "#b91c1c" if p.high < 0 else FAINT
        words = f"{p.value:+.4f} [{p.low:+.4f}, {p.high:+.4f}]"
        parts += [
            text(left - 10, y + 4, name, anchor="end"),
            line(across(p.low), y, across(p.high), y, colour, 2.5),
            dot(across(p.value), y, colour, 5, words),
            text(width - right + 10, y + 4, f"{p.value:+.4f}", colour=colour),
        ]
    return frame(width, height, label, parts)


def stacked(label: str, rows: Sequence[tuple[str, Sequence[float]]], bands: Sequence[tuple[str, str]]) -> str:
    """Shares that add up to 1, one bar a row; bands: (name, colour)."""
    width, left, right, step, top = 640, 150, 12, 30, 58
    height = top + step * len(rows) + 10
    parts = [text(0, 16, label, size=13)]
    x = float(left)
    for name, colour in bands:
        parts.append(f'<rect x="{x:.1f}" y="30" width="12" height="12" rx="2" fill="{colour}"/>')
        parts.append(text(x + 17, 40, name, colour=FAINT))
        x += 34 + 6.6 * len(name)
    for at, (name, shares) in enumerate(rows):
        y, start = top + step * at, float(left)
        parts.append(text(left - 10, y + 16, name, anchor="end"))
        for (band, colour), share in zip(bands, shares, strict=True):
            size = (width - left - right) * share
            shape = f'x="{start:.1f}" y="{y}" width="{max(size - 1, 0):.1f}" height="22" fill="{colour}"'
            parts.append(f"<rect {shape}><title>{escape(f'{name}, {band}: {share:.1%}')}</title></rect>")
            if size > 34:
                parts.append(
                    text(start + size / 2, y + 15, f"{share:.0%}", anchor="middle", size=11, colour="#fff")
                )
            start += size
    return frame(width, height, label, parts)


def _axis(x: float, y: float, value: float) -> str:
    return text(x, y, f"{value:.3g}", anchor="end", size=11, colour=FAINT)
