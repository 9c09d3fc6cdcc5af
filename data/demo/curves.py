"""Outlines as polygons: smooth closed curves, mirrored halves, ellipses, bands.

Coordinates are those of the drawing board: x to the right, y down, both from -1 to 1, (0, 0) in the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float64]
"""(n, 2) vertices."""

_STEPS = 8


def polygon(*points: tuple[float, float]) -> Points:
    """Straight sides through the points."""
    return np.array(points, dtype=np.float64)


def smooth(*points: tuple[float, float], closed: bool = True, tension: float = 0.5) -> Points:
    """A cardinal spline through the points; at a point given twice in a row it has a corner."""
    knots = np.array(points, dtype=np.float64)
    n = len(knots)
    segments = n if closed else n - 1
    index = np.arange(segments)
    if closed:
        before, start, end, after = (knots[(index + k) % n] for k in (-1, 0, 1, 2))
    else:
        before, start, end, after = (knots[np.clip(index + k, 0, n - 1)] for k in (-1, 0, 1, 2))
    real = (start != end).any(1)
    before, start, end, after = before[real], start[real], end[real], after[real]
    t = (np.arange(_STEPS) / _STEPS)[None, :, None]
    leave, arrive = tension * (end - before)[:, None], tension * (after - start)[:, None]
    start, end = start[:, None], end[:, None]
    curve = (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * leave
        + (-2 * t**3 + 3 * t**2) * end
        + (t**3 - t**2) * arrive
    ).reshape(-1, 2)
    return curve if closed else np.vstack([curve, knots[-1:]])


def mirrored(half: Points) -> Points:
    """The right half of an outline, from top to bottom, closed by its mirror image in x = 0."""
    return np.vstack([half, (half * [-1.0, 1.0])[::-1]])


def ellipse(x: float, y: float, width: float, height: float, steps: int = 40) -> Points:
    """An ellipse by its centre and half axes."""
    angle = np.linspace(0.0, 2 * np.pi, steps, endpoint=False)
    return np.column_stack([x + width * np.cos(angle), y + height * np.sin(angle)])


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Points:
    """A rectangle with round corners."""
    angle = np.linspace(0.0, np.pi / 2, 7)
    corners = []
    for k, (x, y) in enumerate(
        [
            (right - radius, bottom - radius),
            (left + radius, bottom - radius),
            (left + radius, top + radius),
            (right - radius, top + radius),
        ]
    ):
        turn = angle + k * np.pi / 2
        corners.append(np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)]))
    return np.vstack(corners)


def band(line: Points, width: float | Sequence[float]) -> Points:
    """The strip of the given width (or start and end widths) along an open line."""
    step = np.gradient(line, axis=0)
    normal = np.column_stack([-step[:, 1], step[:, 0]])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    ends = (width, width) if isinstance(width, (int, float)) else (width[0], width[-1])
    half = np.linspace(ends[0], ends[1], len(line))[:, None] / 2
    return np.vstack([line + normal * half, (line - normal * half)[::-1]])


def turned(points: Points, angle: float, about: tuple[float, float] = (0.0, 0.0)) -> Points:
    """Rotated by ``angle`` radians (clockwise on screen) about a point."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray((points - about) @ np.array([[cosine, sine], [-sine, cosine]]) + about)
