"""Sneakers, seen from the side with the toe to the right."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import band, ellipse, polygon, smooth
from data.demo.light import Relief
from data.demo.palette import RGB, lightness, mix
from data.demo.sketch import Sketch

_RUBBER: RGB = (240, 238, 232)
_PATCH = Relief(pillow=0.5, crumple=0)


def laces(s: Sketch, start: tuple[float, float], end: tuple[float, float], count: int, span: float) -> None:
    """Laces across the opening, from the throat to the ankle, each ``span`` long."""
    ink = (242, 240, 234) if lightness(s.spec.rgb) < 80 else mix(s.spec.second, (60, 60, 66), 0.5)
    for share in np.linspace(0.0, 1.0, count):
        x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
        line = smooth(
            (x - span * 0.3, y - span * 0.2),
            (x + span * 0.2, y),
            (x - span * 0.1, y + span * 0.7),
            closed=False,
        )
        s.board.stroke(line + np.array([0.0, span * 0.05]), 0.05, mix(s.spec.rgb, (0, 0, 0), 0.55), 0.45)
        s.board.stroke(line, 0.034, ink)


def sneaker(s: Sketch) -> None:
    """A sneaker: low, high, runner or slip-on."""
    kind = s.spec.shape["shape"]
    collar = {"low": -0.22, "high": -0.56, "runner": -0.24, "slip-on": -0.12}[kind]
    toe = s.about(0.86, 0.03)
    if kind != "slip-on":
        tongue = smooth(
            (-0.46, collar - 0.02), (-0.34, collar - 0.12), (-0.2, collar - 0.02), (0.1, 0.02),
            (-0.2, 0.1), tension=0.35
        )  # fmt: skip
        s.board.part(tongue, s.plain, Relief(pillow=0.8, crumple=0.2), Lay(cast=0))
    opening = smooth(
        (-0.76, collar + 0.01), (-0.56, collar - 0.015), (-0.36, collar - 0.01), (-0.5, collar + 0.1)
    )
    s.board.part(opening, s.inside, Relief(pillow=0.2, shade=0.8), Lay(cast=0))
    upper = smooth(
        (-0.78, 0.26), (-0.82, collar + 0.16), (-0.78, collar), (-0.78, collar), (-0.52, collar + 0.05),
        (-0.36, collar - 0.02), (-0.36, collar - 0.02), (-0.06, -0.12), (0.3, 0.03), (toe - 0.14, 0.1),
        (toe - 0.02, 0.26), (toe - 0.02, 0.32), (-0.78, 0.32), tension=0.38,
    )  # fmt: skip
    s.board.part(upper, s.main, Relief(pillow=1.5, crumple=0.4), Lay())
    counter = smooth(
        (-0.79, 0.3), (-0.83, collar + 0.14), (-0.79, collar + 0.005), (-0.68, collar + 0.03),
        (-0.66, 0.3), tension=0.3
    )  # fmt: skip
    s.board.part(
        counter, s.trim if kind != "slip-on" else s.plain, Relief(pillow=0.9, crumple=0), Lay(cast=0.25)
    )
    _markings(s, kind, collar, toe)
    if kind != "slip-on":
        laces(s, (0.14, -0.06), (-0.34, collar + 0.07), 6 if kind == "high" else 5, 0.17)
    _sole(s, kind, toe)


def _markings(s: Sketch, kind: str, collar: float, toe: float) -> None:
    """What tells the four kinds apart on their sides."""
    if kind in ("low", "high"):
        cap = smooth((toe - 0.3, 0.3), (toe - 0.24, 0.1), (toe - 0.08, 0.14), (toe - 0.01, 0.3), tension=0.35)
        rubber = Cloth.plain(_RUBBER, "rubber") if s.spec.material == "canvas" else s.plain
        s.board.part(cap, rubber, Relief(pillow=1.0, crumple=0), Lay(cast=0.2))
    if kind == "low":
        for x in (-0.32, -0.19, -0.06):
            s.board.part(band(polygon((x, 0.26), (x + 0.14, 0.0)), 0.055), s.trim, _PATCH, Lay(cast=0.2))
    elif kind == "high":
        s.board.part(ellipse(-0.52, -0.28, 0.1, 0.1), Cloth.plain(_RUBBER, "rubber"), _PATCH, Lay(cast=0.2))
        s.board.part(ellipse(-0.52, -0.28, 0.06, 0.06), s.trim, Relief(pillow=0.3, crumple=0), Lay(cast=0))
    elif kind == "runner":
        flash = smooth((-0.5, 0.22), (-0.2, 0.2), (0.26, -0.02), (0.2, 0.04), (-0.14, 0.27), (-0.42, 0.29))
        s.board.part(flash, s.trim, _PATCH, Lay(cast=0.25))
        s.stitch((0.36, 0.06), (0.5, 0.18), (0.52, 0.3), opacity=0.5)
    else:
        gusset = polygon((-0.3, collar + 0.02), (-0.16, collar + 0.08), (-0.2, 0.14), (-0.36, 0.08))
        elastic = Cloth.plain(mix(s.spec.rgb, (20, 20, 24), 0.4), "corduroy")
        s.board.part(gusset, elastic, _PATCH, Lay(cast=0.2))


def _sole(s: Sketch, kind: str, toe: float) -> None:
    rubber = Cloth.plain(_RUBBER, "rubber")
    if kind == "runner":
        thick = smooth(
            (-0.88, 0.2), (-0.5, 0.28), (0.1, 0.3), (toe, 0.27), (toe + 0.04, 0.36), (toe - 0.06, 0.48),
            (0.1, 0.5),
            (-0.7, 0.52), (-0.9, 0.42), tension=0.4,
        )  # fmt: skip
        s.board.part(thick, rubber, Relief(pillow=1.4, crumple=0), Lay(cast=0.3))
        stripe = band(smooth((-0.84, 0.34), (-0.3, 0.4), (0.3, 0.4), (toe, 0.36), closed=False), 0.035)
        s.board.part(stripe, s.trim, Relief(pillow=0.4, crumple=0), Lay(cast=0.1))
        return
    thin = smooth(
        (-0.83, 0.27), (-0.2, 0.29), (0.4, 0.29), (toe, 0.25), (toe + 0.025, 0.36), (toe - 0.05, 0.43),
        (-0.76, 0.43),
        (-0.84, 0.36), tension=0.3,
    )  # fmt: skip
    s.board.part(thin, rubber, Relief(pillow=1.2, crumple=0), Lay(cast=0.3))
    foxing = smooth((-0.82, 0.32), (0, 0.34), (toe + 0.01, 0.31), closed=False)
    s.board.stroke(foxing, 0.016, s.spec.second if kind != "slip-on" else s.seam, 0.9)
