"""Heeled shoes, seen from the side."""

from __future__ import annotations

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, ellipse, polygon, smooth
from data.demo.light import Relief
from data.demo.sketch import Sketch

_FLAT = Relief(pillow=0.4, crumple=0)


def _post(s: Sketch, height: float) -> Points:
    """The heel itself, from the sole at ``height`` to the floor."""
    if s.is_("heel", "stiletto"):
        return smooth(
            (-0.74, height + 0.02), (-0.42, height + 0.14), (-0.42, height + 0.14), (-0.58, height + 0.32),
            (-0.66, 0.58), (-0.66, 0.58), (-0.72, 0.58), (-0.72, 0.58), (-0.72, height + 0.3), tension=0.3,
        )  # fmt: skip
    if s.is_("heel", "kitten"):
        return smooth(
            (-0.74, height + 0.02), (-0.42, height + 0.12), (-0.42, height + 0.12), (-0.58, 0.44),
            (-0.6, 0.58),
            (-0.6, 0.58), (-0.68, 0.58), (-0.68, 0.58), tension=0.3,
        )  # fmt: skip
    return polygon((-0.75, height + 0.02), (-0.38, height + 0.13), (-0.42, 0.58), (-0.73, 0.58))


def heel(s: Sketch) -> None:
    """A heeled shoe: pump, ankle strap or mule, on three kinds of heel."""
    kind = s.spec.shape["shape"]
    height = {"stiletto": -0.1, "block": 0.02, "kitten": 0.2}[s.spec.shape["heel"]]
    toe = s.about(0.82, 0.02)
    post = s.trim if s.board.rng.random() < 0.25 else s.plain
    s.board.part(_post(s, height), post, Relief(pillow=0.9, crumple=0, tube=0.4), Lay())
    insole = smooth(
        (-0.72, height + 0.03), (-0.3, height + 0.1), (0.14, 0.38), (0.38, 0.47), (0.6, 0.46),
        closed=False, tension=0.45
    )  # fmt: skip
    s.board.part(band(insole, 0.07), Cloth.plain((222, 196, 164), "leather"), _FLAT, Lay(cast=0))
    if kind != "mule":
        counter = smooth(
            (-0.76, height + 0.07), (-0.79, height - 0.12), (-0.74, height - 0.3), (-0.74, height - 0.3),
            (-0.5, height - 0.06), (-0.06, height * 0.5 + 0.2), (0.14, 0.34), (0.12, 0.45),
            (-0.36, height + 0.14),
            tension=0.36,
        )  # fmt: skip
        s.board.part(counter, s.main, Relief(pillow=1.3, crumple=0.2), Lay())
    throat = -0.06 if kind == "mule" else 0.08
    vamp = smooth(
        (throat, 0.41), (throat, 0.3), (throat + 0.12, 0.24), (0.36, 0.31), (0.58, 0.41),
        (toe - 0.06, 0.48), (toe, 0.53),
        (toe - 0.04, 0.56), (0.38, 0.56), (0.14, 0.47), tension=0.4,
    )  # fmt: skip
    s.board.part(vamp, s.main, Relief(pillow=1.4, crumple=0.2), Lay(cast=0.25))
    line = smooth(
        (-0.74, height + 0.06), (-0.34, height + 0.14), (0.12, 0.44), (0.4, 0.54), (toe, 0.53),
        closed=False, tension=0.45
    )  # fmt: skip
    s.board.part(band(line, [0.035, 0.05]), Cloth.plain((58, 46, 42), "leather"), _FLAT, Lay(cast=0.2))
    if kind == "strap":
        _ankle_strap(s, height - 0.26)
    elif kind == "pump" and s.board.rng.random() < 0.4:
        _bow(s)


def _ankle_strap(s: Sketch, y: float) -> None:
    strap = smooth(
        (-0.76, y), (-0.56, y + 0.02), (-0.34, y - 0.06), (-0.36, y - 0.16), (-0.58, y - 0.13),
        (-0.74, y - 0.07),
        closed=False,
    )  # fmt: skip
    s.board.part(band(strap, 0.045), s.main, Relief(pillow=0.7, crumple=0), Lay(cast=0.3))
    buckle = Cloth.plain((214, 190, 120), "metal")
    s.board.part(
        ellipse(-0.42, y - 0.02, 0.035, 0.035, 16), buckle, Relief(pillow=0.5, crumple=0), Lay(cast=0.3)
    )


def _bow(s: Sketch) -> None:
    for side in (-1, 1):
        wing = smooth((0.3, 0.3), (0.3 + side * 0.12, 0.23), (0.3 + side * 0.12, 0.37), tension=0.3)
        s.board.part(wing, s.trim, Relief(pillow=0.9, crumple=0), Lay(cast=0.3))
