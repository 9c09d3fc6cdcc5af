"""Mugs, vases, lamps and cushions."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import Points, band, ellipse, mirrored, polygon, smooth
from data.demo.light import Fold, Relief
from data.demo.palette import RGB, mix
from data.demo.sketch import Sketch

_TURNED = Relief(pillow=0.35, tube=1.0, crumple=0)
_WOODS: tuple[RGB, ...] = ((176, 124, 78), (120, 80, 52), (208, 170, 122))


def _lathe(*profile: tuple[float, float]) -> Points:
    """A turned body from its profile: (half width, height) from top to bottom, with a curved foot."""
    half = smooth(*profile, closed=False, tension=0.4)
    foot, level = profile[-1]
    return mirrored(
        np.vstack([half, [[foot * 0.7, level + 0.03 * foot / 0.3], [0.0, level + 0.045 * foot / 0.3]]])
    )


def mug(s: Sketch) -> None:
    """A mug: straight, tapered, round or enamel with a dark rim."""
    kind = s.spec.shape["shape"]
    top, bottom = s.about(-0.5, 0.08), s.about(0.56, 0.06)
    rim, belly, foot = {
        "straight": (0.46, 0.46, 0.44),
        "tapered": (0.52, 0.46, 0.34),
        "round": (0.42, 0.56, 0.32),
        "enamel": (0.5, 0.48, 0.47),
    }[kind]
    shift = np.array([-0.13, 0.0])
    reach = s.about(0.36, 0.1)
    handle = smooth(
        (belly - 0.06, top + 0.24),
        (belly + reach * 0.7, top + 0.2),
        (belly + reach, (top + bottom) / 2 - 0.04),
        (belly + reach * 0.6, bottom - 0.3),
        (belly - 0.08, bottom - 0.24),
        closed=False,
    )
    s.board.part(
        band(handle + shift, 0.1),
        s.trim if s.spec.seed % 4 == 0 else s.plain,
        Relief(pillow=2.0, crumple=0),
        Lay(cast=0.2),
    )
    body = _lathe(
        (rim, top),
        (belly * 0.5 + rim * 0.5, top + 0.25),
        (belly, (top + bottom) / 2 + 0.05),
        (foot + 0.04, bottom - 0.14),
        (foot, bottom - 0.01),
        (foot - 0.05, bottom),
    )
    s.board.part(body + shift, s.main, _TURNED, Lay(wrap=True))
    if s.spec.material == "stoneware" and s.spec.seed % 2:
        clay = Cloth.plain((196, 164, 128), "stoneware")
        y = bottom - 0.2
        s.board.part(
            _lathe(
                (foot * 0.5 + belly * 0.5, y),
                (foot + 0.03, bottom - 0.12),
                (foot, bottom - 0.01),
                (foot - 0.05, bottom),
            )
            + shift,
            clay,
            _TURNED,
            Lay(cast=0, wrap=True),
        )
    edge = Cloth.plain((40, 44, 66) if kind == "enamel" else mix(s.spec.rgb, (255, 255, 255), 0.3), "ceramic")
    s.board.part(ellipse(0, top, rim, 0.105) + shift, edge, Relief(pillow=0.6, crumple=0), Lay(cast=0))
    within = (
        mix(s.spec.second, (250, 248, 242), 0.5) if s.spec.seed % 3 else mix(s.spec.rgb, (255, 255, 255), 0.1)
    )
    s.board.part(
        ellipse(0, top + 0.006, rim - 0.035, 0.08) + shift,
        Cloth.plain(within, "ceramic"),
        Relief(pillow=-1.6, crumple=0, shade=0.72),
        Lay(cast=0),
    )


_VASES: dict[str, tuple[tuple[float, float], ...]] = {
    "bottle": (
        (0.13, -0.84),
        (0.11, -0.6),
        (0.13, -0.32),
        (0.38, 0.05),
        (0.44, 0.4),
        (0.34, 0.74),
        (0.26, 0.8),
    ),
    "amphora": (
        (0.24, -0.76),
        (0.17, -0.62),
        (0.2, -0.46),
        (0.5, -0.14),
        (0.46, 0.24),
        (0.22, 0.68),
        (0.25, 0.8),
    ),
    "cylinder": ((0.32, -0.72), (0.325, -0.4), (0.33, 0.0), (0.335, 0.4), (0.33, 0.7), (0.3, 0.78)),
    "globe": ((0.18, -0.5), (0.16, -0.4), (0.36, -0.2), (0.58, 0.14), (0.5, 0.5), (0.3, 0.72), (0.26, 0.74)),
    "gourd": (
        (0.13, -0.8),
        (0.14, -0.66),
        (0.3, -0.42),
        (0.2, -0.16),
        (0.36, 0.1),
        (0.47, 0.42),
        (0.32, 0.74),
        (0.28, 0.78),
    ),
}


def vase(s: Sketch) -> None:
    """A vase: five turned profiles, some with ears or a dipped foot."""
    kind = s.spec.shape["shape"]
    wide, tall = s.about(1.0, 0.12), s.about(1.0, 0.07)
    profile = tuple((w * wide, h * tall) for w, h in _VASES[kind])
    mouth, top = profile[0]
    if kind == "amphora":
        ear = smooth(
            (0.19 * wide, -0.6 * tall),
            (0.42 * wide, -0.66 * tall),
            (0.52 * wide, -0.42 * tall),
            (0.44 * wide, -0.16 * tall),
            closed=False,
        )
        s.both(band(ear, 0.075), s.plain, Relief(pillow=1.8, crumple=0), Lay(cast=0.2))
    s.board.part(_lathe(*profile), s.main, _TURNED, Lay(wrap=True))
    if s.spec.pattern == "plain" and s.spec.seed % 5 < 2 and s.spec.material != "glass":
        dip = tuple((w, h) for w, h in profile if h > 0.15) or profile[-2:]
        s.board.part(_lathe(*dip), s.trim, _TURNED, Lay(cast=0, wrap=True))
    if s.spec.material == "glass":
        water = tuple((w * 0.93, h) for w, h in profile if h > -0.05)
        s.board.part(
            _lathe(*water),
            Cloth.plain(mix(s.spec.rgb, (255, 255, 255), 0.28), "glass"),
            Relief(pillow=0.3, tube=0.8, crumple=0),
            Lay(cast=0),
        )
    s.board.part(
        ellipse(0, top, mouth, mouth * 0.24),
        Cloth.plain(mix(s.spec.rgb, (255, 255, 255), 0.22), s.spec.material),
        Relief(pillow=0.6, crumple=0),
        Lay(cast=0),
    )
    s.board.part(
        ellipse(0, top + 0.004, mouth * 0.82, mouth * 0.17),
        s.inside,
        Relief(pillow=-1.2, crumple=0, shade=0.6),
        Lay(cast=0),
    )


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
        s.board.part(band(polygon((0, shade_bottom - 0.1), (0, foot)), 0.045), brass, _TURNED, Lay(cast=0))
        s.board.part(
            _lathe((0.05, foot - 0.07), (0.3, foot - 0.035), (0.32, foot)),
            brass,
            Relief(pillow=0.8, tube=0.8, crumple=0),
            Lay(cast=0.1),
        )
        return
    glazed = Cloth.plain(s.spec.second, "ceramic")
    fat = s.about(0.24, 0.15)
    s.board.part(
        _lathe(
            (0.05, shade_bottom - 0.08),
            (0.055, shade_bottom + 0.06),
            (fat, shade_bottom + 0.3),
            (fat * 0.92, foot - 0.26),
            (0.12, foot - 0.08),
            (0.2, foot - 0.02),
            (0.21, foot),
        ),
        glazed,
        _TURNED,
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
    if s.spec.seed % 2:
        glow = _glow(s, narrow, broad, top, low)
        s.board.part(
            glow,
            Cloth.plain(mix(s.spec.rgb, (255, 244, 214), 0.35), s.spec.material),
            Relief(pillow=0.2, crumple=0, tube=0.5),
            Lay(cast=0),
        ) if s.spec.pattern == "plain" else None


def _glow(s: Sketch, narrow: float, broad: float, top: float, low: float) -> Points:
    """The warm patch that a lit bulb makes in the middle of a plain shade."""
    middle = top + (low - top) * 0.62
    return ellipse(0, middle, (narrow + broad) * 0.2, (low - top) * 0.24)


def cushion(s: Sketch) -> None:
    """A cushion: square, oblong or round; plain edge, piping or tassels."""
    kind, edge = s.spec.shape["shape"], s.spec.shape["edge"]
    wide, tall = {"square": (0.74, 0.72), "oblong": (0.86, 0.52), "round": (0.74, 0.74)}[kind]
    wide, tall = s.about(wide, 0.04), s.about(tall, 0.04)
    if kind == "round":
        outline = ellipse(0, 0, wide, tall, 60)
    else:
        outline = smooth(
            (-wide, -tall),
            (-wide * 0.5, -tall * 0.93),
            (0, -tall * 0.9),
            (wide * 0.5, -tall * 0.93),
            (wide, -tall),
            (wide * 0.93, 0),
            (wide, tall),
            (wide * 0.5, tall * 0.93),
            (0, tall * 0.9),
            (-wide * 0.5, tall * 0.93),
            (-wide, tall),
            (-wide * 0.93, 0),
            tension=0.36,
        )
    if edge == "tassels" and kind != "round":
        for x in (-wide, wide):
            for y in (-tall, tall):
                _tassel(s, x, y)
    if edge == "piped":
        s.board.part(outline * 1.025, s.trim, Relief(pillow=1.0, crumple=0), Lay(cast=0))
    rng = s.board.rng
    folds = []
    for x in (-1, 1):
        for y in (-1, 1):
            reach = rng.uniform(0.45, 0.65)
            line = smooth(
                (x * wide * 0.92, y * tall * 0.92),
                (x * wide * 0.72, y * tall * 0.7),
                (x * wide * reach, y * tall * reach * 0.9),
                closed=False,
            )
            folds.append(Fold(line, 0.06, float(rng.choice([-0.9, 0.7]))))
    if kind == "round":
        folds = [
            Fold(np.vstack([point * 0.93, point * rng.uniform(0.3, 0.5)]), 0.03, -0.5)
            for point in outline[::4]
        ]
    s.board.part(outline, s.main, Relief(pillow=2.2, folds=tuple(folds), crumple=1.2), Lay(cast=0.35))
    if kind == "round":
        s.board.part(
            ellipse(0, 0, 0.07, 0.07),
            s.trim if edge == "piped" else s.plain,
            Relief(pillow=1.4, crumple=0),
            Lay(cast=0.6),
        )


def _tassel(s: Sketch, x: float, y: float) -> None:
    way = np.array([np.sign(x), np.sign(y)]) / np.sqrt(2)
    normal = np.array([-way[1], way[0]])
    start = np.array([x, y]) * 0.98
    ink = s.spec.second
    for share in np.linspace(-1, 1, 7):
        end = start + way * 0.17 + normal * share * 0.05
        s.board.stroke(np.vstack([start, end]), 0.022, mix(ink, (0, 0, 0), 0.1 + 0.12 * abs(share)))
    s.board.stroke(
        np.vstack([start + way * 0.03 - normal * 0.03, start + way * 0.03 + normal * 0.03]),
        0.03,
        mix(ink, (0, 0, 0), 0.35),
    )
