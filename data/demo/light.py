"""Light on a part: a height field is guessed from its outline and folds, and lit from the upper left.

Everything here works on a quarter of the drawing board's resolution; light is smooth, outlines are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from data.demo.curves import Points
from data.demo.materials import Finish

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fold:
    """A crease along a line: ``width`` in board units, ``depth`` about -1 (valley) to 1 (ridge)."""

    line: Points
    width: float
    depth: float


@dataclass(frozen=True, slots=True)
class Relief:
    """The body of a part.

    ``pillow`` how strongly it bulges towards its middle, ``tube`` how round it is across (a leg, a vase),
    ``pleats`` the number of vertical waves, deeper towards the bottom, ``folds`` creases, ``crumple`` random
    softness of the cloth, ``shade`` a factor on the whole part (an inside is darker).
    """

    pillow: float = 1.0
    tube: float = 0.0
    pleats: float = 0.0
    folds: tuple[Fold, ...] = ()
    crumple: float = 1.0
    shade: float = 1.0


def blur(field: Field, radius: float) -> Field:
    """Gaussian-like blur of a field in 0..1, radius in its own pixels."""
    image = Image.fromarray((field * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / 255.0


def across(mask: Field) -> Field:
    """Where each pixel lies between the left (-1) and right (1) edge of its row of the mask."""
    inside = mask > 0.5
    width = mask.shape[1]
    left = np.where(inside.any(1), inside.argmax(1), 0).astype(np.float32)
    right = np.where(inside.any(1), width - 1 - inside[:, ::-1].argmax(1), width - 1).astype(np.float32)
    middle, half = (left + right) / 2, np.maximum((right - left) / 2, 0.5)
    place = (np.arange(width, dtype=np.float32)[None, :] - middle[:, None]) / half[:, None]
    return np.asarray(np.clip(place, -1.0, 1.0), dtype=np.float32)


def lit(
    mask: Field, relief: Relief, finish: Finish, origin: tuple[int, int], board: int, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Diffuse factor (about 0.4 to 1.25) and highlight (0 to 1) over a mask.

    ``origin`` is the (x, y) of the mask on the quarter-size board of side ``board``.
    """
    unit = board / 144.0
    near, far = blur(mask, 2.2 * unit * finish.soft), blur(mask, 7.0 * unit)
    height = (near * 1.6 + far * 3.2) * np.float32(relief.pillow)
    for fold in relief.folds:
        height += _creased(fold, mask.shape, origin, board) * np.float32(0.55 + 0.45 * finish.wrinkle)
    if relief.crumple and finish.wrinkle:
        height += _crumpled(mask.shape, rng, unit) * np.float32(relief.crumple * finish.wrinkle)
    down, right = _slopes(height)
    tilt = (right * np.float32(0.6) + down * np.float32(0.8)) / np.float32(unit**-1 if unit < 1 else 1.0)
    diffuse = 0.985 + 0.42 * np.clip(tilt, -0.9, 0.55) - 0.20 * relief.pillow * np.clip(1.0 - near, 0, 0.6)
    shine = np.clip(tilt - 0.08, 0.0, 0.7) ** 2 * np.float32(2.6 * finish.gloss)
    if relief.tube or relief.pleats:
        place = across(mask)
        if relief.tube:
            body, streak = _round(place, finish)
            diffuse *= 1 + relief.tube * (body - 1)
            shine = np.maximum(shine * np.float32(1 - relief.tube), streak * np.float32(relief.tube))
        if relief.pleats:
            diffuse *= _pleated(place, relief.pleats)
    return (np.clip(diffuse, 0.3, 1.25) * np.float32(relief.shade)).astype(np.float32), shine.astype(
        np.float32
    )


def _slopes(height: Field) -> tuple[Field, Field]:
    down, right = np.zeros_like(height), np.zeros_like(height)
    down[1:-1] = height[2:] - height[:-2]
    right[:, 1:-1] = height[:, 2:] - height[:, :-2]
    return down, right


def _creased(fold: Fold, shape: tuple[int, ...], origin: tuple[int, int], board: int) -> Field:
    layer = Image.new("L", (shape[1], shape[0]), 0)
    points = [(float(x), float(y)) for x, y in (fold.line * 0.5 + 0.5) * board - origin]
    width = max(1.0, fold.width * board / 2)
    ImageDraw.Draw(layer).line(points, fill=255, width=max(1, round(width)), joint="curve")
    soft = layer.filter(ImageFilter.GaussianBlur(width * 0.9 + 0.6))
    tip = Image.new("L", layer.size, 0)
    field = np.asarray(ImageChops.add(soft, tip), dtype=np.float32) / 255.0
    return np.asarray(field * np.float32(fold.depth * 1.4), dtype=np.float32)


def _crumpled(shape: tuple[int, ...], rng: np.random.Generator, unit: float) -> Field:
    rows, columns = max(2, int(shape[0] / unit / 9)), max(2, int(shape[1] / unit / 11))
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    image = Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32) * np.float32(0.30)


def _round(place: Field, finish: Finish) -> tuple[Field, Field]:
    """A cylinder by Lambert's law with a bounce of light on the right; two soft streaks of highlight."""
    depth = np.sqrt(np.maximum(0.0, 1.0 - place**2))
    body = 0.50 + 0.50 * np.clip(depth * 0.88 - place * 0.42, 0.0, 1.0) + 0.13 * np.clip(place - 0.55, 0, 1)
    streak = np.exp(-(((place + 0.46) / 0.1) ** 2)) * 0.8 + np.exp(-(((place - 0.74) / 0.06) ** 2)) * 0.3
    return body.astype(np.float32) * np.float32(1.06), (streak * finish.gloss).astype(np.float32)


def _pleated(place: Field, count: float) -> Field:
    reach = np.linspace(0.15, 1.0, place.shape[0], dtype=np.float32)[:, None]
    wave = np.sin(np.arcsin(place) * count + 0.6)
    return np.asarray(1.0 + (wave * 0.17 - 0.03) * reach, dtype=np.float32)
