"""Cushions."""

from __future__ import annotations

import numpy as np

from data.demo.board import Lay
from data.demo.curves import ellipse, smooth
from data.demo.light import Fold, Relief
from data.demo.palette import mix
from data.demo.sketch import Sketch


def cushion(s: Sketch) -> None:
    """A cushion: square, oblong or round; plain edge, piping or tassels."""
    kind, edge = s.spec.shape["shape"], s.spec.shape["edge"]
    wide, tall = {"square": (0.74, 0.72), "oblong": (0.86, 0.52), "round": (0.74, 0.74)}[kind]
    wide, tall = s.about(wide, 0.04), s.about(tall, 0.04)
    if kind == "round":
        outline = ellipse(0, 0, wide, tall, 60)
    else:
        outline = smooth(
            (-wide, -tall),
            (-wide * 0.5, -tall * 0.93),
            (0, -tall * 0.9),
            (wide * 0.5, -tall * 0.93),
            (wide, -tall),
            (wide * 0.93, 0),
            (wide, tall),
            (wide * 0.5, tall * 0.93),
            (0, tall * 0.9),
            (-wide * 0.5, tall * 0.93),
            (-wide, tall),
            (-wide * 0.93, 0),
            tension=0.36,
        )
    if edge == "tassels" and kind != "round":
        for x in (-wide, wide):
            for y in (-tall, tall):
                _tassel(s, x, y)
    if edge == "piped":
        s.board.part(outline * 1.025, s.trim, Relief(pillow=1.0, crumple=0), Lay(cast=0))
    rng = s.board.rng
    folds = []
    for x in (-1, 1):
        for y in (-1, 1):
            reach = rng.uniform(0.45, 0.65)
            line = smooth(
                (x * wide * 0.92, y * tall * 0.92),
                (x * wide * 0.72, y * tall * 0.7),
                (x * wide * reach, y * tall * reach * 0.9),
                closed=False,
            )
            folds.append(Fold(line, 0.06, float(rng.choice([-0.9, 0.7]))))
    if kind == "round":
        folds = [
            Fold(np.vstack([point * 0.93, point * rng.uniform(0.3, 0.5)]), 0.03, -0.5)
            for point in outline[::4]
        ]
    s.board.part(outline, s.main, Relief(pillow=2.2, folds=tuple(folds), crumple=1.2), Lay(cast=0.35))
    if kind == "round":
        s.board.part(
            ellipse(0, 0, 0.07, 0.07),
            s.trim if edge == "piped" else s.plain,
            Relief(pillow=1.4, crumple=0),
            Lay(cast=0.6),
        )


def _tassel(s: Sketch, x: float, y: float) -> None:
    way = np.array([np.sign(x), np.sign(y)]) / np.sqrt(2)
    normal = np.array([-way[1], way[0]])
    start = np.array([x, y]) * 0.98
    ink = s.spec.second
    for share in np.linspace(-1, 1, 7):
        end = start + way * 0.17 + normal * share * 0.05
        s.board.stroke(np.vstack([start, end]), 0.022, mix(ink, (0, 0, 0), 0.1 + 0.12 * abs(share)))
    s.board.stroke(
        np.vstack([start + way * 0.03 - normal * 0.03, start + way * 0.03 + normal * 0.03]),
        0.03,
        mix(ink, (0, 0, 0), 0.35),
    )
