"""The kinds of drawings that a report has, from numbers to SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recommender.evaluation.report.marks import Mark
from recommender.evaluation.report.svg import (
    BETTER,
    FAINT,
    GRID,
    INK,
    WORSE,
    Point,
    bar,
    frame,
    line,
    path,
    sign,
    text,
    ticks,
    width_of,
)

DOT = Mark("others", "circle")
APART = 0.08  # of the height, between two figures at an axis
TALLEST = 2.5  # an interval may reach so many times as high as the highest value before it is cut off


@dataclass(frozen=True, slots=True)
class Line:
    """One series: a point (or None where there is none) for every place on the x axis."""

    name: str
    mark: Mark
    points: Sequence[Point | None]


@dataclass(frozen=True, slots=True)
class Spot:
    """One point of a scatter: x, and y with its interval."""

    name: str
    mark: Mark
    x: float
    y: Point


@dataclass(frozen=True, slots=True)
class Band:
    """A part of a bar. colour: of the area; ink: of what is written on it."""

    name: str
    colour: str
    ink: str


def dot_chart(
    label: str, places: Sequence[str], lines: Sequence[Line], joined: bool, rooted: bool = False
) -> str:
    """Points with interval bars over named places, side by side; ``joined`` draws lines between them.

    rooted: heights by the square root, where values at some places are many times those at others.
    """
    width, height, left, right, top, bottom = 560, 280, 52, 12, 34, 34
    highest = _highest([p for one in lines for p in one.points if p])
    room = width - left - right

    def across(place: int, at: int) -> float:
        spread = min(0.6, 0.11 * len(lines))
        shift = spread * ((at + 0.5) / max(len(lines), 1) - 0.5)
        return left + room * (place + 0.5 + shift) / max(len(places), 1)

    def up(value: float) -> float:
        part = value / (highest * 1.05)
        return height - bottom - (height - top - bottom) * (part**0.5 if rooted else part)

    marks = ticks(0, highest * 1.05)
    if rooted:
        marks = _root_ticks(highest)
    parts = [text(0, 16, f"{label}{', square-root scale' * rooted}", size=13)]
    for mark in marks:
        parts += [line(left, up(mark), width - right, up(mark)), _axis(left - 6, up(mark) + 4, mark)]
    for place, name in enumerate(places):
        middle = left + room * (place + 0.5) / len(places)
        parts.append(text(middle, height - 12, name, anchor="middle", colour=FAINT))
    for at, one in enumerate(lines):
        spots = [(across(i, at), p) for i, p in enumerate(one.points) if p]
        if joined and len(spots) > 1:
            parts.append(path([(x, up(p.value)) for x, p in spots], one.mark.colour, one.mark.dash))
        for x, p in spots:
            parts += [
                _whisker(x, p, up, top, one.mark.colour),
                sign(x, up(p.value), one.mark, 3.5, f"{one.name}: {p.words()}"),
            ]
    return frame(width, height, label, parts)


def forest(label: str, rows: Sequence[tuple[str, Point]], note: tuple[str, str]) -> str:
    """Differences with intervals, one row each, around a line at 0; note: what left and right of it mean."""
    width, left, right, step, top = 640, 190, 96, 24, 52
    height = top + step * len(rows) + 30
    there = [p for _, p in rows if p.exists]
    reach = max((max(abs(p.low), abs(p.high), abs(p.value)) for p in there), default=0.0) or 1.0

    def across(value: float) -> float:
        return left + (width - left - right) * (value / (reach * 1.05) + 1) / 2

    parts = [text(0, 16, label, size=13)]
    for mark in ticks(-reach, reach):
        x = across(mark)
        parts += [
            line(x, top - 8, x, height - 28),
            text(x, height - 12, f"{mark:+.3g}" if mark else "0", anchor="middle", size=11, colour=FAINT),
        ]
    parts.append(line(across(0), top - 12, across(0), height - 28, FAINT, 1.5))
    parts.append(text(across(0) - 8, top - 14, "← " + note[0], anchor="end", size=11, colour=FAINT))
    parts.append(text(across(0) + 8, top - 14, note[1] + " →", size=11, colour=FAINT))
    for at, (name, p) in enumerate(rows):
        y = top + step * (at + 0.5)
        parts.append(text(left - 10, y + 4, name, anchor="end"))
        if not p.exists:
            parts.append(text(width - right + 10, y + 4, "–", colour=FAINT))
            continue
        colour = BETTER if p.low > 0 else WORSE if p.high < 0 else FAINT
        parts += [
            line(across(p.low), y, across(p.high), y, colour, 2.5),
            sign(across(p.value), y, DOT, 5, f"{name}: {p.words('+.4f')}", colour),
            text(width - right + 10, y + 4, f"{p.value:+.4f}", colour=colour),
        ]
    return frame(width, height, label, parts)


def stacked(label: str, rows: Sequence[tuple[str, Sequence[float]]], bands: Sequence[Band]) -> str:
    """Shares that add up to 1 (or to nothing), one bar a row."""
    width, left, right, step, top = 640, 150, 12, 30, 58
    height = top + step * len(rows) + 10
    parts = [text(0, 16, label, size=13)]
    x = float(left)
    for band in bands:
        parts += [bar(x, 30, 12, 12, band.colour, band.name), text(x + 17, 40, band.name, colour=FAINT)]
        x += 36 + width_of(band.name)
    for at, (name, shares) in enumerate(rows):
        y, start = top + step * at, float(left)
        parts.append(text(left - 10, y + 16, name, anchor="end"))
        for band, share in zip(bands, shares, strict=True):
            size = (width - left - right) * share
            parts.append(bar(start, y, size - 1, 22, band.colour, f"{name}, {band.name}: {share:.1%}"))
            if size > 34:
                words = f"{share:.0%}"
                parts.append(text(start + size / 2, y + 15, words, anchor="middle", size=11, colour=band.ink))
            start += size
    return frame(width, height, label, parts)


def scatter(label: str, axes: tuple[str, str], spots: Sequence[Spot]) -> str:
    """Points with intervals of y, each with its name beside it; axes: what x and y are."""
    width, height, left, right, top, bottom = 640, 380, 56, 24, 46, 46
    highest = _highest([spot.y for spot in spots])
    widest = max((spot.x for spot in spots), default=0.0) or 1.0

    def across(value: float) -> float:
        return left + (width - left - right) * value / (widest * 1.08)

    def up(value: float) -> float:
        return height - bottom - (height - top - bottom) * value / (highest * 1.05)

    parts = [text(0, 16, label, size=13), text(left - 44, top - 12, f"↑ {axes[1]}", size=11, colour=FAINT)]
    parts.append(text(width - right, height - 8, f"{axes[0]} →", anchor="end", size=11, colour=FAINT))
    for mark in ticks(0, highest * 1.05):
        parts += [line(left, up(mark), width - right, up(mark)), _axis(left - 6, up(mark) + 4, mark)]
    for mark in ticks(0, widest * 1.08):
        parts.append(line(across(mark), top, across(mark), height - bottom, GRID))
        parts.append(
            text(across(mark), height - bottom + 16, f"{mark:.3g}", anchor="middle", size=11, colour=FAINT)
        )
    places = [(across(spot.x), up(spot.y.value)) for spot in spots]
    names = _labels(places, [spot.name for spot in spots], width, (top, height - bottom))
    for spot, (x, y), place in zip(spots, places, names, strict=True):
        parts += [
            _whisker(x, spot.y, up, top, spot.mark.colour),
            sign(x, y, spot.mark, 5, f"{spot.name}: {spot.x:.4f}, {spot.y.words()}"),
            text(place[0], place[1], spot.name, size=11, colour=INK),
        ]
    return frame(width, height, label, parts)


def _labels(
    places: Sequence[tuple[float, float]], names: Sequence[str], width: float, within: tuple[float, float]
) -> list[tuple[float, float]]:
    """Where to write each name: the first place around its point where it covers no other name or point."""
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    found = []
    for (x, y), name in zip(places, names, strict=True):
        size = width_of(name, 11)
        offers = [
            (start, y + 4 + down)
            for down in (0, -12, 12, -24, 24, -36, 36)
            for start in (x + 9, x - 9 - size)
        ]
        inside = [
            (start, base)
            for start, base in offers
            if start >= 0 and start + size <= width and base <= within[1]
        ]
        free = [
            spot
            for spot in inside
            if not any(_meet((spot[0], spot[1] - 9, spot[0] + size, spot[1] + 2), box) for box in taken)
        ]
        chosen = (free or inside or offers)[0]
        taken.append((chosen[0], chosen[1] - 9, chosen[0] + size, chosen[1] + 2))
        found.append(chosen)
    return found


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _highest(points: Sequence[Point]) -> float:
    """The upper end of an axis. An interval over a handful of customers may reach far up; it is cut off
    rather than flattening all others.
    """
    values = max((p.value for p in points if p.exists), default=0.0)
    ends = max((p.high for p in points if p.high == p.high), default=0.0)
    return min(max(values, ends), TALLEST * values) or 1.0


def _root_ticks(highest: float) -> list[float]:
    """Round values that stand apart where heights go by the square root."""
    power = 10.0 ** math.floor(math.log10(highest))
    found = [0.0]
    for value in (power * step / 10**down for down in (3, 2, 1, 0) for step in (1, 3)):
        if value <= highest and (value / highest) ** 0.5 - (found[-1] / highest) ** 0.5 > APART:
            found.append(value)
    return found


def _whisker(x: float, point: Point, up: Callable[[float], float], top: float, colour: str) -> str:
    if not (point.low == point.low and point.high == point.high):
        return ""
    return line(x, up(point.low), x, max(up(point.high), top), colour, 1.5)


def _axis(x: float, y: float, value: float) -> str:
    return text(x, y, f"{value:.2g}" if value < 1 else f"{value:.3g}", anchor="end", size=11, colour=FAINT)
