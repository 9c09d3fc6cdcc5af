"""What every category's drawer is handed: the board, the cloths, and a few habits of garments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.board import Board, Cloth, Lay
from data.demo.catalogue import ProductSpec
from data.demo.curves import Points, polygon, smooth
from data.demo.light import Fold, Relief
from data.demo.palette import RGB, lightness, mix


@dataclass(frozen=True, slots=True)
class Sketch:
    """A product about to be drawn: ``main`` is its cloth, ``plain`` the same without print, ``trim`` the
    second colour."""

    board: Board
    spec: ProductSpec
    main: Cloth
    plain: Cloth
    trim: Cloth

    @classmethod
    def of(cls, spec: ProductSpec, board: Board) -> Sketch:
        """Cut the cloths of a product."""
        inks = (spec.rgb, spec.second, spec.third)
        return cls(
            board,
            spec,
            Cloth.printed(spec.pattern, inks, spec.material, board.rng),
            Cloth.plain(spec.rgb, spec.material),
            Cloth.plain(spec.second, spec.material),
        )

    def is_(self, feature: str, *variants: str) -> bool:
        """Whether the product's shape has one of the variants."""
        return self.spec.shape.get(feature) in variants

    def about(self, value: float, spread: float = 0.06) -> float:
        """A measure that differs a little from product to product."""
        return float(value * (1 + self.board.rng.uniform(-spread, spread)))

    @property
    def seam(self) -> RGB:
        """A thread that shows on the main colour."""
        if self.spec.material == "denim":
            return (206, 150, 78)
        return (
            mix(self.spec.rgb, (10, 10, 14), 0.45)
            if self.dark < 1
            else mix(self.spec.rgb, (255, 255, 255), 0.28)
        )

    @property
    def dark(self) -> int:
        """1 when the main colour is so dark that seams must be lighter than it."""
        return int(lightness(self.spec.rgb) < 32)

    @property
    def inside(self) -> Cloth:
        """The back of the cloth, seen through an opening."""
        return Cloth.plain(mix(self.spec.rgb, (24, 22, 26), 0.42), self.spec.material)

    def stitch(self, *points: tuple[float, float], opacity: float = 0.55, width: float = 0.012) -> None:
        """A seam through the points."""
        self.board.stroke(smooth(*points, closed=False), width, self.seam, opacity)

    def both(self, outline: Points, cloth: Cloth, relief: Relief, lay: Lay) -> None:
        """The same part on the right and, mirrored, on the left."""
        self.board.part(outline, cloth, relief, lay)
        other = Lay(-lay.turn, lay.scale, lay.wrap, lay.cast)
        folds = tuple(Fold(fold.line * [-1.0, 1.0], fold.width, fold.depth) for fold in relief.folds)
        mirror = Relief(relief.pillow, relief.tube, relief.pleats, folds, relief.crumple, relief.shade)
        self.board.part(outline * [-1.0, 1.0], cloth, mirror, other)

    def drapes(
        self, top: float, bottom: float, width: float, count: int, depth: float = 0.55
    ) -> tuple[Fold, ...]:
        """Long soft folds that hang from ``top`` to ``bottom`` within ``width`` of the middle."""
        rng, folds = self.board.rng, []
        for _ in range(count):
            x, lean = rng.uniform(-width, width), rng.uniform(-0.06, 0.06)
            start, end = top + rng.uniform(0, 0.25), bottom - rng.uniform(0, 0.2)
            line = smooth(
                (x * 0.7, start), (x + lean * 0.4, (start + end) / 2), (x + lean, end), closed=False
            )
            folds.append(Fold(line, 0.05, depth * float(rng.choice([-1.0, 1.0]))))
        return tuple(folds)

    def button(self, x: float, y: float, size: float = 0.022) -> None:
        """A small round button."""
        angle = np.linspace(0, 2 * np.pi, 16)
        disc = np.column_stack([np.cos(angle), np.sin(angle)])
        ink = (
            mix(self.spec.second, (250, 248, 240), 0.35)
            if self.dark
            else mix(self.spec.rgb, (246, 242, 232), 0.72)
        )
        self.board.stroke(
            disc * size * 1.25 + (x + 0.004, y + 0.007), 0, mix(self.spec.rgb, (0, 0, 0), 0.5), 0.6, True
        )
        self.board.stroke(disc * size + (x, y), 0, ink, 1.0, True)


def quad(left: float, top: float, right: float, bottom: float) -> Points:
    """A rectangle."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))
