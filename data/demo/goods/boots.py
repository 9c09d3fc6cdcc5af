"""Boots, seen from the side."""

from __future__ import annotations

from data.demo.board import Cloth, Lay
from data.demo.curves import band, polygon, smooth
from data.demo.goods.sneakers import laces
from data.demo.light import Fold, Relief
from data.demo.palette import lightness, mix
from data.demo.sketch import Sketch

_BACK = -0.52


def _creases(x: float, y: float) -> tuple[Fold, ...]:
    """Where the ankle bends."""
    return tuple(
        Fold(smooth((x - 0.1, low), (x, low + 0.03), (x + 0.12, low - 0.01), closed=False), 0.025, -0.5)
        for low in (y, y + 0.07, y + 0.14)
    )


def boot(s: Sketch) -> None:
    """A boot: chelsea, lace-up or knee-high, on a flat or a block heel."""
    kind, lift = s.spec.shape["shape"], 0.12 if s.is_("heel", "block") else 0.0
    top = {"chelsea": -0.52, "lace-up": -0.6, "knee": -0.88}[kind]
    toe, front = s.about(0.68, 0.04), _BACK + (0.54 if kind == "knee" else 0.5)
    rim = smooth(
        (_BACK, top),
        ((_BACK + front) / 2, top - 0.035),
        (front, top - 0.02),
        ((_BACK + front) / 2, top + 0.05),
    )
    s.board.part(rim, s.inside, Relief(pillow=0.2, shade=0.75), Lay(cast=0))
    shaft = smooth(
        (_BACK, 0.52 - lift), (_BACK - 0.03, 0.22), (_BACK + 0.03, 0.0), (_BACK, top), (_BACK, top),
        (front, top - 0.02),
        (front, top - 0.02), (front - 0.03, 0.02), (0.16, 0.22), (0.44, 0.33), (toe - 0.03, 0.46), (toe, 0.6),
        (0.2, 0.6), (_BACK + 0.2, 0.56 - lift), tension=0.36,
    )  # fmt: skip
    bends = _creases(-0.22, 0.05)
    s.board.part(shaft, s.main, Relief(pillow=1.5, tube=0.12, folds=bends, crumple=0.4), Lay())
    _sole(s, toe, lift)
    {"chelsea": _elastic, "lace-up": _laced, "knee": _strapped}[kind](s, top, front)


def _sole(s: Sketch, toe: float, lift: float) -> None:
    dark = lightness(s.spec.rgb) > 30 or s.board.rng.random() < 0.5
    rubber = Cloth.plain((44, 38, 36) if dark else (176, 132, 84), "rubber")
    line = smooth(
        (_BACK - 0.02, 0.54 - lift), (_BACK + 0.3, 0.57 - lift), (0.05, 0.6), (0.4, 0.6),
        (toe + 0.02, 0.56), closed=False
    )  # fmt: skip
    s.board.part(band(line, 0.075), rubber, Relief(pillow=0.7, crumple=0), Lay(cast=0.3))
    floor, narrow = (0.72, 0.2) if lift else (0.68, 0.28)
    block = polygon(
        (_BACK - 0.03, 0.53 - lift),
        (_BACK + 0.3, 0.56 - lift),
        (_BACK + narrow, floor),
        (_BACK - 0.01, floor),
    )
    s.board.part(block, rubber, Relief(pillow=0.8, crumple=0), Lay(cast=0.2))


def _elastic(s: Sketch, top: float, front: float) -> None:
    gusset = smooth(
        (-0.36, top + 0.02), (-0.16, top + 0.02), (-0.18, -0.1), (-0.26, 0.12), (-0.34, -0.1), tension=0.35
    )
    rubber = Cloth.plain(mix(s.spec.second, (40, 36, 36), 0.65), "corduroy")
    s.board.part(gusset, rubber, Relief(pillow=0.5, crumple=0), Lay(cast=0.2))
    loop = smooth(
        (_BACK + 0.02, top + 0.06), (_BACK - 0.05, top - 0.06), (_BACK + 0.05, top - 0.08), closed=False
    )
    s.board.part(band(loop, 0.045), s.trim, Relief(pillow=0.4, crumple=0))


def _laced(s: Sketch, top: float, front: float) -> None:
    s.stitch((front - 0.06, top + 0.04), (-0.1, 0.0), (0.02, 0.26), (0.3, 0.4), opacity=0.7)
    laces(s, (0.16, 0.2), (front - 0.04, top + 0.1), 8, 0.15)


def _strapped(s: Sketch, top: float, front: float) -> None:
    s.stitch((_BACK + 0.12, top), (_BACK + 0.16, 0.1), (_BACK + 0.14, 0.5), opacity=0.6)
    strap = band(polygon((_BACK - 0.01, top + 0.16), (front, top + 0.13)), 0.05)
    s.board.part(strap, s.plain, Relief(pillow=0.6, crumple=0), Lay(cast=0.3))
