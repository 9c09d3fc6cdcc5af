"""Caps, beanies, fedoras, bucket hats."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import ellipse, rounded, smooth, turned
from data.demo.light import Fold, Relief
from data.demo.sketch import Sketch


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
