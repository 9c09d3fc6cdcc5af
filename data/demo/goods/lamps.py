"""Table lamps."""

from __future__ import annotations

from data.demo.board import Cloth, Lay
from data.demo.curves import band, ellipse, mirrored, polygon, smooth
from data.demo.goods.pottery import TURNED, lathe
from data.demo.light import Relief
from data.demo.palette import RGB, mix
from data.demo.sketch import Sketch

_WOODS: tuple[RGB, ...] = ((176, 124, 78), (120, 80, 52), (208, 170, 122))


def _lamp_base(s: Sketch, foot: float, shade_bottom: float) -> None:
    kind = s.spec.shape["base"]
    wood = Cloth.plain(_WOODS[s.spec.seed % 3], "leather")
    brass = Cloth.plain((204, 172, 100) if s.spec.seed % 2 else (70, 70, 76), "metal")
    if kind == "tripod":
        for x in (-0.36, 0.36, 0.02):
            s.board.part(
                band(polygon((x * 0.12, shade_bottom - 0.1), (x, foot)), [0.05, 0.035]),
                wood,
                Relief(pillow=1.0, tube=0.5, crumple=0),
                Lay(cast=0.15),
            )
        return
    if kind == "stick":
        s.board.part(band(polygon((0, shade_bottom - 0.1), (0, foot)), 0.045), brass, TURNED, Lay(cast=0))
        s.board.part(
            lathe((0.05, foot - 0.07), (0.3, foot - 0.035), (0.32, foot)),
            brass,
            Relief(pillow=0.8, tube=0.8, crumple=0),
            Lay(cast=0.1),
        )
        return
    glazed = Cloth.plain(s.spec.second, "ceramic")
    fat = s.about(0.24, 0.15)
    s.board.part(
        lathe(
            (0.05, shade_bottom - 0.08),
            (0.055, shade_bottom + 0.06),
            (fat, shade_bottom + 0.3),
            (fat * 0.92, foot - 0.26),
            (0.12, foot - 0.08),
            (0.2, foot - 0.02),
            (0.21, foot),
        ),
        glazed,
        TURNED,
        Lay(cast=0.1, wrap=True),
    )


def lamp(s: Sketch) -> None:
    """A table lamp: drum, cone or dome shade on a turned, stick or tripod base."""
    kind, foot = s.spec.shape["shape"], 0.84
    top, low = -0.82, s.about(-0.12, 0.3)
    _lamp_base(s, foot, low)
    if kind == "dome":
        shade = smooth(
            (0.0, top),
            (0.24, top + 0.05),
            (0.46, top + 0.32),
            (0.55, low),
            (0.55, low),
            (0.3, low + 0.035),
            (0.0, low + 0.045),
            closed=False,
            tension=0.42,
        )
        s.board.part(
            mirrored(shade), s.main, Relief(pillow=0.6, tube=0.75, crumple=0), Lay(wrap=True, cast=0.35)
        )
        s.board.part(ellipse(0, top, 0.05, 0.04, 20), s.plain, Relief(pillow=1.0, crumple=0), Lay(cast=0.1))
        return
    narrow, broad = {"drum": (0.48, 0.53), "cone": (0.24, 0.6)}[kind]
    shade = smooth(
        (0.0, top),
        (narrow * 0.6, top + 0.012),
        (narrow, top + 0.02),
        (narrow, top + 0.02),
        (broad, low),
        (broad, low),
        (broad * 0.6, low + 0.045),
        (0.0, low + 0.06),
        closed=False,
        tension=0.3,
    )
    s.board.part(mirrored(shade), s.main, Relief(pillow=0.4, tube=0.55, crumple=0), Lay(wrap=True, cast=0.35))
    for y, half, bow in ((top + 0.03, narrow, 0.0), (low - 0.02, broad, 0.05)):
        rim = smooth(
            (-half, y),
            (-half * 0.5, y + bow * 0.8),
            (0, y + bow),
            (half * 0.5, y + bow * 0.8),
            (half, y),
            closed=False,
        )
        s.board.stroke(rim, 0.03, mix(s.spec.rgb, s.spec.second, 0.5), 0.9)
