"""Drawn pictures and silhouettes: extra inputs for distillation, which needs no labels, only variety.

A teacher can be questioned about any picture. Photos of two shops leave most of the input space empty
(studio backgrounds, watches, bags, flat graphics), so these fill it: random silhouettes in random
patterns on plain grounds, and a bank of silhouette masks with which photos are cut out.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Pixels = NDArray[np.uint8]
FloatArray = NDArray[np.float32]


def blob_outline(rng: np.random.Generator, px: int) -> list[tuple[float, float]]:
    """A closed outline: a circle bent by a few random harmonics, stretched and turned; pixels."""
    angles = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    radius = np.ones_like(angles)
    for harmonic in range(2, 7):
        radius += rng.normal(0, 0.28 / harmonic) * np.cos(harmonic * angles + rng.uniform(0, 6.3))
    size = rng.uniform(0.22, 0.46) * px
    stretch = math.exp(rng.normal(0, 0.35))
    x = size * stretch * radius * np.cos(angles)
    y = size / stretch * radius * np.sin(angles)
    turn = rng.uniform(0, 6.3)
    cx, cy = rng.normal(px / 2, px * 0.05, 2)
    xs = cx + x * math.cos(turn) - y * math.sin(turn)
    ys = cy + x * math.sin(turn) + y * math.cos(turn)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def polygon_outline(rng: np.random.Generator, px: int) -> list[tuple[float, float]]:
    """A mirrored polygon: upright things for sale are mostly symmetric; pixels."""
    rows = np.sort(rng.uniform(0.06, 0.94, rng.integers(3, 9))) * px
    half = rng.uniform(0.06, 0.46, len(rows)) * px
    right = [(px / 2 + h, y) for h, y in zip(half.tolist(), rows.tolist(), strict=True)]
    left = [(px / 2 - h, y) for h, y in zip(half.tolist(), rows.tolist(), strict=True)]
    return right + left[::-1]


def draw_mask(rng: np.random.Generator, px: int) -> Image.Image:
    """A soft silhouette, one or two parts, sometimes with a hole; mode L."""
    mask = Image.new("L", (px, px), 0)
    pen = ImageDraw.Draw(mask)
    for _ in range(1 + int(rng.random() < 0.35)):
        outline = blob_outline(rng, px) if rng.random() < 0.45 else polygon_outline(rng, px)
        pen.polygon(outline, fill=255)
    if rng.random() < 0.2:
        cx, cy = rng.uniform(0.3, 0.7, 2) * px
        r = rng.uniform(0.05, 0.2) * px
        pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=0)
    return mask.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.2))))


def random_colour(rng: np.random.Generator) -> FloatArray:
    """A colour, with greys and dark tones as common as in clothes; (3,) in 0..255."""
    grey = rng.uniform(0, 255)
    vivid = rng.uniform(0, 255, 3)
    share = rng.beta(0.7, 0.7)
    return np.asarray(grey * (1 - share) + vivid * share, dtype=np.float32)


def draw_pattern(rng: np.random.Generator, px: int) -> FloatArray:
    """A surface (px, px, 3) in 0..255: plain, stripes, checks, dots, gradient or noise."""
    yy, xx = np.mgrid[0:px, 0:px].astype(np.float32)
    turn, period = rng.uniform(0, 6.3), rng.uniform(4, px / 3)
    u = (xx * math.cos(turn) + yy * math.sin(turn)) / period
    v = (-xx * math.sin(turn) + yy * math.cos(turn)) / period
    kind = rng.integers(0, 7)
    if kind == 0:
        weight = np.zeros_like(u)
    elif kind == 1:
        weight = (np.sin(6.28 * u) > rng.uniform(-0.8, 0.8)).astype(np.float32)
    elif kind == 2:
        weight = ((u % 1 < 0.5).astype(np.float32) + (v % 1 < 0.5)) / 2
    elif kind == 3:
        weight = ((u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2 < rng.uniform(0.02, 0.2)).astype(np.float32)
    elif kind == 4:
        weight = (u - u.min()) / (np.ptp(u) + 1e-6)
    else:
        cells = int(rng.integers(3, 48))
        small = Image.fromarray(rng.integers(0, 256, (cells, cells), dtype=np.uint8))
        mode = Image.Resampling.BICUBIC if kind == 5 else Image.Resampling.NEAREST
        weight = np.asarray(small.resize((px, px), mode), dtype=np.float32) / 255
    first, second = random_colour(rng), random_colour(rng)
    surface = first + (second - first) * weight[..., None]
    shade = 1 + rng.normal(0, 0.12) * (xx / px - 0.5) + rng.normal(0, 0.12) * (yy / px - 0.5)
    surface = surface * shade[..., None] + rng.normal(0, rng.uniform(0, 8), (px, px, 1))
    return np.asarray(np.clip(surface, 0, 255), dtype=np.float32)


def draw_picture(rng: np.random.Generator, px: int) -> Pixels:
    """One or two patterned silhouettes on a ground; uint8 (px, px, 3)."""
    if rng.random() < 0.55:
        ground: FloatArray = np.full((px, px, 3), rng.uniform(225, 255), dtype=np.float32)
    else:
        patterned = rng.random() < 0.4
        ground = draw_pattern(rng, px) if patterned else np.tile(random_colour(rng), (px, px, 1))
    for _ in range(int(rng.integers(1, 4))):
        alpha = np.asarray(draw_mask(rng, px), dtype=np.float32)[..., None] / 255
        ground = np.asarray(ground * (1 - alpha) + draw_pattern(rng, px) * alpha, dtype=np.float32)
    return np.asarray(np.clip(ground, 0, 255), dtype=np.uint8)


def draw_pictures(count: int, px: int, seed: int) -> Pixels:
    """``count`` drawn pictures, (count, px, px, 3)."""
    rng = np.random.default_rng(seed)
    return np.stack([draw_picture(rng, px) for _ in range(count)])


def draw_masks(count: int, px: int, seed: int) -> Pixels:
    """``count`` silhouettes, (count, px, px), 0 outside and 255 inside."""
    rng = np.random.default_rng(seed)
    return np.stack([np.asarray(draw_mask(rng, px), dtype=np.uint8) for _ in range(count)])
