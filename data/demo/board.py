"""The drawing board: parts of a product, each with outline, cloth and relief, composed into a cut-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data.demo.curves import Points
from data.demo.light import Field, Relief, across, blur, lit
from data.demo.materials import FINISHES, Finish, grain
from data.demo.palette import RGB
from data.demo.patterns import TILE, Inks, tile

_QUARTER = 4


@dataclass(frozen=True, slots=True)
class Cloth:
    """A surface: its grain, its finish, and either one colour or a print (TILE, TILE, 3) float32 with the
    grain already in it."""

    colour: RGB
    grain: NDArray[np.float32]
    finish: Finish
    tile: NDArray[np.float32] | None = None

    @classmethod
    def printed(cls, pattern: str, inks: Inks, material: str, rng: np.random.Generator) -> Cloth:
        """A pattern in its inks on a material."""
        if pattern == "plain":
            return cls.plain(inks[0], material)
        painted = tile(pattern, inks, rng).astype(np.float32)
        painted *= grain(material)[..., None]
        shift = (int(rng.integers(TILE)), int(rng.integers(TILE)))
        return cls(inks[0], grain(material), FINISHES[material], np.roll(painted, shift, (0, 1)))

    @classmethod
    def plain(cls, colour: RGB, material: str) -> Cloth:
        """One colour on a material."""
        return cls(colour, grain(material), FINISHES[material])

    def at(self, u: NDArray[np.int32], v: NDArray[np.int32], light: Field) -> NDArray[np.float32]:
        """The lit colour (h, w, 3) at tile coordinates."""
        place = (v << 8) | u
        if self.tile is None:
            shade = self.grain.ravel()[place]
            shade *= light
            return np.asarray(shade[..., None] * np.array(self.colour, dtype=np.float32))
        colour: NDArray[np.float32] = self.tile.reshape(-1, 3)[place]
        colour *= light[..., None]
        return colour


@dataclass(frozen=True, slots=True)
class Lay:
    """How cloth lies on a part: ``turn`` in radians, ``scale`` of the print, ``wrap`` round a tube, ``cast``
    the darkness of the shadow thrown on what lies below."""

    turn: float = 0.0
    scale: float = 1.0
    wrap: bool = False
    cast: float = 0.3


@dataclass(frozen=True, slots=True)
class _Part:
    box: tuple[int, int, int, int]
    mask: Image.Image
    small: Field
    small_origin: tuple[int, int]
    light: Field
    shine: Field
    cloth: Cloth
    lay: Lay


@dataclass(frozen=True, slots=True)
class _Stroke:
    points: Points
    width: float
    colour: RGB
    opacity: float
    closed: bool


class Board:
    """Collects parts from back to front; ``cut_out`` paints them.

    ``side`` is the board's width and height in pixels, a multiple of four; photos are taken at half of it or
    less, which is what smooths the edges.
    """

    def __init__(self, side: int, rng: np.random.Generator) -> None:
        if side % _QUARTER or side < 64:
            raise ValueError(
                f"a drawing board of {side} pixels does not work; use a multiple of 4 from 64 up"
            )
        self.side = side
        self.rng = rng
        self._things: list[_Part | _Stroke] = []

    def part(
        self,
        outline: Points,
        cloth: Cloth,
        relief: Relief | None = None,
        lay: Lay | None = None,
        holes: Sequence[Points] = (),
    ) -> None:
        """Add a part: its outline (unit coordinates), cloth, relief, lay, and outlines cut out of it."""
        relief, lay = relief or Relief(), lay or Lay()
        pixels = (outline * 0.5 + 0.5) * self.side
        margin = 2 * _QUARTER
        left, top = (int(v // _QUARTER) * _QUARTER - margin for v in pixels.min(0))
        right, bottom = (-int(-v // _QUARTER) * _QUARTER + margin for v in pixels.max(0))
        left, top = max(0, left), max(0, top)
        right, bottom = min(self.side, right), min(self.side, bottom)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top), 0)
        pen = ImageDraw.Draw(mask)
        pen.polygon([(float(x), float(y)) for x, y in pixels - (left, top)], fill=255)
        for hole in holes:
            inner = (hole * 0.5 + 0.5) * self.side - (left, top)
            pen.polygon([(float(x), float(y)) for x, y in inner], fill=0)
        small = np.asarray(mask.reduce(_QUARTER), dtype=np.float32) / 255.0
        origin = (left // _QUARTER, top // _QUARTER)
        light, shine = lit(small, relief, cloth.finish, origin, self.side // _QUARTER, self.rng)
        self._things.append(_Part((left, top, right, bottom), mask, small, origin, light, shine, cloth, lay))

    def stroke(
        self, points: Points, width: float, colour: RGB, opacity: float = 1.0, closed: bool = False
    ) -> None:
        """A line (a seam, a lace) or, if ``closed``, a filled flat shape (a button), without relief."""
        self._things.append(_Stroke(points, width, colour, opacity, closed))

    def cut_out(self) -> NDArray[np.uint8]:
        """Paint everything: (side, side, 4) with straight alpha."""
        self._shadows()
        picture = Image.new("RGB", (self.side, self.side), (128, 128, 128))
        alpha = Image.new("L", (self.side, self.side), 0)
        for thing in self._things:
            if isinstance(thing, _Part):
                picture.paste(Image.fromarray(_painted(thing)), thing.box, thing.mask)
                alpha.paste(255, thing.box, thing.mask)
            else:
                self._draw(thing, picture, alpha)
        picture.putalpha(alpha)
        return np.asarray(picture)

    def _shadows(self) -> None:
        """Darken the light of each part where later parts lie over it, from front to back."""
        side = self.side // _QUARTER
        open_sky = np.ones((side, side), dtype=np.float32)
        for thing in reversed(self._things):
            if not isinstance(thing, _Part):
                continue
            x, y = thing.small_origin
            height, width = thing.small.shape
            window = (slice(y, y + height), slice(x, x + width))
            thing.light[...] *= open_sky[window]
            if thing.lay.cast:
                reach = max(1, side // 48)
                padded = np.pad(thing.small, reach * 2)
                shade = blur(np.roll(padded, (reach, reach // 2), (0, 1)), reach * 1.3)
                _darken(open_sky, shade * np.float32(thing.lay.cast), x - reach * 2, y - reach * 2)

    def _draw(self, stroke: _Stroke, picture: Image.Image, alpha: Image.Image) -> None:
        points = [(float(x), float(y)) for x, y in (stroke.points * 0.5 + 0.5) * self.side]
        colour = (*stroke.colour, round(stroke.opacity * 255))
        width = max(1, round(stroke.width * self.side / 2))
        for target, ink in ((picture, colour), (alpha, 255)):
            pen = ImageDraw.Draw(target, "RGBA" if target.mode == "RGB" else None)
            if stroke.closed:
                pen.polygon(points, fill=ink)
            elif stroke.opacity >= 1.0 or target.mode == "RGB":
                pen.line(points, fill=ink, width=width, joint="curve")


def _darken(sky: Field, shade: Field, x: int, y: int) -> None:
    height, width = shade.shape
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(height, sky.shape[0] - y), min(width, sky.shape[1] - x)
    sky[y + top : y + bottom, x + left : x + right] *= 1.0 - shade[top:bottom, left:right]


def _enlarged(field: Field, size: tuple[int, int]) -> Field:
    return np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BILINEAR), dtype=np.float32)


def _painted(part: _Part) -> NDArray[np.uint8]:
    left, top, right, bottom = part.box
    width, height = right - left, bottom - top
    x = np.arange(left, right, dtype=np.float32)[None, :]
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    if part.lay.wrap:
        place = across(np.asarray(part.mask, dtype=np.float32) / 255.0)
        x = np.arcsin(place) * np.float32(width / 2.5) + np.float32(left + width / 2)
    cosine, sine = np.cos(part.lay.turn) / part.lay.scale, np.sin(part.lay.turn) / part.lay.scale
    u = (x * np.float32(cosine) + y * np.float32(sine)).astype(np.int32) & (TILE - 1)
    v = (y * np.float32(cosine) - x * np.float32(sine)).astype(np.int32) & (TILE - 1)
    colour = part.cloth.at(u, v, _enlarged(part.light, (width, height)))
    if part.shine.max() > 0.01:
        shine = _enlarged(part.shine, (width, height))[..., None]
        colour += (255.0 - colour) * shine
    np.clip(colour, 0, 255, out=colour)
    return np.asarray(colour, dtype=np.uint8)
