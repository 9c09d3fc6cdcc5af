"""Photographs of a cut-out: a clean studio shot, a harder scene, a close-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from data.demo.materials import grain
from data.demo.palette import COLOURS, mix

View: TypeAlias = Literal["studio", "scene", "detail"]
VIEWS: tuple[View, ...] = ("studio", "scene", "detail")

_STUDIOS = ((244, 243, 241), (238, 240, 243), (246, 242, 236), (235, 234, 232), (240, 240, 238))
_GROUNDS = ("linen", "straw", "wool", "leather", "canvas", "stoneware", "suede", "boards", "tiles", "plain")


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far a photographer is off: shift and tilt, in board units."""

    shift: tuple[float, float]
    tilt: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where the cut-out lies: ``scale``, turn in radians, shift and tilt in board units.

    ``middle`` is the point of the cut-out that comes to lie in the middle of the photo (before the shift).
    """

    scale: float
    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    tilt: tuple[float, float] = (0.0, 0.0)
    middle: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def framing(cls, cut_out: NDArray[np.uint8], scale: float, turn: float, spread: _Spread) -> _Pose:
        """A pose in which the product nearly fills the photo: a mini skirt is photographed from nearer by."""
        alpha = Image.fromarray(cut_out[::4, ::4, 3])
        left, top, right, bottom = alpha.getbbox() or (0, 0, *alpha.size)
        side = alpha.width
        extent = max(right - left, bottom - top) / side
        middle = ((left + right) / side - 1.0, (top + bottom) / side - 1.0)
        return cls(scale * (0.88 / max(extent, 0.2)) ** 0.75, turn, spread.shift, spread.tilt, middle)


def photograph(
    cut_out: NDArray[np.uint8], view: View, rng: np.random.Generator, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Take a picture (height, width, 3) of a cut-out (side, side, 4).

    ``size`` is (width, height). "studio" has a light ground and a soft shadow; "scene" has a coloured or
    textured ground, a turned and tilted product, coloured light,
    softness and noise; "detail" is a close crop.
    Raises ``ValueError`` for another view.
    """
    if view not in VIEWS:
        raise ValueError(f"there is no view {view!r}; use one of {VIEWS}")
    if view == "scene":
        return _scene(cut_out, rng, size)
    ground, off = _studio(rng, size), _Spread((rng.normal(0, 0.012), rng.normal(0, 0.012)))
    if view == "studio":
        pose = _Pose.framing(cut_out, rng.uniform(0.96, 1.02), rng.normal(0, 0.02), off)
    else:
        off = _Spread((rng.uniform(-0.35, 0.35), rng.uniform(-0.35, 0.35)))
        pose = _Pose.framing(cut_out, rng.uniform(1.6, 2.0), rng.normal(0, 0.1), off)
    return np.asarray(_placed(cut_out, pose, ground, (0.02, 0.035), 0.30), dtype=np.uint8)


def _scene(cut_out: NDArray[np.uint8], rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.uint8]:
    off = _Spread(
        (rng.uniform(-0.16, 0.16), rng.uniform(-0.14, 0.14)),
        (rng.uniform(-0.16, 0.16), rng.uniform(-0.16, 0.16)),
    )
    pose = _Pose.framing(cut_out, rng.uniform(0.78, 1.1), rng.normal(0, 0.24), off)
    fall = (rng.uniform(-0.08, 0.08), rng.uniform(0.03, 0.09))
    return _weathered(_placed(cut_out, pose, _ground(rng, size), fall, 0.5), rng)


def _studio(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    width, height = size
    tone = np.array(_STUDIOS[int(rng.integers(len(_STUDIOS)))], dtype=np.float32)
    y, x = (
        np.linspace(-1, 1, height, dtype=np.float32)[:, None],
        np.linspace(-1, 1, width, dtype=np.float32)[None, :],
    )
    fall = 1.012 - 0.035 * (x**2 + y**2) / 2 - 0.012 * y
    return Image.fromarray(np.clip(fall[..., None] * tone, 0, 255).astype(np.uint8))


def _ground(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A table, a cloth, a floor: coloured, textured, lit from one side."""
    width, height = size
    kind = _GROUNDS[int(rng.integers(len(_GROUNDS)))]
    names = list(COLOURS)
    colour = mix(COLOURS[names[int(rng.integers(len(names)))]], (224, 216, 204), rng.uniform(0.2, 0.75))
    if kind == "boards":
        colour = mix((150, 104, 66), (226, 208, 184), rng.uniform(0, 1))
    field = np.ones((height, width), dtype=np.float32)
    if kind in ("boards", "tiles"):
        field = _planks(rng, size, kind)
    elif kind != "plain":
        pitch = rng.uniform(0.6, 1.3)
        rows = (np.arange(height) * pitch).astype(int) & 255
        columns = (np.arange(width) * pitch).astype(int) & 255
        field = grain(kind)[rows[:, None], columns[None, :]]
    angle = rng.uniform(0, 2 * np.pi)
    y, x = (
        np.linspace(-1, 1, height, dtype=np.float32)[:, None],
        np.linspace(-1, 1, width, dtype=np.float32)[None, :],
    )
    slope = 1.0 + np.float32(0.17) * (x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)))
    lit = (field * slope)[..., None] * np.array(colour, dtype=np.float32)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _planks(rng: np.random.Generator, size: tuple[int, int], kind: str) -> NDArray[np.float32]:
    width, height = size
    pitch = int(rng.uniform(0.16, 0.28) * width)
    count = width // pitch + 2
    tones = rng.normal(1.0, 0.06, (count, count)).astype(np.float32)
    shift = int(rng.integers(pitch))
    x, y = np.arange(width) + shift, np.arange(height) + shift
    if kind == "tiles":
        field = tones[(y // pitch % count)[:, None], (x // pitch % count)[None, :]].copy()
        field[y % pitch < 3] *= 0.8
    else:
        fibres = rng.normal(0, 1, (1, width)).astype(np.float32).repeat(height, 0)
        field = tones[0, x // pitch % count][None, :] * (1 + 0.03 * fibres)
    field[:, x % pitch < 3] *= 0.8
    return np.asarray(field, dtype=np.float32)


def _coefficients(pose: _Pose, side: int, size: tuple[int, int]) -> tuple[float, ...]:
    """The eight numbers of Pillow's PERSPECTIVE transform: photo pixel → cut-out pixel."""
    width, height = size
    short = min(width, height)
    to_board = np.array([[2 / short, 0, -width / short], [0, 2 / short, -height / short], [0, 0, 1.0]])
    cosine, sine = np.cos(pose.turn) / pose.scale, np.sin(pose.turn) / pose.scale
    rotate = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1.0]])
    shift = np.array([[1, 0, -pose.shift[0]], [0, 1, -pose.shift[1]], [0, 0, 1.0]])
    tilt = np.array([[1, 0, 0], [0, 1, 0], [pose.tilt[0], pose.tilt[1], 1.0]])
    x, y = (value + 1.0 for value in pose.middle)
    to_pixel = np.array([[side / 2, 0, side / 2 * x], [0, side / 2, side / 2 * y], [0, 0, 1.0]])
    matrix = to_pixel @ tilt @ rotate @ shift @ to_board
    return tuple(float(v) for v in (matrix / matrix[2, 2]).ravel()[:8])


def _placed(
    cut_out: NDArray[np.uint8], pose: _Pose, ground: Image.Image, fall: tuple[float, float], depth: float
) -> Image.Image:
    """The cut-out on its ground, with a soft shadow that falls by ``fall`` (board units)."""
    size, side = ground.size, cut_out.shape[0]
    factors = _coefficients(pose, side, size)
    whole = Image.fromarray(cut_out).convert("RGBa")
    placed = whole.transform(size, Image.Transform.PERSPECTIVE, factors, Image.Resampling.BILINEAR)
    alpha = placed.getchannel("a")
    small = alpha.reduce(2)
    shadow = Image.new("L", small.size, 0)
    shadow.paste(small, (round(fall[0] * small.width), round(fall[1] * small.height)))
    wide = shadow.filter(ImageFilter.GaussianBlur(small.width * 0.045)).point(lambda v: v * depth)
    tight = shadow.filter(ImageFilter.GaussianBlur(small.width * 0.012)).point(lambda v: v * depth * 0.55)
    for shade in (wide, tight):
        ground.paste((38, 32, 36), None, shade.resize(size, Image.Resampling.BILINEAR))
    ground.paste((0, 0, 0), None, alpha)
    return ImageChops.add(ground, Image.merge("RGB", placed.split()[:3]))


def _weathered(picture: Image.Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    """What a quick photo suffers: an object in the corner, coloured light, a light fall-off, blur, noise."""
    width, height = picture.size
    if rng.random() < 0.3:
        _intruder(picture, rng)
    if rng.random() < 0.35:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.1)))
    warmth, light = rng.normal(0, 0.06), rng.uniform(0.78, 1.12)
    cast = np.array([1 + warmth, 1 + rng.normal(0, 0.015), 1 - warmth], dtype=np.float32) * np.float32(light)
    noise = rng.integers(-128, 128, (height, width, 1), dtype=np.int8).astype(np.float32)
    noisy = np.asarray(picture, dtype=np.float32) * cast + noise * np.float32(rng.uniform(0.01, 0.06))
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)


def _intruder(picture: Image.Image, rng: np.random.Generator) -> None:
    """Something else at the rim of the photo: a leaf, a book's edge, a coin."""
    width, height = picture.size
    x, y = (rng.choice([0.0, 1.0]) * width, rng.uniform(0, 1) * height)
    radius = rng.uniform(0.06, 0.13) * width
    names = list(COLOURS)
    layer = Image.new("L", picture.size, 0)
    angle = np.linspace(0, 2 * np.pi, int(rng.choice([4, 5, 24])), endpoint=False) + rng.uniform(0, 6)
    points = [(x + radius * float(np.cos(a)), y + radius * float(np.sin(a))) for a in angle]
    ImageDraw.Draw(layer).polygon(points, fill=235)
    picture.paste(
        COLOURS[names[int(rng.integers(len(names)))]], None, layer.filter(ImageFilter.GaussianBlur(1.2))
    )
