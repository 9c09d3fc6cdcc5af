"""Jumpers, hoodies and cardigans."""

from __future__ import annotations

import numpy as np

from data.demo.board import Cloth, Lay
from data.demo.curves import band, polygon, rounded, smooth
from data.demo.goods.tops import NECK, back, ribbing, sleeves, torso
from data.demo.light import Relief
from data.demo.sketch import Sketch, quad


def _hood(s: Sketch) -> None:
    s.board.part(
        smooth((-0.27, -0.62), (-0.27, -0.84), (0, -0.97), (0.27, -0.84), (0.27, -0.62), (0, -0.5)),
        s.main,
        Relief(pillow=1.2),
        Lay(),
    )
    s.board.part(
        smooth((-0.17, -0.66), (-0.16, -0.82), (0, -0.9), (0.16, -0.82), (0.17, -0.66), (0, -0.5)),
        s.inside,
        Relief(pillow=0.6, shade=0.9),
    )


def jumper(s: Sketch) -> None:
    """A jumper: pullover, hoodie or cardigan, with ribbed hem and cuffs."""
    shoulder, bottom = s.about(0.46, 0.04), s.about(0.62, 0.06)
    neckline = "crew" if s.is_("shape", "hoodie") else s.spec.shape["neckline"]
    open_front = s.is_("shape", "cardigan")
    vee, dip = neckline == "v" or open_front, 0.34 if neckline == "v" or open_front else 0.12
    rib = Cloth.plain(
        s.spec.second if s.spec.pattern != "plain" and s.board.rng.random() < 0.4 else s.spec.rgb, "corduroy"
    )
    if s.is_("shape", "hoodie"):
        _hood(s)
    else:
        back(s, NECK)
    sleeves(s, shoulder, "long", rib, 1.25)
    s.board.part(
        torso(NECK, dip, shoulder, shoulder - 0.05, shoulder - 0.05, bottom, vee),
        s.main,
        Relief(pillow=1.25, folds=s.drapes(-0.2, bottom, 0.34, 3, 0.5)),
        Lay(),
    )
    hem = shoulder - 0.055
    s.board.part(
        rounded(-hem, bottom - 0.07, hem, bottom + 0.06, 0.03),
        rib,
        Relief(pillow=0.9, crumple=0),
        Lay(cast=0.2),
    )
    if s.is_("shape", "hoodie"):
        s.board.part(
            polygon((-0.19, 0.14), (0.19, 0.14), (0.28, 0.42), (0.28, 0.52), (-0.28, 0.52), (-0.28, 0.42)),
            s.main,
            Relief(pillow=0.6, crumple=0.5),
            Lay(cast=0.35),
        )
        for x in (-0.07, 0.07):
            s.board.stroke(
                smooth((x, -0.56), (x * 1.2, -0.4), (x * 1.1, -0.24), closed=False), 0.022, (236, 232, 224)
            )
        return
    if open_front:
        s.board.part(
            quad(-0.04, -0.74 + dip, 0.04, bottom + 0.06), rib, Relief(pillow=0.7, crumple=0), Lay(cast=0.35)
        )
        for y in np.linspace(-0.3, bottom - 0.04, 5):
            s.button(0.0, float(y), 0.028)
    if neckline == "roll" and not open_front:
        s.board.part(
            smooth((-0.2, -0.64), (-0.19, -0.88), (0, -0.91), (0.19, -0.88), (0.2, -0.64), (0, -0.56)),
            rib,
            Relief(pillow=1.2, tube=0.4, crumple=0),
            Lay(cast=0.4),
        )
        s.board.part(
            band(smooth((-0.15, -0.885), (0, -0.865), (0.15, -0.885), closed=False), 0.04),
            s.inside,
            Relief(pillow=0.2, shade=0.8),
            Lay(cast=0),
        )
    else:
        ribbing(s, NECK, dip, vee, rib, 0.065)
