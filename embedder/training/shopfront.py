"""Drawn products with known labels: more to distil from, and the only photos here whose colour is known."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.demo.catalogue import sample_specs
from data.demo.draw import View, draw_product

Pixels = NDArray[np.uint8]
_VIEWS: tuple[View, ...] = ("studio", "studio", "scene")


@dataclass(frozen=True, slots=True)
class DrawnShop:
    """Photos (n, px, px, 3) of as many drawn products, with their category and colour names."""

    pixels: Pixels
    categories: list[str]
    colours: list[str]


def _draw(job: tuple[int, int, int, int]) -> list[Pixels]:
    count, px, seed, part = job
    specs = sample_specs(count, seed)
    drawn = []
    for number in range(part, count, 2):
        rng = np.random.default_rng([seed, number])
        drawn.append(draw_product(specs[number], _VIEWS[number % 3], rng, (px, px)))
    return drawn


def draw_shop(count: int, px: int, seed: int) -> DrawnShop:
    """One photo each of ``count`` drawn products, two studio views to one scene; drawn by two processes."""
    if not count:
        return DrawnShop(np.empty((0, px, px, 3), dtype=np.uint8), [], [])
    with ProcessPoolExecutor(2) as pool:
        even, odd = pool.map(_draw, [(count, px, seed, part) for part in (0, 1)])
    pixels = np.empty((count, px, px, 3), dtype=np.uint8)
    pixels[0::2], pixels[1::2] = np.stack(even), np.stack(odd)
    specs = sample_specs(count, seed)
    return DrawnShop(pixels, [s.category for s in specs], [s.colour for s in specs])
