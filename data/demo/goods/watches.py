"""Watches, seen from above."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, ellipse, mirrored, rounded, smooth
from data.demo.light import Relief
from data.demo.palette import RGB, lightness, mix
from data.demo.sketch import Sketch

_CASES: tuple[RGB, ...] = ((214, 180, 110), (200, 202, 208), (72, 72, 78))


def watch(s: Sketch) -> None:
    """A watch: round or square, its strap in the named colour, three kinds of dial."""
    _strap(s, s.about(0.21, 0.08))
    square = s.is_("shape", "square")
    radius = s.about(0.36 if square else 0.4, 0.05)
    case = Cloth.plain(s.spec.rgb if s.spec.material == "metal" else _CASES[s.spec.seed % 3], "metal")
    crown = rounded(radius - 0.01, -0.05, radius + 0.07, 0.05, 0.02)
    s.board.part(crown, case, Relief(pillow=0.8, crumple=0), Lay(cast=0.2))
    s.board.part(_face(radius, square), case, Relief(pillow=1.8, crumple=0), Lay(cast=0.5))
    tones = {
        "light": (246, 244, 238),
        "dark": (38, 40, 48),
        "matching": mix(s.spec.rgb, (255, 255, 255), 0.12),
    }
    dial = tones[s.spec.shape["dial"]]
    s.board.part(
        _face(radius * 0.83, square), Cloth.plain(dial, "silk"), Relief(pillow=-0.8, crumple=0), Lay(cast=0)
    )
    _hands(s, radius * 0.83, (40, 40, 46) if lightness(dial) > 50 else (238, 238, 236))


def _face(size: float, square: bool) -> Points:
    return rounded(-size, -size, size, size, size * 0.22) if square else ellipse(0, 0, size, size, 56)


def _strap(s: Sketch, width: float) -> None:
    outline = smooth(
        (0.0, -0.96), (width * 0.78, -0.95), (width * 0.86, -0.6), (width, -0.34), (width, 0.34),
        (width * 0.84, 0.6),
        (width * 0.72, 0.92), (0.0, 0.97), closed=False, tension=0.3,
    )  # fmt: skip
    s.board.part(mirrored(outline), s.main, Relief(pillow=1.4, crumple=0.1), Lay(scale=0.7))
    if s.spec.material == "metal":
        for y in np.linspace(-0.9, 0.9, 22):
            link = smooth((-width, y), (0, y + 0.012), (width, y), closed=False)
            s.board.stroke(link, 0.014, mix(s.spec.rgb, (10, 10, 12), 0.55), 0.7)
        return
    for side in (-1, 1):
        x = side * width
        seam = smooth((x * 0.66, -0.9), (x * 0.76, -0.4), (x * 0.76, 0.4), (x * 0.6, 0.88), closed=False)
        s.board.stroke(seam, 0.01, s.seam, 0.5)
    for y in np.linspace(0.55, 0.85, 5):
        s.board.stroke(ellipse(0, float(y), 0.02, 0.016, 12), 0, mix(s.spec.rgb, (0, 0, 0), 0.6), 0.9, True)


def _hands(s: Sketch, radius: float, ink: RGB) -> None:
    for k in range(12):
        way = np.array([np.sin(k * np.pi / 6), -np.cos(k * np.pi / 6)])
        quarter = k % 3 == 0
        mark = np.vstack([way * radius * (0.74 if quarter else 0.82), way * radius * 0.9])
        s.board.stroke(mark, 0.022 if quarter else 0.012, ink)
    hour, minute = s.spec.seed % 12 * np.pi / 6 + 0.4, s.spec.seed % 60 * np.pi / 30
    for angle, length, width in ((hour, 0.48, 0.03), (minute, 0.7, 0.02)):
        tip = np.array([np.sin(angle), -np.cos(angle)]) * radius * length
        s.board.stroke(np.vstack([np.zeros(2), tip]), width, ink)
    s.board.stroke(ellipse(0, 0, 0.022, 0.022, 14), 0, s.spec.second, 1.0, True)
