"""Drawn product photos: ``draw_product`` for one, ``cut_out`` and ``photograph`` for many of one product.

Unlimited labelled photos for training::

    rng = np.random.default_rng(1)
    for spec in sample_specs(1000, seed=1):
        photo = draw_product(spec, "scene", rng, (224, 224))
        # spec.category, spec.colour, spec.pattern, spec.material, spec.shape are the labels
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.demo.board import Board
from data.demo.catalogue import ProductSpec, sample_specs
from data.demo.goods import DRAWERS
from data.demo.scenes import VIEWS, View, photograph
from data.demo.sketch import Sketch

__all__ = ["VIEWS", "View", "cut_out", "draw_product", "photograph", "sample_specs"]


def cut_out(spec: ProductSpec, side: int = 576) -> NDArray[np.uint8]:
    """The product alone, (side, side, 4) uint8 with straight alpha; the same for the same ``spec``.

    ``side`` should be about twice the side of the photos to be taken of it (the edges are smoothed by taking
    the photo). Raises ``ValueError`` when it is not a multiple of four, or below 64.
    """
    board = Board(side, np.random.default_rng([spec.seed, 0xD4A3]))
    DRAWERS[spec.category](Sketch.of(spec, board))
    return board.cut_out()


def draw_product(
    spec: ProductSpec, view: View, rng: np.random.Generator, size: tuple[int, int] = (288, 288)
) -> NDArray[np.uint8]:
    """Draw one photo of a product: uint8 (height, width, 3).

    The product's look depends on ``spec`` alone; ``rng`` decides ground, pose, light and noise of this photo.
    ``view`` is "studio", "scene" (harder) or "detail" (a close crop); ``size`` is (width, height) in pixels.
    """
    side = max(128, -(-2 * min(size) // 4) * 4)
    return photograph(cut_out(spec, side), view, rng, size)
