"""Mugs and vases: turned on a wheel."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, ellipse, mirrored, smooth
from data.demo.light import Relief
from data.demo.palette import mix
from data.demo.sketch import Sketch

TURNED = Relief(pillow=0.35, tube=1.0, crumple=0)
"""The relief of a body turned on a wheel."""

_MUGS: dict[str, tuple[tuple[float, float], ...]] = {
    "straight": ((0.46, 0.0), (0.46, 0.3), (0.46, 0.65), (0.455, 0.9), (0.43, 0.985), (0.38, 1.0)),
    "tapered": ((0.53, 0.0), (0.5, 0.3), (0.46, 0.6), (0.4, 0.9), (0.37, 0.985), (0.33, 1.0)),
    "round": ((0.42, 0.0), (0.47, 0.18), (0.56, 0.45), (0.53, 0.72), (0.38, 0.94), (0.32, 1.0)),
    "enamel": ((0.52, 0.0), (0.49, 0.05), (0.48, 0.5), (0.475, 0.9), (0.45, 0.98), (0.4, 1.0)),
}
"""Silhouette → (half width, share of the height) from rim to foot."""

_VASES: dict[str, tuple[tuple[float, float], ...]] = {

    "bottle": ((0.13, -0.84), (0.11, -0.6), (0.13, -0.32), (0.38, 0.05), (0.44, 0.4), (0.34, 0.74),
               (0.26, 0.8)),

    "amphora": ((0.24, -0.76), (0.17, -0.62), (0.2, -0.46), (0.5, -0.14), (0.46, 0.24), (0.22, 0.68),
                (0.25, 0.8)),
    "cylinder": ((0.32, -0.72), (0.325, -0.4), (0.33, 0.0), (0.335, 0.4), (0.33, 0.7), (0.3, 0.78)),
    "globe": ((0.18, -0.5), (0.16, -0.4), (0.36, -0.2), (0.58, 0.14), (0.5, 0.5), (0.3, 0.72), (0.26, 0.74)),
    "gourd": (
        (0.13, -0.8), (0.14, -0.66), (0.3, -0.42), (0.2, -0.16), (0.36, 0.1), (0.47, 0.42), (0.32, 0.74),
        (0.28, 0.78),
    ),
}  # fmt: skip
"""Silhouette → (half width, height) from mouth to foot."""


def lathe(*profile: tuple[float, float]) -> Points:
    """A turned body from its profile: (half width, height) from top to bottom, with a curved foot."""
    half = smooth(*profile, closed=False, tension=0.5)
    foot, level = profile[-1]
    return mirrored(np.vstack([half, [[foot * 0.7, level + 0.1 * foot], [0.0, level + 0.15 * foot]]]))


def mug(s: Sketch) -> None:
    """A mug: straight, tapered, round or enamel with a dark rim."""
    kind = s.spec.shape["shape"]
    top, bottom = s.about(-0.5, 0.08), s.about(0.56, 0.06)
    profile = [(width, top + (bottom - top) * share) for width, share in _MUGS[kind]]
    rim, belly = profile[0][0], profile[2][0]
    shift = np.array([-0.13, 0.0])
    reach = s.about(0.36, 0.1)
    handle = smooth(
        (belly - 0.06, top + 0.24), (belly + reach * 0.7, top + 0.2),
        (belly + reach, (top + bottom) / 2 - 0.04),
        (belly + reach * 0.6, bottom - 0.3), (belly - 0.08, bottom - 0.24), closed=False,
    )  # fmt: skip
    grip = s.trim if s.spec.seed % 4 == 0 else s.plain
    s.board.part(band(handle + shift, 0.1), grip, Relief(pillow=2.0, crumple=0), Lay(cast=0.2))
    s.board.part(lathe(*profile) + shift, s.main, TURNED, Lay(wrap=True))
    if s.spec.material == "stoneware" and s.spec.seed % 2:
        clay = Cloth.plain((196, 164, 128), "stoneware")
        s.board.part(lathe(*profile[-3:]) + shift, clay, TURNED, Lay(cast=0, wrap=True))
    pale = (255, 255, 255)
    edge = Cloth.plain((40, 44, 66) if kind == "enamel" else mix(s.spec.rgb, pale, 0.3), "ceramic")
    s.board.part(ellipse(0, top, rim, 0.105) + shift, edge, Relief(pillow=0.6, crumple=0), Lay(cast=0))
    glaze = mix(s.spec.second, (250, 248, 242), 0.5) if s.spec.seed % 3 else mix(s.spec.rgb, pale, 0.1)
    hollow = Relief(pillow=-1.6, crumple=0, shade=0.72)
    s.board.part(
        ellipse(0, top + 0.006, rim - 0.035, 0.08) + shift, Cloth.plain(glaze, "ceramic"), hollow, Lay(cast=0)
    )


def vase(s: Sketch) -> None:
    """A vase: five turned profiles, some with ears or a dipped foot."""
    kind, glass = s.spec.shape["shape"], s.spec.material == "glass"
    wide, tall = s.about(1.0, 0.12), s.about(1.0, 0.07)
    profile = tuple((w * wide, h * tall) for w, h in _VASES[kind])
    mouth, top = profile[0]
    if kind == "amphora":
        ear = smooth(
            (0.19 * wide, -0.6 * tall), (0.42 * wide, -0.66 * tall), (0.52 * wide, -0.42 * tall),
            (0.44 * wide, -0.16 * tall), closed=False,
        )  # fmt: skip
        s.both(band(ear, 0.075), s.plain, Relief(pillow=1.8, crumple=0), Lay(cast=0.2))
    s.board.part(lathe(*profile), s.main, TURNED, Lay(wrap=True))
    low = tuple((w, h) for w, h in profile if h > 0.15)
    if s.spec.pattern == "plain" and s.spec.seed % 5 < 2 and not glass:
        s.board.part(lathe(*low), s.trim, TURNED, Lay(cast=0, wrap=True))
    if glass:
        water = Cloth.plain(mix(s.spec.rgb, (255, 255, 255), 0.28), "glass")
        inner = lathe(*((w * 0.93, h) for w, h in low))
        s.board.part(inner, water, Relief(pillow=0.3, tube=0.8, crumple=0), Lay(cast=0))
    lip = Cloth.plain(mix(s.spec.rgb, (255, 255, 255), 0.22), s.spec.material)
    s.board.part(ellipse(0, top, mouth, mouth * 0.24), lip, Relief(pillow=0.6, crumple=0), Lay(cast=0))
    hollow = Relief(pillow=-1.2, crumple=0, shade=0.6)
    s.board.part(ellipse(0, top + 0.004, mouth * 0.82, mouth * 0.17), s.inside, hollow, Lay(cast=0))
