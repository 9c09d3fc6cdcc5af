"""Jackets: bomber, blazer, puffer, trucker."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import band, ellipse, polygon, rounded, smooth
from data.demo.goods.tops import back, collar, sleeves, torso
from data.demo.light import Fold, Relief
from data.demo.palette import mix
from data.demo.sketch import Sketch, quad


def _lapels(s: Sketch, bottom: float) -> None:
    shirt_front = Cloth.plain((244, 243, 240), "cotton")
    s.board.part(
        polygon((-0.16, -0.76), (0.16, -0.76), (0.02, 0.02), (-0.02, 0.02)),
        shirt_front if s.board.rng.random() < 0.0 else s.inside,
        Relief(pillow=0.2, crumple=0.3),
        Lay(cast=0),
    )
    lapel = polygon((0.17, -0.78), (0.27, -0.56), (0.2, -0.5), (0.26, -0.44), (0.01, 0.05), (0.015, -0.12))
    s.both(lapel, s.main, Relief(pillow=0.8, crumple=0.3), Lay(turn=0.5, cast=0.4))
    s.board.stroke(smooth((0.0, 0.04), (0.01, 0.3), (0.03, bottom), closed=False), 0.012, s.seam, 0.8)
    for y in (0.1, 0.28):
        s.button(-0.04, y, 0.028)
    for x in (-0.27, 0.27):
        s.board.part(
            quad(x - 0.11, 0.26, x + 0.11, 0.32), s.main, Relief(pillow=0.5, crumple=0), Lay(cast=0.35)
        )


def _zip(s: Sketch, top: float, bottom: float) -> None:
    s.board.stroke(polygon((0, top), (0, bottom)), 0.034, mix(s.spec.rgb, (20, 20, 24), 0.5))
    s.board.stroke(polygon((0, top), (0, bottom)), 0.014, (188, 188, 192))
    s.board.part(
        ellipse(0.0, top + 0.1, 0.016, 0.045, 16),
        Cloth.plain((200, 200, 204), "metal"),
        Relief(pillow=0.6),
        Lay(cast=0.3),
    )


def jacket(s: Sketch) -> None:
    """A jacket: bomber, blazer, puffer or trucker."""
    kind = s.spec.shape["shape"]
    shoulder = s.about({"blazer": 0.44, "puffer": 0.5}.get(kind, 0.47), 0.03)
    bottom = (
        (0.82 if s.is_("length", "long") else 0.6) if kind in ("blazer", "puffer") else s.about(0.5, 0.06)
    )
    rib = Cloth.plain(mix(s.spec.rgb, (20, 20, 24), 0.35), "corduroy")
    back(s, 0.17)
    quilts: tuple[Fold, ...] = ()
    if kind == "puffer":
        quilts = tuple(
            Fold(smooth((-0.6, y), (0, y + 0.03), (0.6, y), closed=False), 0.022, -2.2)
            for y in np.linspace(-0.45, bottom - 0.1, 6)
        )
    cuffs = rib if kind == "bomber" else s.plain if kind == "trucker" else None
    sleeves(s, shoulder, "long", cuffs, 1.45 if kind == "puffer" else 1.25)
    waist = shoulder - (0.1 if kind == "blazer" else 0.04)
    folds = quilts or s.drapes(-0.2, bottom, 0.34, 3, 0.5)
    s.board.part(
        torso(0.17, 0.16, shoulder, waist, shoulder - 0.03, bottom, True),
        s.main,
        Relief(pillow=1.4, folds=folds),
        Lay(),
    )
    if kind == "blazer":
        _lapels(s, bottom)
        return
    if kind == "puffer":
        s.board.part(
            smooth((-0.2, -0.62), (-0.2, -0.84), (0, -0.87), (0.2, -0.84), (0.2, -0.62), (0, -0.56)),
            s.main,
            Relief(pillow=1.6),
            Lay(cast=0.4),
        )
        _zip(s, -0.84, bottom)
        return
    hem = shoulder - 0.03
    s.board.part(
        rounded(-hem, bottom - 0.08, hem, bottom + 0.05, 0.025),
        rib if kind == "bomber" else s.plain,
        Relief(pillow=0.9, crumple=0),
        Lay(cast=0.25),
    )
    if kind == "trucker":
        _trucker(s, bottom)
        return
    _zip(s, -0.6, bottom + 0.05)
    line = smooth((-0.18, -0.76), (-0.12, -0.64), (0, -0.58), (0.12, -0.64), (0.18, -0.76), closed=False)
    s.board.part(band(line, 0.1), rib, Relief(pillow=0.8, crumple=0), Lay(cast=0.35))
    for side in (-1, 1):
        s.stitch((0.2 * side, 0.12), (0.28 * side, 0.32), opacity=0.9, width=0.018)


def _trucker(s: Sketch, bottom: float) -> None:
    for side in (-1, 1):
        x = 0.23 * side
        s.stitch((0.02 * side, -0.22), (0.43 * side, -0.22), opacity=0.8)
        s.stitch((x - 0.1 * side, -0.2), (x - 0.14 * side, bottom - 0.1), opacity=0.8)
        s.stitch((x + 0.1 * side, -0.2), (x + 0.04 * side, bottom - 0.1), opacity=0.8)
        s.board.part(
            polygon((x - 0.11, -0.27), (x + 0.11, -0.27), (x + 0.11, -0.18), (x, -0.13), (x - 0.11, -0.18)),
            s.plain,
            Relief(pillow=0.5, crumple=0),
            Lay(cast=0.35),
        )
        s.button(x, -0.17)
    s.board.part(
        quad(-0.04, -0.58, 0.04, bottom + 0.05), s.plain, Relief(pillow=0.5, crumple=0), Lay(cast=0.3)
    )
    s.stitch((-0.03, -0.55), (-0.03, bottom), opacity=0.8)
    for y in np.linspace(-0.48, bottom - 0.02, 6):
        s.button(0.0, float(y))
    collar(s, s.plain)
