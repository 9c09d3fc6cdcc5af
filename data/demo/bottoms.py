"""Dresses, skirts, trousers and shorts, hung straight and seen from the front."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, mirrored, polygon, smooth
from data.demo.light import Fold, Relief
from data.demo.palette import mix
from data.demo.sketch import Sketch, quad
from data.demo.tops import sleeves

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
    if vee:
        opening = polygon((0.0, top + dip), (neck, top))
    else:
        opening = smooth(
            (0.0, top + dip),
            (neck * 0.62, top + dip * 0.78),
            (neck * 0.97, top + 0.04),
            (neck, top),
            closed=False,
        )
    side = smooth(
        (neck, top), (shoulder, top + 0.1), (shoulder - 0.06, top + 0.25), (shoulder - 0.06, top + 0.38), (waist + 0.03, level - 0.2),
        (waist, level), (waist, level), closed=False, tension=0.35,
    )  # fmt: skip
    return mirrored(np.vstack([opening, side, [[0.0, level + 0.02]]]))


def _flare(waist: float, hip: float, hem: float, top: float, bottom: float) -> Points:
    """A skirt's outline from waist to a gently curved hem."""
    side = smooth(
        (waist, top), (hip, top + (bottom - top) * 0.3), (hem, bottom - 0.03), (hem, bottom - 0.03), (hem * 0.5, bottom + 0.02),
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


def _leg(
    waist: float, knee: float, hem: float, top: float, crotch: float, bottom: float, apart: float
) -> Points:
    """The right leg of a pair, from waist to hem."""
    middle = (crotch + bottom) / 2
    centre_knee, centre_hem = waist * 0.56 + apart * 0.5, waist * 0.58 + apart
    return smooth(
        (-0.005, top), (waist, top - 0.01), (waist, top - 0.01), (waist + 0.07, top + 0.26), (centre_knee + knee, middle),
        (centre_hem + hem, bottom), (centre_hem + hem, bottom), (centre_hem - hem, bottom + 0.012), (centre_hem - hem, bottom + 0.012),
        (centre_knee - knee, middle), (0.012, crotch), (-0.005, crotch - 0.03), tension=0.3,
    )  # fmt: skip


def _fly(s: Sketch, waist: float, top: float, crotch: float) -> None:
    """Waistband, fly, pockets, button."""
    belt = smooth(
        (-waist, top - 0.075),
        (0, top - 0.055),
        (waist, top - 0.075),
        (waist + 0.01, top + 0.01),
        (0, top + 0.03),
        (-waist - 0.01, top + 0.01),
        tension=0.3,
    )
    s.board.part(
        belt, s.plain if s.spec.pattern == "plain" else s.main, Relief(pillow=0.8, crumple=0), Lay(cast=0.25)
    )
    s.stitch((0.0, top + 0.03), (0.004, crotch - 0.02), opacity=0.6)
    s.stitch((0.055, top + 0.03), (0.055, crotch - 0.16), (0.004, crotch - 0.06), opacity=0.5)
    for side in (-1, 1):
        s.stitch(
            (side * (waist + 0.045), top + 0.2),
            (side * waist * 0.72, top + 0.15),
            (side * waist * 0.62, top + 0.02),
            opacity=0.75,
            width=0.014,
        )
        for x in (0.3, 0.75):
            s.board.part(
                quad(side * waist * x - 0.014, top - 0.08, side * waist * x + 0.014, top + 0.04),
                s.plain,
                Relief(pillow=0.5, crumple=0),
                Lay(cast=0.3),
            )
    s.button(0.0, top - 0.02, 0.026)


def _knees(waist: float, crotch: float) -> tuple[Fold, ...]:
    lines = [
        smooth(
            (0.02, crotch - 0.02), (waist * 0.5, crotch - 0.03), (waist * 0.9, crotch - 0.1), closed=False
        ),
        smooth(
            (0.03, crotch + 0.06), (waist * 0.5, crotch + 0.07), (waist * 0.8, crotch + 0.02), closed=False
        ),
        smooth((0.2, crotch + 0.5), (0.3, crotch + 0.53), (0.4, crotch + 0.5), closed=False),
    ]
    return tuple(Fold(line, 0.03, -0.5) for line in lines)


def trousers(s: Sketch) -> None:
    """Trousers: slim, straight, wide or flared."""
    waist, top, crotch, bottom = s.about(0.29, 0.05), -0.82, s.about(-0.3, 0.1), s.about(0.9, 0.02)
    knee, hem, apart = {
        "slim": (0.125, 0.085, 0.06), "straight": (0.145, 0.13, 0.08), "wide": (0.2, 0.225, 0.15), "flared": (0.125, 0.21, 0.12),
    }[s.spec.shape["shape"]]  # fmt: skip
    _trouser_legs(
        s,
        _leg(waist, s.about(knee), s.about(hem), top, crotch, bottom, apart),
        _knees(waist, crotch),
        waist,
        top,
    )
    if s.spec.material in ("wool", "linen"):
        x = waist * 0.57 + apart * 0.5
        for side in (-1, 1):
            s.stitch(
                (side * waist * 0.55, top + 0.2),
                (side * x, 0.2),
                (side * (waist * 0.58 + apart), bottom - 0.02),
                opacity=0.28,
            )
    if s.spec.material == "denim":
        centre = waist * 0.58 + apart
        for side in (-1, 1):
            s.stitch(
                (side * (centre - hem), bottom - 0.045), (side * (centre + hem), bottom - 0.05), opacity=0.8
            )
    _fly(s, waist, top, crotch)


def _trouser_legs(s: Sketch, leg: Points, folds: tuple[Fold, ...], waist: float, top: float) -> None:
    back = smooth(
        (-waist, top - 0.07),
        (0, top - 0.12),
        (waist, top - 0.07),
        (waist, top),
        (0, top + 0.02),
        (-waist, top),
    )
    s.board.part(back, s.inside, Relief(pillow=0.2))
    s.both(leg, s.main, Relief(pillow=0.9, tube=0.45, folds=folds), Lay(turn=0.03, cast=0.12))


def shorts(s: Sketch) -> None:
    """Shorts: tailored, sport with a drawstring, or bermuda."""
    kind = s.spec.shape["shape"]
    waist, top, crotch = s.about(0.37, 0.04), -0.46, s.about(-0.02, 0.6)
    bottom = {"tailored": 0.3, "sport": 0.24, "bermuda": 0.56}[kind]
    hem = {"tailored": 0.235, "sport": 0.27, "bermuda": 0.22}[kind]
    folds = (
        Fold(
            smooth((0.02, crotch), (waist * 0.5, crotch - 0.02), (waist, crotch - 0.1), closed=False),
            0.035,
            -0.6,
        ),
        Fold(
            smooth((0.1, crotch + 0.14), (0.3, crotch + 0.16), (0.48, crotch + 0.1), closed=False),
            0.035,
            -0.4,
        ),
    )
    _trouser_legs(s, _leg(waist, hem * 1.0, hem, top, crotch, bottom, 0.09), folds, waist, top)
    centre = waist * 0.58 + 0.09
    if kind != "sport":
        cuff = polygon(
            (centre - hem - 0.006, bottom - 0.055),
            (centre + hem + 0.012, bottom - 0.065),
            (centre + hem + 0.012, bottom + 0.005),
            (centre - hem - 0.006, bottom + 0.018),
        )
        s.both(cuff, s.main, Relief(pillow=0.7, crumple=0), Lay(cast=0.2))
        _fly(s, waist, top, crotch)
        return
    stripe = band(
        smooth(
            (waist + 0.02, top + 0.05), (waist + 0.07, top + 0.3), (centre + hem - 0.02, bottom), closed=False
        ),
        0.05,
    )
    s.both(stripe, s.trim, Relief(pillow=0.2, crumple=0), Lay(cast=0))
    elastic = smooth(
        (-waist, top - 0.08),
        (0, top - 0.06),
        (waist, top - 0.08),
        (waist + 0.015, top + 0.03),
        (0, top + 0.05),
        (-waist - 0.015, top + 0.03),
        tension=0.3,
    )
    s.board.part(elastic, Cloth.plain(s.spec.rgb, "corduroy"), Relief(pillow=0.9, crumple=0), Lay(cast=0.25))
    cord = mix(s.spec.second, (245, 245, 240), 0.4)
    for side in (-1, 1):
        s.board.stroke(
            smooth((side * 0.03, top), (side * 0.06, top + 0.12), (side * 0.035, top + 0.24), closed=False),
            0.022,
            cord,
        )
