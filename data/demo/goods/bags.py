"""Bags: tote, satchel, bucket, clutch."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, ellipse, polygon, rounded, smooth
from data.demo.light import Fold, Relief
from data.demo.palette import RGB, mix
from data.demo.sketch import Sketch

_BRASS: RGB = (206, 174, 104)


STEEL: RGB = (196, 198, 204)


def fittings(s: Sketch) -> Cloth:
    """Buckles and chains: brass, or steel."""
    return Cloth.plain(_BRASS if s.spec.seed % 3 else STEEL, "metal")


def handle_leather(s: Sketch) -> Cloth:
    """The leather of handles and straps: the main colour darkened, or tan on light canvas."""
    tan = s.spec.material in ("canvas", "straw", "nylon") and s.spec.seed % 2 == 0
    return Cloth.plain((158, 100, 58) if tan else mix(s.spec.rgb, (20, 18, 18), 0.25), "leather")


def arch(half: float, foot: float, top: float) -> Points:
    """The line of a handle: both feet at ``foot``, its arch at ``top``."""
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
    straps, width, top, bottom = handle_leather(s), s.about(0.56), s.about(-0.2, 0.2), 0.76
    s.board.part(
        band(arch(0.26, top + 0.05, -0.82), 0.055),
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
        band(arch(0.26, top + 0.16, -0.74), 0.055), straps, Relief(pillow=0.6, crumple=0), Lay(cast=0.35)
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
        band(arch(0.56, top + 0.05, -0.84), 0.045),
        handle_leather(s),
        Relief(pillow=0.6, crumple=0),
        Lay(cast=0.2),
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
        fittings(s),
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
        band(arch(0.42, top + 0.1, -0.86), 0.05),
        handle_leather(s),
        Relief(pillow=0.6, crumple=0),
        Lay(cast=0.2),
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
        handle_leather(s),
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
            fittings(s),
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
        ellipse(0, top + 0.4, 0.05, 0.05, 20), fittings(s), Relief(pillow=1.0, crumple=0), Lay(cast=0.4)
    )
