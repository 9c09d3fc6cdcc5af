"""T-shirts and shirts, laid flat and seen from the front; and the torso and sleeves of all garments."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, mirrored, polygon, smooth
from data.demo.light import Fold, Relief
from data.demo.sketch import Sketch, quad

NECK = 0.19


def round_neck(neck: float, dip: float, top: float) -> Points:
    """The right half of a round opening: ``neck`` wide, ``dip`` deep below ``top``."""
    return smooth(
        (0.0, top + dip),
        (neck * 0.62, top + dip * 0.78),
        (neck * 0.97, top + 0.04),
        (neck, top),
        closed=False,
    )


def torso(
    neck: float, dip: float, shoulder: float, waist: float, hem: float, bottom: float, vee: bool
) -> Points:
    """The outline of a body: neck opening, shoulders, armpits, waist, hem."""
    top = -0.74
    if vee:
        opening = polygon((0.0, top + dip), (neck * 0.55, top + dip * 0.42), (neck, top))
    else:
        opening = round_neck(neck, dip, top)
    side = smooth(
        (neck, top), (shoulder, top + 0.13), (shoulder - 0.02, top + 0.3), (shoulder - 0.05, top + 0.46),
        (waist, 0.1), (hem, bottom - 0.02), (hem - 0.02, bottom), (0.0, bottom + 0.025),
        closed=False, tension=0.32,
    )  # fmt: skip
    return mirrored(np.vstack([opening, side]))


def _sleeve(shoulder: float, length: float, spread: float, cuff: float) -> tuple[Points, float]:
    """A sleeve from the right shoulder: outline and the angle at which it hangs."""
    top = -0.74
    angle = np.arctan2(spread, length)
    end = np.array([shoulder + np.sin(angle) * length, top + 0.2 + np.cos(angle) * length])
    normal = np.array([np.cos(angle), -np.sin(angle)]) * cuff
    outer, inner = end + normal, end - normal
    line = smooth(
        (shoulder - 0.06, top + 0.11), (shoulder + 0.02, top + 0.15),
        ((shoulder + 0.05 + outer[0]) / 2 + 0.03, (top + 0.2 + outer[1]) / 2 - 0.03),
        (float(outer[0]), float(outer[1])), (float(outer[0]), float(outer[1])),
        (float(inner[0]), float(inner[1])), (float(inner[0]), float(inner[1])),
        (shoulder - 0.05, top + 0.5), (shoulder - 0.1, top + 0.4),
        tension=0.3,
    )  # fmt: skip
    return line, float(angle)


def _elbow(shoulder: float, length: float) -> tuple[Fold, ...]:
    if length < 0.5:
        return ()
    x, y = shoulder + 0.12, -0.5 + length * 0.45
    return (
        Fold(smooth((x - 0.1, y), (x, y + 0.03), (x + 0.1, y - 0.02), closed=False), 0.03, -0.6),
        Fold(smooth((x - 0.1, y + 0.1), (x + 0.02, y + 0.1), (x + 0.1, y + 0.05), closed=False), 0.03, -0.5),
    )


def sleeves(s: Sketch, shoulder: float, kind: str, cuffs: Cloth | None = None, wide: float = 1.0) -> None:
    """Both sleeves: "short", "long", or nothing for any other kind."""
    if kind not in ("short", "long"):
        return
    length, spread, cuff = (0.3, 0.2, 0.135) if kind == "short" else (s.about(1.08, 0.03), 0.36, 0.075)
    outline, angle = _sleeve(shoulder, length, spread, cuff * wide)
    relief = Relief(pillow=0.9, tube=0.35, folds=_elbow(shoulder, length))
    s.both(outline, s.main, relief, Lay(turn=-angle, cast=0.15))
    if cuffs is not None and kind == "long":
        top = -0.54
        end = np.array([shoulder + np.sin(angle) * length, top + np.cos(angle) * length])
        along = np.array([np.sin(angle), np.cos(angle)]) * 0.09
        strip = band(np.vstack([end - along, end + along * 0.1]), cuff * wide * 2.1)
        s.both(strip, cuffs, Relief(pillow=0.8, tube=0.4, crumple=0), Lay(turn=-angle, cast=0.3))


def back(s: Sketch, neck: float) -> None:
    """The inside of the back, seen through the neck, with its label."""
    outline = smooth(
        (-neck - 0.03, -0.75),
        (0.0, -0.70),
        (neck + 0.03, -0.75),
        (neck * 0.8, -0.5),
        (0, -0.3),
        (-neck * 0.8, -0.5),
    )
    s.board.part(outline, s.inside, Relief(pillow=0.3, crumple=0.3))
    s.board.part(
        quad(-0.045, -0.685, 0.045, -0.64),
        Cloth.plain((240, 238, 232), "cotton"),
        Relief(pillow=0.2, crumple=0),
    )


def ribbing(s: Sketch, neck: float, dip: float, vee: bool, cloth: Cloth, width: float = 0.05) -> None:
    """The band along the neck opening."""
    if vee:
        line = polygon((-neck, -0.745), (-neck * 0.55, -0.74 + dip * 0.42), (0, -0.74 + dip))
        for points in (line, line * [-1.0, 1.0]):
            s.board.part(band(points, width), cloth, Relief(pillow=0.7, crumple=0), Lay(turn=0.9, cast=0.25))
        return
    right = [(neck, -0.75), (neck * 0.97, -0.70), (neck * 0.62, -0.74 + dip * 0.78)]
    left = [(-x, y) for x, y in right]
    line = smooth(*left, (0, -0.74 + dip), *right[::-1], closed=False)
    s.board.part(band(line, width), cloth, Relief(pillow=0.7, crumple=0), Lay(cast=0.25))


def t_shirt(s: Sketch) -> None:
    """A T-shirt: cut, sleeve and neckline vary."""
    bottom = {"boxy": 0.46, "long": 0.8}.get(s.spec.shape["shape"], s.about(0.68))
    shoulder = s.about(0.5 if s.is_("shape", "boxy") else 0.43, 0.03)
    vee, dip = s.is_("neckline", "v"), {"crew": 0.12, "v": 0.32, "scoop": 0.26}[s.spec.shape["neckline"]]
    neck = s.about(0.23 if s.is_("neckline", "scoop") else NECK, 0.05)
    if s.is_("sleeve", "none"):
        shoulder -= 0.06
    back(s, neck)
    sleeves(s, shoulder, s.spec.shape["sleeve"])
    folds = s.drapes(-0.2, bottom, shoulder * 0.8, 4)
    s.board.part(
        torso(neck, dip, shoulder, shoulder - s.about(0.07, 0.4), shoulder - 0.03, bottom, vee),
        s.main, Relief(folds=folds), Lay(),
    )  # fmt: skip
    rib = s.trim if s.spec.pattern == "plain" and s.board.rng.random() < 0.3 else s.plain
    ribbing(s, neck, dip, vee, rib, 0.045)
    hem = shoulder - 0.06
    s.stitch((-hem, bottom - 0.05), (0, bottom - 0.025), (hem, bottom - 0.05), opacity=0.4)


def collar(s: Sketch, cloth: Cloth) -> None:
    """A shirt collar, with the neck behind it."""
    wing = polygon((0.0, -0.60), (0.05, -0.72), (0.185, -0.80), (0.235, -0.70), (0.13, -0.50))
    s.board.part(
        smooth((-0.18, -0.80), (0, -0.76), (0.18, -0.80), (0.15, -0.68), (0, -0.62), (-0.15, -0.68)),
        s.inside,
        Relief(pillow=0.4, crumple=0.2),
    )
    s.both(wing, cloth, Relief(pillow=0.9, crumple=0.3), Lay(turn=0.6, cast=0.35))


def shirt(s: Sketch) -> None:
    """A shirt: placket, buttons, collar or band, pocket."""
    loose = s.is_("shape", "overshirt")
    shoulder = s.about({"slim": 0.4, "overshirt": 0.48}.get(s.spec.shape["shape"], 0.44), 0.02)
    bottom = s.about(0.7, 0.05)
    waist = shoulder - (0.1 if s.is_("shape", "slim") else 0.04)
    back(s, 0.16)
    sleeves(
        s,
        shoulder,
        s.spec.shape["sleeve"],
        s.plain if s.spec.pattern == "plain" else s.main,
        1.1 if loose else 1.0,
    )
    hem = shoulder - 0.03
    s.board.part(
        torso(0.16, 0.14, shoulder, waist, hem, bottom, True),
        s.main,
        Relief(folds=s.drapes(-0.3, bottom, 0.34, 5, 0.6)),
        Lay(),
    )
    s.board.part(
        quad(-0.045, -0.6, 0.045, bottom + 0.015), s.main, Relief(pillow=0.5, crumple=0.2), Lay(cast=0.3)
    )
    for y in np.linspace(-0.5, bottom - 0.1, 7):
        s.button(0.0, float(y))
    if s.is_("neckline", "collar"):
        collar(s, s.main if s.board.rng.random() < 0.75 else s.plain)
    else:
        line = smooth((-0.165, -0.76), (-0.1, -0.66), (0, -0.61), (0.1, -0.66), (0.165, -0.76), closed=False)
        s.board.part(band(line, 0.075), s.main, Relief(pillow=0.6, crumple=0), Lay(cast=0.3))
    pockets = (1, -1) if loose else (1,)
    for side in pockets:
        x = 0.22 * side
        s.board.part(
            polygon((x - 0.1, -0.3), (x + 0.1, -0.3), (x + 0.1, -0.08), (x, -0.04), (x - 0.1, -0.08)),
            s.main, Relief(pillow=0.4, crumple=0.2), Lay(cast=0.25),
        )  # fmt: skip
        s.stitch((x - 0.095, -0.25), (x, -0.25), (x + 0.095, -0.25), opacity=0.4)
