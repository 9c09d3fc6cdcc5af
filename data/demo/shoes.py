"""Sneakers, boots and heels, seen from the side with the toe to the right."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, ellipse, polygon, smooth
from data.demo.light import Fold, Relief
from data.demo.palette import RGB, lightness, mix
from data.demo.sketch import Sketch

_RUBBER: RGB = (240, 238, 232)
_HARD = Relief(pillow=1.0, crumple=0.25)


def _laces(s: Sketch, start: tuple[float, float], end: tuple[float, float], count: int, span: float) -> None:
    """Laces across the opening, from the throat to the ankle."""
    ink = (242, 240, 234) if lightness(s.spec.rgb) < 80 else mix(s.spec.second, (60, 60, 66), 0.5)
    for share in np.linspace(0.0, 1.0, count):
        x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
        s.board.stroke(
            smooth(
                (x - span * 0.3, y - span * 0.15),
                (x + span * 0.2, y + span * 0.05),
                (x - span * 0.1, y + span * 0.75),
                closed=False,
            ),
            0.05,
            mix(s.spec.rgb, (0, 0, 0), 0.55),
            0.45,
        )
        s.board.stroke(
            smooth(
                (x - span * 0.3, y - span * 0.2),
                (x + span * 0.2, y),
                (x - span * 0.1, y + span * 0.7),
                closed=False,
            ),
            0.034,
            ink,
        )


def sneaker(s: Sketch) -> None:
    """A sneaker: low, high, runner or slip-on."""
    kind = s.spec.shape["shape"]
    collar = {"low": -0.22, "high": -0.56, "runner": -0.24, "slip-on": -0.12}[kind]
    toe = s.about(0.86, 0.03)
    upper = smooth(
        (-0.78, 0.26), (-0.82, collar + 0.16), (-0.78, collar), (-0.78, collar), (-0.52, collar + 0.05), (-0.36, collar - 0.02),
        (-0.36, collar - 0.02), (-0.06, -0.12), (0.3, 0.03), (toe - 0.14, 0.1), (toe - 0.02, 0.26), (toe - 0.02, 0.32), (-0.78, 0.32), tension=0.38,
    )  # fmt: skip
    tongue = smooth(
        (-0.46, collar - 0.02),
        (-0.34, collar - 0.12),
        (-0.2, collar - 0.02),
        (0.1, 0.02),
        (-0.2, 0.1),
        tension=0.35,
    )
    if kind != "slip-on":
        s.board.part(tongue, s.plain, Relief(pillow=0.8, crumple=0.2), Lay(cast=0))
    s.board.part(
        smooth((-0.76, collar + 0.01), (-0.56, collar - 0.015), (-0.36, collar - 0.01), (-0.5, collar + 0.1)),
        s.inside,
        Relief(pillow=0.2, shade=0.8),
        Lay(cast=0),
    )
    s.board.part(upper, s.main, Relief(pillow=1.5, crumple=0.4), Lay())
    if kind == "low" or kind == "high":
        s.board.part(
            smooth((toe - 0.3, 0.3), (toe - 0.24, 0.1), (toe - 0.08, 0.14), (toe - 0.01, 0.3), tension=0.35),
            Cloth.plain(_RUBBER, "rubber") if s.spec.material == "canvas" else s.plain,
            Relief(pillow=1.0, crumple=0),
            Lay(cast=0.2),
        )
    s.board.part(
        smooth(
            (-0.79, 0.3),
            (-0.83, collar + 0.14),
            (-0.79, collar + 0.005),
            (-0.68, collar + 0.03),
            (-0.66, 0.3),
            tension=0.3,
        ),
        s.trim if kind != "slip-on" else s.plain,
        Relief(pillow=0.9, crumple=0),
        Lay(cast=0.25),
    )
    if kind == "runner":
        _runner_flash(s)
    elif kind == "low":
        for k in range(3):
            x = -0.32 + k * 0.13
            s.board.part(
                band(polygon((x, 0.26), (x + 0.14, 0.0)), 0.055),
                s.trim,
                Relief(pillow=0.4, crumple=0),
                Lay(cast=0.2),
            )
    elif kind == "high":
        s.board.part(
            ellipse(-0.52, -0.28, 0.1, 0.1),
            Cloth.plain(_RUBBER, "rubber"),
            Relief(pillow=0.5, crumple=0),
            Lay(cast=0.2),
        )
        s.board.part(ellipse(-0.52, -0.28, 0.06, 0.06), s.trim, Relief(pillow=0.3, crumple=0), Lay(cast=0))
    if kind == "slip-on":
        s.board.part(
            polygon((-0.3, collar + 0.02), (-0.16, collar + 0.08), (-0.2, 0.14), (-0.36, 0.08)),
            Cloth.plain(mix(s.spec.rgb, (20, 20, 24), 0.4), "corduroy"),
            Relief(pillow=0.5, crumple=0),
            Lay(cast=0.2),
        )
    else:
        top = (-0.34, collar + 0.07)
        _laces(s, (0.14, -0.06), top, 6 if kind == "high" else 5, 0.17)
    _sole(s, kind, toe)


def _runner_flash(s: Sketch) -> None:
    s.board.part(
        smooth((-0.5, 0.22), (-0.2, 0.2), (0.26, -0.02), (0.2, 0.04), (-0.14, 0.27), (-0.42, 0.29)),
        s.trim,
        Relief(pillow=0.5, crumple=0),
        Lay(cast=0.25),
    )
    s.stitch((0.36, 0.06), (0.5, 0.18), (0.52, 0.3), opacity=0.5)


def _sole(s: Sketch, kind: str, toe: float) -> None:
    rubber = Cloth.plain(_RUBBER, "rubber")
    if kind == "runner":
        thick = smooth(
            (-0.88, 0.2),
            (-0.5, 0.28),
            (0.1, 0.3),
            (toe, 0.27),
            (toe + 0.04, 0.36),
            (toe - 0.06, 0.48),
            (0.1, 0.5),
            (-0.7, 0.52),
            (-0.9, 0.42),
            tension=0.4,
        )
        s.board.part(thick, rubber, Relief(pillow=1.4, crumple=0), Lay(cast=0.3))
        s.board.part(
            band(smooth((-0.84, 0.34), (-0.3, 0.4), (0.3, 0.4), (toe, 0.36), closed=False), 0.035),
            s.trim,
            Relief(pillow=0.4, crumple=0),
            Lay(cast=0.1),
        )
        return
    s.board.part(
        smooth(
            (-0.83, 0.27),
            (-0.2, 0.29),
            (0.4, 0.29),
            (toe, 0.25),
            (toe + 0.025, 0.36),
            (toe - 0.05, 0.43),
            (-0.76, 0.43),
            (-0.84, 0.36),
            tension=0.3,
        ),
        rubber,
        Relief(pillow=1.2, crumple=0),
        Lay(cast=0.3),
    )
    s.board.stroke(
        smooth((-0.82, 0.32), (0, 0.34), (toe + 0.01, 0.31), closed=False),
        0.016,
        s.spec.second if kind != "slip-on" else s.seam,
        0.9,
    )


def _creases(x: float, y: float) -> tuple[Fold, ...]:
    return tuple(
        Fold(
            smooth(
                (x - 0.1, y + 0.07 * k),
                (x, y + 0.07 * k + 0.03),
                (x + 0.12, y + 0.07 * k - 0.01),
                closed=False,
            ),
            0.025,
            -0.5,
        )
        for k in range(3)
    )


def boot(s: Sketch) -> None:
    """A boot: chelsea, lace-up or knee-high, on a flat or a block heel."""
    kind, block = s.spec.shape["shape"], s.is_("heel", "block")
    top = {"chelsea": -0.52, "lace-up": -0.6, "knee": -0.88}[kind]
    lift = 0.12 if block else 0.0
    toe, width = s.about(0.68, 0.04), 0.27 if kind == "knee" else 0.25
    back = -0.52
    shaft = smooth(
        (back, 0.52 - lift), (back - 0.03, 0.22), (back + 0.03, 0.0), (back, top), (back, top), (back + width * 2, top - 0.02), (back + width * 2, top - 0.02),
        (back + width * 1.9, 0.02), (0.16, 0.22), (0.44, 0.33), (toe - 0.03, 0.46), (toe, 0.6), (0.2, 0.6), (back + 0.2, 0.56 - lift), tension=0.36,
    )  # fmt: skip
    s.board.part(
        smooth(
            (back, top),
            (back + width, top - 0.035),
            (back + width * 2, top - 0.02),
            (back + width, top + 0.05),
        ),
        s.inside,
        Relief(pillow=0.2, shade=0.75),
        Lay(cast=0),
    )
    s.board.part(
        shaft, s.main, Relief(pillow=1.5, tube=0.12, folds=_creases(-0.22, 0.05), crumple=0.4), Lay()
    )
    sole = Cloth.plain(
        (44, 38, 36) if lightness(s.spec.rgb) > 30 or s.board.rng.random() < 0.5 else (176, 132, 84), "rubber"
    )
    heel_height = 0.72 if block else 0.68
    sole_line = smooth(
        (back - 0.02, 0.54 - lift),
        (back + 0.3, 0.57 - lift),
        (0.05, 0.6),
        (0.4, 0.6),
        (toe + 0.02, 0.56),
        closed=False,
    )
    s.board.part(band(sole_line, 0.075), sole, Relief(pillow=0.7, crumple=0), Lay(cast=0.3))
    s.board.part(
        polygon(
            (back - 0.03, 0.53 - lift),
            (back + 0.3, 0.56 - lift),
            (back + (0.2 if block else 0.28), heel_height),
            (back - 0.01, heel_height),
        ),
        sole,
        Relief(pillow=0.8, crumple=0),
        Lay(cast=0.2),
    )
    if kind == "chelsea":
        s.board.part(
            smooth(
                (-0.36, top + 0.02),
                (-0.16, top + 0.02),
                (-0.18, -0.1),
                (-0.26, 0.12),
                (-0.34, -0.1),
                tension=0.35,
            ),
            Cloth.plain(mix(s.spec.second, (40, 36, 36), 0.65), "corduroy"),
            Relief(pillow=0.5, crumple=0),
            Lay(cast=0.2),
        )
        s.board.part(
            band(
                smooth(
                    (back + 0.02, top + 0.06),
                    (back - 0.05, top - 0.06),
                    (back + 0.05, top - 0.08),
                    closed=False,
                ),
                0.045,
            ),
            s.trim,
            Relief(pillow=0.4, crumple=0),
        )
    elif kind == "lace-up":
        s.stitch((-0.08, top + 0.04), (-0.1, 0.0), (0.02, 0.26), (0.3, 0.4), opacity=0.7)
        _laces(s, (0.16, 0.2), (-0.06, top + 0.1), 8, 0.15)
    else:
        s.stitch((back + 0.12, top), (back + 0.16, 0.1), (back + 0.14, 0.5), opacity=0.6)
        s.board.part(
            band(polygon((back - 0.01, top + 0.16), (back + width * 2, top + 0.13)), 0.05),
            s.plain,
            Relief(pillow=0.6, crumple=0),
            Lay(cast=0.3),
        )


def _heel_post(s: Sketch, height: float) -> Points:
    if s.is_("heel", "stiletto"):
        return smooth(
            (-0.74, height + 0.02),
            (-0.42, height + 0.14),
            (-0.42, height + 0.14),
            (-0.58, height + 0.32),
            (-0.66, 0.58),
            (-0.66, 0.58),
            (-0.72, 0.58),
            (-0.72, 0.58),
            (-0.72, height + 0.3),
            tension=0.3,
        )
    if s.is_("heel", "kitten"):
        return smooth(
            (-0.74, height + 0.02),
            (-0.42, height + 0.12),
            (-0.42, height + 0.12),
            (-0.58, 0.44),
            (-0.6, 0.58),
            (-0.6, 0.58),
            (-0.68, 0.58),
            (-0.68, 0.58),
            tension=0.3,
        )
    return polygon((-0.75, height + 0.02), (-0.38, height + 0.13), (-0.42, 0.58), (-0.73, 0.58))


def heel(s: Sketch) -> None:
    """A heeled shoe: pump, ankle strap or mule, on three kinds of heel."""
    kind = s.spec.shape["shape"]
    height = {"stiletto": -0.1, "block": 0.02, "kitten": 0.2}[s.spec.shape["heel"]]
    toe = s.about(0.82, 0.02)
    foot = smooth(
        (-0.74, height + 0.06),
        (-0.34, height + 0.14),
        (0.12, 0.44),
        (0.4, 0.54),
        (toe, 0.53),
        closed=False,
        tension=0.45,
    )
    s.board.part(
        _heel_post(s, height),
        s.trim if s.board.rng.random() < 0.25 else s.plain,
        Relief(pillow=0.9, crumple=0, tube=0.4),
        Lay(),
    )
    low = smooth(
        (-0.72, height + 0.03),
        (-0.3, height + 0.1),
        (0.14, 0.38),
        (0.38, 0.47),
        (0.6, 0.46),
        closed=False,
        tension=0.45,
    )
    s.board.part(
        band(low, 0.07), Cloth.plain((222, 196, 164), "leather"), Relief(pillow=0.4, crumple=0), Lay(cast=0)
    )
    if kind != "mule":
        counter = smooth(
            (-0.76, height + 0.07),
            (-0.79, height - 0.12),
            (-0.74, height - 0.3),
            (-0.74, height - 0.3),
            (-0.5, height - 0.06),
            (-0.06, height * 0.5 + 0.22),
            (0.12, 0.4),
            (0.1, 0.45),
            (-0.36, height + 0.14),
            tension=0.36,
        )
        s.board.part(counter, s.main, Relief(pillow=1.3, crumple=0.2), Lay())
    vamp_back = 0.02 if kind == "mule" else 0.06
    vamp = smooth(
        (vamp_back, 0.4),
        (vamp_back + 0.1, 0.2),
        (vamp_back + 0.22, 0.22),
        (0.42, 0.36),
        (toe - 0.06, 0.46),
        (toe, 0.53),
        (toe - 0.04, 0.56),
        (0.38, 0.56),
        (0.14, 0.46),
        tension=0.36,
    )
    s.board.part(vamp, s.main, Relief(pillow=1.4, crumple=0.2), Lay(cast=0.25))
    s.board.part(
        band(foot, [0.035, 0.05]),
        Cloth.plain((58, 46, 42), "leather"),
        Relief(pillow=0.4, crumple=0),
        Lay(cast=0.2),
    )
    if kind == "strap":
        y = height - 0.26
        strap = smooth(
            (-0.76, y),
            (-0.56, y + 0.02),
            (-0.34, y - 0.06),
            (-0.36, y - 0.16),
            (-0.58, y - 0.13),
            (-0.74, y - 0.07),
            closed=False,
        )
        s.board.part(band(strap, 0.045), s.main, Relief(pillow=0.7, crumple=0), Lay(cast=0.3))
        s.board.part(
            ellipse(-0.42, y - 0.02, 0.035, 0.035, 16),
            Cloth.plain((214, 190, 120), "metal"),
            Relief(pillow=0.5, crumple=0),
            Lay(cast=0.3),
        )
    elif kind == "pump" and s.board.rng.random() < 0.4:
        for side in (-1, 1):
            s.board.part(
                smooth((0.3, 0.27), (0.3 + side * 0.13, 0.2), (0.3 + side * 0.13, 0.34), tension=0.3),
                s.trim,
                Relief(pillow=0.9, crumple=0),
                Lay(cast=0.3),
            )
