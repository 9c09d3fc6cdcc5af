"""Bags, backpacks, hats, scarves and watches."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, ellipse, mirrored, polygon, rounded, smooth, turned
from data.demo.light import Fold, Relief
from data.demo.palette import RGB, lightness, mix
from data.demo.sketch import Sketch, quad

_BRASS: RGB = (206, 174, 104)
_STEEL: RGB = (196, 198, 204)


def _metal(s: Sketch) -> Cloth:
    return Cloth.plain(_BRASS if s.spec.seed % 3 else _STEEL, "metal")


def _leather(s: Sketch) -> Cloth:
    """The leather of handles and straps: the main colour darkened, or tan on light canvas."""
    tan = s.spec.material in ("canvas", "straw", "nylon") and s.spec.seed % 2 == 0
    return Cloth.plain((158, 100, 58) if tan else mix(s.spec.rgb, (20, 18, 18), 0.25), "leather")


def _arch(half: float, foot: float, top: float) -> Points:
    return smooth(
        (-half, foot),
        (-half * 0.92, (foot + top) / 2),
        (-half * 0.5, top),
        (half * 0.5, top),
        (half * 0.92, (foot + top) / 2),
        (half, foot),
        closed=False,
        tension=0.4,
    )


def bag(s: Sketch) -> None:
    """A bag: tote, satchel, bucket or clutch."""
    {"tote": _tote, "satchel": _satchel, "bucket": _bucket, "clutch": _clutch}[s.spec.shape["shape"]](s)


def _tote(s: Sketch) -> None:
    straps, width, top, bottom = _leather(s), s.about(0.56), s.about(-0.2, 0.2), 0.76
    s.board.part(
        band(_arch(0.26, top + 0.05, -0.82), 0.055),
        straps,
        Relief(pillow=0.6, crumple=0, shade=0.75),
        Lay(cast=0.2),
    )
    s.board.part(
        smooth(
            (-width, top),
            (0, top - 0.05),
            (width, top),
            (width * 0.9, top + 0.08),
            (-width * 0.9, top + 0.08),
        ),
        s.inside,
        Relief(pillow=0.2, shade=0.8),
    )
    body = smooth(
        (-width, top),
        (-width, top),
        (0, top + 0.035),
        (width, top),
        (width, top),
        (width * 0.9, bottom - 0.04),
        (width * 0.8, bottom),
        (0, bottom + 0.02),
        (-width * 0.8, bottom),
        (-width * 0.9, bottom - 0.04),
        tension=0.25,
    )
    s.board.part(
        body, s.main, Relief(pillow=1.3, folds=s.drapes(top, bottom, 0.4, 3, 0.4), crumple=0.7), Lay()
    )
    s.board.part(
        band(_arch(0.26, top + 0.16, -0.74), 0.055), straps, Relief(pillow=0.6, crumple=0), Lay(cast=0.35)
    )
    for x in (-0.26, 0.26):
        s.board.part(
            rounded(x - 0.045, top + 0.08, x + 0.045, top + 0.22, 0.02),
            straps,
            Relief(pillow=0.5, crumple=0),
            Lay(cast=0.25),
        )
    s.stitch((-width * 0.97, top + 0.05), (0, top + 0.085), (width * 0.97, top + 0.05), opacity=0.45)


def _satchel(s: Sketch) -> None:
    width, top, bottom = s.about(0.68, 0.05), s.about(-0.14, 0.15), s.about(0.62, 0.05)
    s.board.part(
        band(_arch(0.56, top + 0.05, -0.84), 0.045), _leather(s), Relief(pillow=0.6, crumple=0), Lay(cast=0.2)
    )
    s.board.part(rounded(-width, top, width, bottom, 0.09), s.main, Relief(pillow=1.4, crumple=0.3), Lay())
    flap = smooth(
        (-width - 0.01, top - 0.02),
        (-width - 0.01, top - 0.02),
        (width + 0.01, top - 0.02),
        (width + 0.01, top - 0.02),
        (width, top + 0.26),
        (width * 0.6, top + 0.44),
        (0, top + 0.48),
        (-width * 0.6, top + 0.44),
        (-width, top + 0.26),
        tension=0.3,
    )
    s.board.part(flap, s.main, Relief(pillow=1.1, crumple=0.3), Lay(cast=0.5))
    line = smooth(
        (-width * 0.95, top + 0.24),
        (-width * 0.58, top + 0.4),
        (0, top + 0.44),
        (width * 0.58, top + 0.4),
        (width * 0.95, top + 0.24),
        closed=False,
    )
    s.board.stroke(line, 0.012, s.seam, 0.5)
    s.board.part(
        rounded(-0.06, top + 0.36, 0.06, top + 0.52, 0.03),
        _metal(s),
        Relief(pillow=0.8, crumple=0),
        Lay(cast=0.4),
    )
    s.board.part(
        rounded(-0.02, top + 0.41, 0.02, top + 0.48, 0.012),
        Cloth.plain((90, 76, 50), "metal"),
        Relief(pillow=0.3),
        Lay(cast=0),
    )


def _bucket(s: Sketch) -> None:
    width, top, bottom = s.about(0.5), -0.2, 0.78
    s.board.part(
        band(_arch(0.42, top + 0.1, -0.86), 0.05), _leather(s), Relief(pillow=0.6, crumple=0), Lay(cast=0.2)
    )
    s.board.part(ellipse(0, top, width * 0.86, 0.09), s.inside, Relief(pillow=0.2, shade=0.75))
    gather = tuple(
        Fold(polygon((x * 0.8, top), (x, top + 0.3)), 0.03, 0.6 * (-1) ** k)
        for k, x in enumerate(np.linspace(-0.4, 0.4, 8))
    )
    body = smooth(
        (-width * 0.86, top),
        (-width * 0.86, top),
        (0, top + 0.09),
        (width * 0.86, top),
        (width * 0.86, top),
        (width * 1.08, 0.3),
        (width, bottom - 0.03),
        (width * 0.6, bottom + 0.02),
        (-width * 0.6, bottom + 0.02),
        (-width, bottom - 0.03),
        (-width * 1.08, 0.3),
        tension=0.3,
    )
    s.board.part(body, s.main, Relief(pillow=1.0, tube=0.55, folds=gather), Lay(wrap=True))
    s.board.part(
        smooth(
            (-width * 1.02, bottom - 0.2),
            (0, bottom - 0.14),
            (width * 1.02, bottom - 0.2),
            (width, bottom - 0.02),
            (0, bottom + 0.035),
            (-width, bottom - 0.02),
            tension=0.3,
        ),
        _leather(s),
        Relief(pillow=0.6, tube=0.5, crumple=0),
        Lay(cast=0.15),
    )
    cord = mix(s.spec.second, (250, 246, 238), 0.2)
    s.board.stroke(
        smooth((-width * 0.9, top + 0.16), (0, top + 0.25), (width * 0.9, top + 0.16), closed=False),
        0.03,
        cord,
    )
    for side in (-1, 1):
        s.board.stroke(
            smooth(
                (side * 0.02, top + 0.25), (side * 0.1, top + 0.42), (side * 0.07, top + 0.58), closed=False
            ),
            0.03,
            cord,
        )


def _clutch(s: Sketch) -> None:
    width, top, bottom = s.about(0.78, 0.04), -0.3, s.about(0.4, 0.1)
    chain = smooth(
        (-width + 0.06, top + 0.02),
        (-0.4, -0.66),
        (0.1, -0.74),
        (0.5, -0.56),
        (width - 0.06, top + 0.02),
        closed=False,
    )
    for x, y in chain[::2]:
        s.board.part(
            ellipse(float(x), float(y), 0.026, 0.018, 12),
            _metal(s),
            Relief(pillow=0.5, crumple=0),
            Lay(cast=0.15),
        )
    s.board.part(rounded(-width, top, width, bottom, 0.06), s.main, Relief(pillow=1.3, crumple=0.4), Lay())
    s.board.part(
        polygon(
            (-width - 0.005, top - 0.01),
            (width + 0.005, top - 0.01),
            (width, top + 0.12),
            (0.0, top + 0.46),
            (-width, top + 0.12),
        ),
        s.main,
        Relief(pillow=1.0, crumple=0.3),
        Lay(turn=0.5 if s.spec.seed % 2 else 0.0, cast=0.5),
    )
    s.board.part(
        ellipse(0, top + 0.4, 0.05, 0.05, 20), _metal(s), Relief(pillow=1.0, crumple=0), Lay(cast=0.4)
    )


def backpack(s: Sketch) -> None:
    """A backpack: zip, flap or roll-top, with a front pocket and straps at the sides."""
    kind, width = s.spec.shape["shape"], s.about(0.5, 0.06)
    top, bottom, straps = -0.66, 0.8, _leather(s)
    s.board.part(
        band(_arch(0.13, top + 0.06, -0.86), 0.05), straps, Relief(pillow=0.7, crumple=0), Lay(cast=0.2)
    )
    for side in (-1, 1):
        line = smooth(
            (side * width * 0.7, top + 0.2),
            (side * (width + 0.13), -0.1),
            (side * (width + 0.09), 0.45),
            (side * width * 0.8, 0.66),
            closed=False,
        )
        s.board.part(band(line, 0.1), straps, Relief(pillow=0.8, crumple=0.2, shade=0.85), Lay(cast=0.2))
    crown = 0.5 if kind == "roll-top" else 0.8
    body = smooth(
        (-width, bottom - 0.1),
        (-width - 0.02, 0.1),
        (-width * 0.96, top + 0.24),
        (-width * crown, top + 0.02),
        (0, top - 0.03),
        (width * crown, top + 0.02),
        (width * 0.96, top + 0.24),
        (width + 0.02, 0.1),
        (width, bottom - 0.1),
        (width * 0.8, bottom),
        (-width * 0.8, bottom),
        tension=0.34,
    )
    s.board.part(body, s.main, Relief(pillow=1.5, crumple=0.7), Lay())
    pocket_top = 0.16 if kind == "zip" else 0.24
    s.board.part(
        rounded(-width * 0.74, pocket_top, width * 0.74, bottom - 0.07, 0.1),
        s.main if kind == "zip" else s.plain,
        Relief(pillow=1.2, crumple=0.4),
        Lay(cast=0.45),
    )
    metal = mix(_STEEL, s.spec.rgb, 0.1)
    s.board.stroke(
        smooth(
            (-width * 0.62, pocket_top + 0.08),
            (0, pocket_top + 0.06),
            (width * 0.62, pocket_top + 0.08),
            closed=False,
        ),
        0.026,
        mix(s.spec.rgb, (16, 16, 18), 0.5),
    )
    s.board.stroke(
        smooth(
            (-width * 0.62, pocket_top + 0.08),
            (0, pocket_top + 0.06),
            (width * 0.62, pocket_top + 0.08),
            closed=False,
        ),
        0.008,
        metal,
    )
    if kind == "zip":
        line = smooth(
            (-width * 0.94, 0.0),
            (-width * 0.86, top + 0.3),
            (0, top + 0.14),
            (width * 0.86, top + 0.3),
            (width * 0.94, 0.0),
            closed=False,
        )
        s.board.stroke(line, 0.034, mix(s.spec.rgb, (16, 16, 18), 0.5))
        s.board.stroke(line, 0.01, metal)
        s.board.part(
            rounded(-0.1, -0.2, 0.1, -0.04, 0.02), s.trim, Relief(pillow=0.6, crumple=0), Lay(cast=0.3)
        )
        return
    reach = 0.08 if kind == "flap" else -0.22
    flap = smooth(
        (-width * 0.98, top + 0.2),
        (-width * 0.7, top - 0.02),
        (0, top - 0.06),
        (width * 0.7, top - 0.02),
        (width * 0.98, top + 0.2),
        (width * 0.94, reach),
        (width * 0.6, reach + 0.08),
        (-width * 0.6, reach + 0.08),
        (-width * 0.94, reach),
        tension=0.32,
    )
    s.board.part(flap, s.main, Relief(pillow=1.3, crumple=0.5), Lay(cast=0.5))
    for x in (-0.22, 0.22) if kind == "flap" else (0.0,):
        s.board.part(
            quad(x - 0.04, reach - 0.22, x + 0.04, reach + 0.28),
            straps,
            Relief(pillow=0.6, crumple=0),
            Lay(cast=0.35),
        )
        s.board.part(
            rounded(x - 0.055, reach + 0.08, x + 0.055, reach + 0.17, 0.015),
            _metal(s),
            Relief(pillow=0.8, crumple=0),
            Lay(cast=0.3),
        )


def hat(s: Sketch) -> None:
    """A hat: cap, beanie, fedora or bucket hat."""
    {"cap": _cap, "beanie": _beanie, "fedora": _fedora, "bucket": _bucket_hat}[s.spec.shape["shape"]](s)


def _cap(s: Sketch) -> None:
    crown = smooth(
        (-0.66, 0.2),
        (-0.66, -0.1),
        (-0.48, -0.42),
        (-0.08, -0.56),
        (0.3, -0.44),
        (0.48, -0.1),
        (0.5, 0.18),
        (0.5, 0.18),
        (0.0, 0.3),
        (-0.66, 0.22),
        tension=0.4,
    )
    visor = smooth(
        (0.08, 0.2),
        (0.4, 0.06),
        (0.52, 0.08),
        (0.84, 0.26),
        (0.92, 0.4),
        (0.7, 0.4),
        (0.36, 0.34),
        (0.06, 0.3),
        tension=0.42,
    )
    s.board.part(
        visor,
        s.trim if s.spec.seed % 3 == 0 else s.plain,
        Relief(pillow=1.2, crumple=0),
        Lay(turn=0.3, cast=0.2),
    )
    s.board.part(crown, s.main, Relief(pillow=1.6, tube=0.3, crumple=0.4), Lay(wrap=True))
    for x, bend in ((-0.38, -0.2), (0.14, 0.12), (-0.1, -0.03)):
        s.stitch((-0.08, -0.55), ((x - 0.08) / 2 + bend * 0.7, -0.25), (x, 0.26), opacity=0.5)
    s.stitch((0.12, 0.24), (0.5, 0.16), (0.82, 0.36), opacity=0.4)
    s.board.part(ellipse(-0.08, -0.56, 0.05, 0.03, 16), s.plain, Relief(pillow=1.0, crumple=0), Lay(cast=0.2))
    if s.spec.pattern == "plain":
        s.board.part(
            rounded(0.16, -0.2, 0.36, 0.0, 0.04), s.trim, Relief(pillow=0.5, crumple=0), Lay(cast=0.15)
        )


def _beanie(s: Sketch) -> None:
    if s.spec.seed % 2:
        fuzz = turned(ellipse(0, -0.7, 0.19, 0.18, 30), 0.2, (0, -0.7))
        fuzz = fuzz + np.random.default_rng(s.spec.seed).normal(0, 0.012, fuzz.shape)
        s.board.part(fuzz, Cloth.plain(s.spec.second, "wool"), Relief(pillow=1.6), Lay(cast=0.3))
    dome = smooth(
        (-0.55, 0.36),
        (-0.56, 0.0),
        (-0.42, -0.38),
        (0, -0.58),
        (0.42, -0.38),
        (0.56, 0.0),
        (0.55, 0.36),
        tension=0.4,
    )
    s.board.part(dome, s.main, Relief(pillow=1.4, tube=0.5, crumple=0.4), Lay(wrap=True))
    cuff = smooth((-0.6, 0.2), (0, 0.25), (0.6, 0.2), (0.61, 0.5), (0, 0.57), (-0.61, 0.5), tension=0.28)
    s.board.part(
        cuff,
        Cloth.plain(s.spec.rgb if s.spec.seed % 4 else s.spec.second, "corduroy"),
        Relief(pillow=1.2, tube=0.5, crumple=0),
        Lay(cast=0.4),
    )
    if s.spec.seed % 5 < 3:
        s.board.part(
            rounded(-0.09, 0.34, 0.09, 0.46, 0.015),
            Cloth.plain((232, 226, 212), "canvas"),
            Relief(pillow=0.3, crumple=0),
            Lay(cast=0.2),
        )


def _fedora(s: Sketch) -> None:
    s.board.part(
        smooth(
            (-0.92, 0.22),
            (-0.5, 0.1),
            (0, 0.06),
            (0.5, 0.1),
            (0.92, 0.22),
            (0.55, 0.42),
            (0, 0.47),
            (-0.55, 0.42),
            tension=0.42,
        ),
        s.main,
        Relief(pillow=1.4, crumple=0.2),
        Lay(),
    )
    crown = smooth(
        (-0.48, 0.26),
        (-0.46, -0.1),
        (-0.36, -0.42),
        (-0.16, -0.46),
        (0.0, -0.38),
        (0.16, -0.46),
        (0.36, -0.42),
        (0.46, -0.1),
        (0.48, 0.26),
        (0, 0.34),
        tension=0.38,
    )
    dent = Fold(smooth((-0.02, -0.4), (0.02, -0.2), (0.0, 0.0), closed=False), 0.09, -0.9)
    s.board.part(
        crown, s.main, Relief(pillow=1.4, tube=0.45, folds=(dent,), crumple=0.2), Lay(wrap=True, cast=0.4)
    )
    s.board.part(
        smooth((-0.47, 0.1), (0, 0.18), (0.47, 0.1), (0.485, 0.24), (0, 0.33), (-0.485, 0.24), tension=0.3),
        s.trim,
        Relief(pillow=0.5, tube=0.5, crumple=0),
        Lay(cast=0.15),
    )


def _bucket_hat(s: Sketch) -> None:
    s.board.part(
        smooth(
            (-0.5, 0.1),
            (0.5, 0.1),
            (0.68, 0.3),
            (0.84, 0.46),
            (0.84, 0.46),
            (0.4, 0.58),
            (0, 0.6),
            (-0.4, 0.58),
            (-0.84, 0.46),
            (-0.84, 0.46),
            (-0.68, 0.3),
            tension=0.3,
        ),
        s.main,
        Relief(pillow=1.2, pleats=5.0),
        Lay(wrap=True),
    )
    crown = smooth(
        (-0.52, 0.2),
        (-0.45, -0.36),
        (-0.38, -0.44),
        (0, -0.49),
        (0.38, -0.44),
        (0.45, -0.36),
        (0.52, 0.2),
        (0, 0.27),
        tension=0.3,
    )
    s.board.part(crown, s.main, Relief(pillow=1.3, tube=0.4), Lay(wrap=True, cast=0.3))
    for y in (0.32, 0.4, 0.48):
        s.stitch((-0.6 - y * 0.3, y - 0.02), (0, y + 0.07), (0.6 + y * 0.3, y - 0.02), opacity=0.35)
    s.stitch((-0.44, -0.34), (0, -0.38), (0.44, -0.34), opacity=0.5)


def _fringe(s: Sketch, left: tuple[float, float], right: tuple[float, float]) -> None:
    ink = s.spec.rgb if s.spec.pattern == "plain" else s.spec.second
    for share in np.linspace(0.03, 0.97, 13):
        x, y = left[0] + (right[0] - left[0]) * share, left[1] + (right[1] - left[1]) * share
        sway = float(s.board.rng.normal(0, 0.012))
        s.board.stroke(polygon((x, y - 0.01), (x + sway, y + 0.12)), 0.026, mix(ink, (10, 10, 10), 0.2))
        s.board.stroke(polygon((x, y - 0.01), (x + sway, y + 0.115)), 0.014, ink)


def scarf(s: Sketch) -> None:
    """A scarf: looped round an unseen neck, or draped in a soft fold."""
    deep = Relief(pillow=1.6, folds=s.drapes(-0.3, 0.6, 0.3, 3, 0.8))
    if s.is_("shape", "draped"):
        for x, tip, lean in ((-0.3, 0.66, 0.06), (0.3, 0.78, -0.04)):
            left, right = (x - 0.21 + lean, tip), (x + 0.19 + lean, tip + 0.02)
            _fringe(s, left, right)
            s.board.part(
                smooth(
                    (x - 0.17, -0.62),
                    (x + 0.17, -0.62),
                    (x + 0.2, 0.0),
                    right,
                    right,
                    left,
                    left,
                    (x - 0.2, 0.0),
                    tension=0.3,
                ),
                s.main,
                Relief(pillow=1.4, folds=s.drapes(-0.5, tip, 0.5, 5, 0.7)),
                Lay(turn=0.04 * np.sign(x)),
            )
        over = smooth(
            (-0.48, -0.56),
            (-0.34, -0.8),
            (0, -0.86),
            (0.34, -0.8),
            (0.48, -0.56),
            (0.3, -0.46),
            (0.12, -0.58),
            (0, -0.6),
            (-0.12, -0.58),
            (-0.3, -0.46),
            tension=0.4,
        )
        s.board.part(
            over,
            s.main,
            Relief(
                pillow=1.6,
                folds=(Fold(smooth((-0.4, -0.6), (0, -0.72), (0.4, -0.6), closed=False), 0.04, -0.7),),
            ),
            Lay(turn=1.4, cast=0.35),
        )
        return
    for x, tip, lean in ((0.2, 0.74, 0.12), (-0.08, 0.62, -0.12)):
        left, right = (x - 0.2 + lean, tip), (x + 0.2 + lean, tip + 0.015)
        _fringe(s, left, right)
        s.board.part(
            smooth((x - 0.16, -0.2), (x + 0.16, -0.2), right, right, left, left, tension=0.28),
            s.main,
            deep,
            Lay(turn=-lean, cast=0.3),
        )
    ring = turned(ellipse(0, -0.32, 0.56, 0.4, 48), 0.04)
    hole = turned(ellipse(0, -0.46, 0.3, 0.13, 36), 0.04)
    s.board.part(hole * 1.02 + (0, 0.01), s.inside, Relief(pillow=0.2, shade=0.75), Lay(cast=0))
    folds = tuple(
        Fold(smooth((-0.5, -0.32 + k), (0, -0.16 + k * 1.3), (0.5, -0.34 + k), closed=False), 0.05, -0.9)
        for k in (0.0, 0.12, -0.1)
    )
    s.board.part(ring, s.main, Relief(pillow=1.8, folds=folds), Lay(turn=0.9, cast=0.5), holes=(hole,))


def watch(s: Sketch) -> None:
    """A watch: round or square, its strap in the named colour, three kinds of dial."""
    case = (
        (214, 180, 110) if s.spec.seed % 3 == 0 else (200, 202, 208) if s.spec.seed % 3 == 1 else (72, 72, 78)
    )
    if s.spec.material == "metal":
        case = s.spec.rgb
    width = s.about(0.21, 0.08)
    strap = mirrored(
        smooth(
            (0.0, -0.96),
            (width * 0.78, -0.95),
            (width * 0.86, -0.6),
            (width, -0.34),
            (width, 0.34),
            (width * 0.84, 0.6),
            (width * 0.72, 0.92),
            (0.0, 0.97),
            closed=False,
            tension=0.3,
        )
    )
    s.board.part(strap, s.main, Relief(pillow=1.4, crumple=0.1), Lay(scale=0.7))
    if s.spec.material == "metal":
        for y in np.linspace(-0.9, 0.9, 22):
            s.board.stroke(
                smooth((-width, y), (0, y + 0.012), (width, y), closed=False),
                0.014,
                mix(s.spec.rgb, (10, 10, 12), 0.55),
                0.7,
            )
    else:
        for side in (-1, 1):
            s.board.stroke(
                smooth(
                    (side * width * 0.66, -0.9),
                    (side * width * 0.76, -0.4),
                    (side * width * 0.76, 0.4),
                    (side * width * 0.6, 0.88),
                    closed=False,
                ),
                0.01,
                s.seam,
                0.5,
            )
        for y in np.linspace(0.55, 0.85, 5):
            s.board.stroke(
                ellipse(0, float(y), 0.02, 0.016, 12), 0, mix(s.spec.rgb, (0, 0, 0), 0.6), 0.9, True
            )
    square = s.is_("shape", "square")
    radius = s.about(0.4 if not square else 0.36, 0.05)
    metal = Cloth.plain(case, "metal")
    s.board.part(
        rounded(radius - 0.01, -0.05, radius + 0.07, 0.05, 0.02),
        metal,
        Relief(pillow=0.8, crumple=0),
        Lay(cast=0.2),
    )

    def face(size: float) -> Points:
        return rounded(-size, -size, size, size, size * 0.22) if square else ellipse(0, 0, size, size, 56)

    s.board.part(face(radius), metal, Relief(pillow=1.8, crumple=0), Lay(cast=0.5))
    dial = {
        "light": (246, 244, 238),
        "dark": (38, 40, 48),
        "matching": mix(s.spec.rgb, (255, 255, 255), 0.12),
    }[s.spec.shape["dial"]]
    s.board.part(face(radius * 0.83), Cloth.plain(dial, "silk"), Relief(pillow=-0.8, crumple=0), Lay(cast=0))
    _hands(s, radius * 0.83, (40, 40, 46) if lightness(dial) > 50 else (238, 238, 236))


def _hands(s: Sketch, radius: float, ink: RGB) -> None:
    for k in range(12):
        angle = k * np.pi / 6
        way = np.array([np.sin(angle), -np.cos(angle)])
        s.board.stroke(
            np.vstack([way * radius * (0.74 if k % 3 == 0 else 0.82), way * radius * 0.9]),
            0.022 if k % 3 == 0 else 0.012,
            ink,
        )
    hour, minute = s.spec.seed % 12 * np.pi / 6 + 0.4, s.spec.seed % 60 * np.pi / 30
    for angle, length, width in ((hour, 0.48, 0.03), (minute, 0.7, 0.02)):
        s.board.stroke(
            np.array([[0.0, 0.0], [np.sin(angle) * radius * length, -np.cos(angle) * radius * length]]),
            width,
            ink,
        )
    s.board.stroke(ellipse(0, 0, 0.022, 0.022, 14), 0, s.spec.second, 1.0, True)
