"""Backpacks, seen from the front."""

from __future__ import annotations

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, rounded, smooth
from data.demo.goods.bags import arch, fittings, handle_leather
from data.demo.light import Relief
from data.demo.palette import mix
from data.demo.sketch import Sketch, quad

_TOP, _BOTTOM = -0.66, 0.8
_FLAT = Relief(pillow=0.6, crumple=0)


def backpack(s: Sketch) -> None:
    """A backpack: zip, flap or roll-top, with a front pocket and straps at the sides."""
    kind, width, straps = s.spec.shape["shape"], s.about(0.5, 0.06), handle_leather(s)
    s.board.part(
        band(arch(0.13, _TOP + 0.06, -0.86), 0.05), straps, Relief(pillow=0.7, crumple=0), Lay(cast=0.2)
    )
    for side in (-1, 1):
        line = smooth(
            (side * width * 0.7, _TOP + 0.2), (side * (width + 0.13), -0.1), (side * (width + 0.09), 0.45),
            (side * width * 0.8, 0.66), closed=False,
        )  # fmt: skip
        s.board.part(band(line, 0.1), straps, Relief(pillow=0.8, crumple=0.2, shade=0.85), Lay(cast=0.2))
    crown = 0.5 if kind == "roll-top" else 0.8
    body = smooth(
        (-width, _BOTTOM - 0.1), (-width - 0.02, 0.1), (-width * 0.96, _TOP + 0.24),
        (-width * crown, _TOP + 0.02),
        (0, _TOP - 0.03), (width * crown, _TOP + 0.02), (width * 0.96, _TOP + 0.24), (width + 0.02, 0.1),
        (width, _BOTTOM - 0.1), (width * 0.8, _BOTTOM), (-width * 0.8, _BOTTOM), tension=0.34,
    )  # fmt: skip
    s.board.part(body, s.main, Relief(pillow=1.5, crumple=0.7), Lay())
    top = 0.16 if kind == "zip" else 0.24
    pocket = rounded(-width * 0.74, top, width * 0.74, _BOTTOM - 0.07, 0.1)
    s.board.part(
        pocket, s.main if kind == "zip" else s.plain, Relief(pillow=1.2, crumple=0.4), Lay(cast=0.45)
    )
    _zipper(s, smooth((-width * 0.62, top + 0.08), (0, top + 0.06), (width * 0.62, top + 0.08), closed=False))
    if kind == "zip":
        line = smooth(
            (-width * 0.94, 0.0), (-width * 0.86, _TOP + 0.3), (0, _TOP + 0.14), (width * 0.86, _TOP + 0.3),
            (width * 0.94, 0.0), closed=False,
        )  # fmt: skip
        _zipper(s, line)
        s.board.part(rounded(-0.1, -0.2, 0.1, -0.04, 0.02), s.trim, _FLAT, Lay(cast=0.3))
    else:
        _flap(s, width, kind == "flap", straps)


def _zipper(s: Sketch, line: Points) -> None:
    s.board.stroke(line, 0.03, mix(s.spec.rgb, (16, 16, 18), 0.5))
    s.board.stroke(line, 0.01, mix((196, 198, 204), s.spec.rgb, 0.1))


def _flap(s: Sketch, width: float, deep: bool, straps: Cloth) -> None:
    """The lid with its buckles: two on a deep one, one on a rolled top."""
    reach = 0.08 if deep else -0.22
    lid = smooth(
        (-width * 0.98, _TOP + 0.2), (-width * 0.7, _TOP - 0.02), (0, _TOP - 0.06),
        (width * 0.7, _TOP - 0.02),
        (width * 0.98, _TOP + 0.2), (width * 0.94, reach), (width * 0.6, reach + 0.08),
        (-width * 0.6, reach + 0.08),
        (-width * 0.94, reach), tension=0.32,
    )  # fmt: skip
    s.board.part(lid, s.main, Relief(pillow=1.3, crumple=0.5), Lay(cast=0.5))
    for x in (-0.22, 0.22) if deep else (0.0,):
        s.board.part(quad(x - 0.04, reach - 0.22, x + 0.04, reach + 0.28), straps, _FLAT, Lay(cast=0.35))
        buckle = rounded(x - 0.055, reach + 0.08, x + 0.055, reach + 0.17, 0.015)
        s.board.part(buckle, fittings(s), Relief(pillow=0.8, crumple=0), Lay(cast=0.3))
