"""Scarves, looped round an unseen neck or draped."""

from __future__ import annotations

import numpy as np

from data.demo.board import Lay
from data.demo.curves import ellipse, polygon, smooth, turned
from data.demo.light import Fold, Relief
from data.demo.palette import mix
from data.demo.sketch import Sketch


def scarf(s: Sketch) -> None:
    """A scarf: looped round an unseen neck, or draped in a soft fold."""
    if s.is_("shape", "draped"):
        _draped(s)
    else:
        _looped(s)


def _fringe(s: Sketch, left: tuple[float, float], right: tuple[float, float]) -> None:
    ink = s.spec.rgb if s.spec.pattern == "plain" else s.spec.second
    for share in np.linspace(0.03, 0.97, 13):
        x, y = left[0] + (right[0] - left[0]) * share, left[1] + (right[1] - left[1]) * share
        sway = float(s.board.rng.normal(0, 0.012))
        s.board.stroke(polygon((x, y - 0.01), (x + sway, y + 0.12)), 0.026, mix(ink, (10, 10, 10), 0.2))
        s.board.stroke(polygon((x, y - 0.01), (x + sway, y + 0.115)), 0.014, ink)


def _draped(s: Sketch) -> None:
    for x, tip, lean in ((-0.3, 0.66, 0.06), (0.3, 0.78, -0.04)):
        left, right = (x - 0.21 + lean, tip), (x + 0.19 + lean, tip + 0.02)
        _fringe(s, left, right)
        end = smooth(
            (x - 0.17, -0.62), (x + 0.17, -0.62), (x + 0.2, 0.0), right, right, left, left, (x - 0.2, 0.0),
            tension=0.3
        )  # fmt: skip
        folds = s.drapes(-0.5, tip, 0.5, 5, 0.7)
        s.board.part(end, s.main, Relief(pillow=1.4, folds=folds), Lay(turn=0.04 * np.sign(x)))
    over = smooth(
        (-0.48, -0.56), (-0.34, -0.8), (0, -0.86), (0.34, -0.8), (0.48, -0.56), (0.3, -0.46),
        (0.12, -0.58), (0, -0.6),
        (-0.12, -0.58), (-0.3, -0.46), tension=0.4,
    )  # fmt: skip
    crease = Fold(smooth((-0.4, -0.6), (0, -0.72), (0.4, -0.6), closed=False), 0.04, -0.7)
    s.board.part(over, s.main, Relief(pillow=1.6, folds=(crease,)), Lay(turn=1.4, cast=0.35))


def _looped(s: Sketch) -> None:
    for x, tip, lean in ((0.2, 0.74, 0.12), (-0.08, 0.62, -0.12)):
        left, right = (x - 0.2 + lean, tip), (x + 0.2 + lean, tip + 0.015)
        _fringe(s, left, right)
        end = smooth((x - 0.16, -0.2), (x + 0.16, -0.2), right, right, left, left, tension=0.28)
        folds = s.drapes(-0.3, 0.6, 0.3, 3, 0.8)
        s.board.part(end, s.main, Relief(pillow=1.6, folds=folds), Lay(turn=-lean, cast=0.3))
    ring = turned(ellipse(0, -0.32, 0.56, 0.4, 48), 0.04)
    hole = turned(ellipse(0, -0.46, 0.3, 0.13, 36), 0.04)
    s.board.part(hole * 1.02 + (0, 0.01), s.inside, Relief(pillow=0.2, shade=0.75), Lay(cast=0))
    folds = tuple(
        Fold(smooth((-0.5, -0.32 + k), (0, -0.16 + k * 1.3), (0.5, -0.34 + k), closed=False), 0.05, -0.9)
        for k in (0.0, 0.12, -0.1)
    )
    s.board.part(ring, s.main, Relief(pillow=1.8, folds=folds), Lay(turn=0.9, cast=0.5), holes=(hole,))
