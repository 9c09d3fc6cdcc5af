"""Dresses and skirts, seen from the front."""

from __future__ import annotations

import numpy as np

from data.demo.board import Lay
from data.demo.curves import Points, band, mirrored, polygon, smooth
from data.demo.goods.tops import round_neck, sleeves
from data.demo.light import Relief
from data.demo.sketch import Sketch, quad

_LENGTHS = {"mini": 0.34, "knee": 0.6, "maxi": 0.88}


def _bodice(
    neck: float, dip: float, shoulder: float, waist: float, level: float, vee: bool, strap: bool
) -> Points:
    if strap:
        opening = smooth((0.0, -0.52 + dip * 0.5), (neck * 0.7, -0.53), (neck + 0.06, -0.56), closed=False)
        side = smooth(
            (neck + 0.06, -0.56),
            (shoulder - 0.09, -0.4),
            (waist + 0.02, -0.16),
            (waist, level),
            closed=False,
            tension=0.35,
        )
        return mirrored(np.vstack([opening, side, [[0.0, level + 0.02]]]))
    top = -0.8
    opening = polygon((0.0, top + dip), (neck, top)) if vee else round_neck(neck, dip, top)
    side = smooth(
        (neck, top), (shoulder, top + 0.1), (shoulder - 0.06, top + 0.25), (shoulder - 0.06, top + 0.38),
        (waist + 0.03, level - 0.2),
        (waist, level), (waist, level), closed=False, tension=0.35,
    )  # fmt: skip
    return mirrored(np.vstack([opening, side, [[0.0, level + 0.02]]]))


def _flare(waist: float, hip: float, hem: float, top: float, bottom: float) -> Points:
    """A skirt's outline from waist to a gently curved hem."""
    side = smooth(
        (waist, top), (hip, top + (bottom - top) * 0.3), (hem, bottom - 0.03), (hem, bottom - 0.03),
        (hem * 0.5, bottom + 0.02),
        (0.0, bottom + 0.035), closed=False, tension=0.35,
    )  # fmt: skip
    return mirrored(np.vstack([[[0.0, top - 0.01]], side]))


def dress(s: Sketch) -> None:
    """A dress: A-line, sheath or tiered; straps to long sleeves; three lengths."""
    kind, sleeve = s.spec.shape["shape"], s.spec.shape["sleeve"]
    vee, strap = s.is_("neckline", "v"), sleeve == "strap"
    dip = {"crew": 0.1, "v": 0.34, "scoop": 0.22}[s.spec.shape["neckline"]]
    neck = s.about(0.19 if vee else 0.17, 0.08)
    shoulder = s.about(0.36 if sleeve != "none" else 0.31, 0.04)
    waist, level = s.about(0.23, 0.06), s.about(-0.06, 0.3)
    bottom = _LENGTHS[s.spec.shape["length"]]
    if strap:
        for side in (-1, 1):
            line = smooth(
                (side * (neck + 0.03), -0.54),
                (side * neck * 0.95, -0.7),
                (side * neck * 0.75, -0.84),
                closed=False,
            )
            s.board.part(band(line, 0.04), s.main, Relief(pillow=0.6, crumple=0))
    else:
        s.board.part(
            smooth(
                (-neck, -0.81), (0, -0.77), (neck, -0.81), (neck * 0.7, -0.6), (0, -0.5), (-neck * 0.7, -0.6)
            ),
            s.inside,
            Relief(pillow=0.3),
        )
        sleeves(s, shoulder, sleeve, wide=0.92)
    flare = {"a-line": 0.3, "sheath": 0.06, "tiered": 0.22}[kind] * (0.7 + 0.45 * bottom)
    hem = waist + s.about(flare, 0.15) + 0.05
    hip = waist + 0.07 + flare * 0.28
    pleats = {"a-line": 9.0, "sheath": 0.0, "tiered": 13.0}[kind]
    folds = s.drapes(level, bottom, waist, 3, 0.45) if kind == "sheath" else ()
    if kind == "tiered":
        for k, share in enumerate((1.0, 0.66, 0.33)):
            low = level + (bottom - level) * share
            reach = waist + (hem - waist) * (0.35 + 0.65 * share) + 0.02
            s.board.part(
                _flare(waist + 0.01 * (2 - k), waist + (reach - waist) * 0.5, reach, level, low),
                s.main,
                Relief(pleats=pleats + k),
                Lay(cast=0.4),
            )
    else:
        s.board.part(
            _flare(waist, hip, hem, level, bottom), s.main, Relief(pleats=pleats, folds=folds), Lay()
        )
    s.board.part(
        _bodice(neck, dip, shoulder, waist, level, vee, strap),
        s.main,
        Relief(folds=s.drapes(-0.45, level, 0.18, 2, 0.4)),
        Lay(cast=0.12),
    )
    if s.board.rng.random() < 0.55:
        belt = s.trim if s.board.rng.random() < 0.4 else s.plain
        s.board.part(
            quad(-waist - 0.012, level - 0.03, waist + 0.012, level + 0.03),
            belt,
            Relief(pillow=0.6, crumple=0),
            Lay(cast=0.25),
        )


def skirt(s: Sketch) -> None:
    """A skirt: A-line, pencil or pleated; three lengths."""
    kind = s.spec.shape["shape"]
    waist, top = s.about(0.29, 0.05), s.about(-0.58, 0.05)
    bottom = {"mini": 0.12, "knee": 0.46, "maxi": 0.84}[s.spec.shape["length"]]
    drop = bottom - top
    hem = {
        "a-line": waist + 0.28 * drop + 0.06,
        "pencil": waist + 0.05,
        "pleated": waist + 0.3 * drop + 0.08,
    }[kind]
    hip = {"a-line": waist + 0.13, "pencil": waist + 0.13, "pleated": waist + 0.13}[kind]
    pleats = {"a-line": 6.5, "pencil": 0.0, "pleated": 21.0}[kind]
    folds = s.drapes(top, bottom, 0.25, 3, 0.45) if kind == "pencil" else ()
    s.board.part(
        _flare(waist, hip, hem, top, bottom),
        s.main,
        Relief(pillow=1.1, tube=0.35, pleats=pleats, folds=folds),
        Lay(),
    )
    s.board.part(
        smooth(
            (-waist, top - 0.07),
            (0, top - 0.05),
            (waist, top - 0.07),
            (waist + 0.012, top + 0.02),
            (0, top + 0.045),
            (-waist - 0.012, top + 0.02),
            tension=0.3,
        ),
        s.plain,
        Relief(pillow=0.8, crumple=0),
        Lay(cast=0.3),
    )
    if kind == "pencil":
        s.stitch((0, top + 0.05), (0.005, bottom), opacity=0.5)
        s.button(0.0, top - 0.012, 0.026)
        for side in (-1, 1):
            s.stitch(
                (side * waist * 0.95, top + 0.13),
                (side * waist * 0.6, top + 0.1),
                (side * waist * 0.5, top + 0.03),
            )
    elif kind == "a-line" and s.board.rng.random() < 0.4:
        for y in np.linspace(top + 0.1, bottom - 0.12, 5):
            s.button(0.0, float(y), 0.028)
