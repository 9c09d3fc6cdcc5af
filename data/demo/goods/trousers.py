"""Trousers and shorts, seen from the front."""

from __future__ import annotations

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, polygon, smooth
from data.demo.light import Fold, Relief
from data.demo.palette import mix
from data.demo.sketch import Sketch, quad


def _leg(
    waist: float, knee: float, hem: float, top: float, crotch: float, bottom: float, apart: float
) -> Points:
    """The right leg of a pair, from waist to hem."""
    middle = (crotch + bottom) / 2
    centre_knee, centre_hem = waist * 0.56 + apart * 0.5, waist * 0.58 + apart
    return smooth(
        (-0.005, top), (waist, top - 0.01), (waist, top - 0.01), (waist + 0.07, top + 0.26),
        (centre_knee + knee, middle),
        (centre_hem + hem, bottom), (centre_hem + hem, bottom), (centre_hem - hem, bottom + 0.012),
        (centre_hem - hem, bottom + 0.012),
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
        "slim": (0.125, 0.085, 0.06), "straight": (0.145, 0.13, 0.08), "wide": (0.2, 0.225, 0.15),
        "flared": (0.125, 0.21, 0.12),
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
