"""Printed and woven patterns as square tiles that repeat without a seam."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data.demo.palette import RGB, lightness, mix

TILE = 256
"""Side of a tile in pixels of the drawing board (a power of two, so that wrapping is a mask)."""

Inks = tuple[RGB, RGB, RGB]
"""Ground colour, second colour, third colour."""


def tile(name: str, inks: Inks, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The tile (TILE, TILE, 3) of a pattern of ``vocabulary.PATTERNS`` in the given inks.

    The ground covers at least half of it, so that the named colour stays the dominant one. Raises
    ``ValueError`` for an unknown pattern.
    """
    if name not in _PAINTERS:
        raise ValueError(f"there is no pattern {name!r}; use one of {sorted(_PAINTERS)}")
    return _PAINTERS[name](inks, rng)


def _blank(ink: RGB) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (TILE, TILE), ink)
    return image, ImageDraw.Draw(image)


def _plain(inks: Inks, rng: np.random.Generator) -> NDArray[np.uint8]:
    return np.broadcast_to(np.array(inks[0], dtype=np.uint8), (TILE, TILE, 3))


def _stripes(inks: Inks, rng: np.random.Generator) -> NDArray[np.uint8]:
    image, pen = _blank(inks[0])
    count = int(rng.choice([4, 6, 8]))
    period = TILE / count
    width = period * rng.uniform(0.25, 0.46)
    double = rng.random() < 0.25
    for k in range(count):
        y = k * period
        pen.rectangle((0, y, TILE, y + width - 1), fill=inks[1])
        if double and period > 36:
            pen.rectangle((0, y + width + 5, TILE, y + width + 9), fill=inks[2])
    painted = np.asarray(image)
    return np.ascontiguousarray(painted.transpose(1, 0, 2)) if rng.random() < 0.35 else painted


def _checks(inks: Inks, rng: np.random.Generator) -> NDArray[np.uint8]:
    count = int(rng.choice([3, 4, 5, 8]))
    place = (np.arange(TILE) * count / TILE) % 1.0
    wide = (place < 0.46).astype(np.float32)
    line = ((place > 0.68) & (place < 0.75)).astype(np.float32) if count < 5 else np.zeros(TILE, np.float32)
    ground, second, third = (np.array(ink, dtype=np.float32) for ink in inks)
    cover = (wide[:, None] + wide[None, :])[..., None] * 0.42
    painted = ground * (1 - cover) + second * cover
    thread = np.maximum(line[:, None], line[None, :])[..., None] * 0.75
    return np.clip(painted * (1 - thread) + third * thread, 0, 255).astype(np.uint8)


def _dots(inks: Inks, rng: np.random.Generator) -> NDArray[np.uint8]:
    image, pen = _blank(inks[0])
    count = int(rng.choice([4, 5, 6, 8]))
    period = TILE / count
    radius = period * rng.uniform(0.2, 0.29)
    for row in range(count * 2):
        for column in range(-1, count + 1):
            x = (column + 0.5 * (row % 2)) * period
            y = row * period / 2
            for shift in (0, TILE):
                pen.ellipse((x - radius, y - radius - shift, x + radius, y + radius - shift), fill=inks[1])
                pen.ellipse((x - radius, y - radius + shift, x + radius, y + radius + shift), fill=inks[1])
    return np.asarray(image)


def _flower(
    pen: ImageDraw.ImageDraw, x: float, y: float, size: float, turn: float, petal: RGB, heart: RGB
) -> None:
    for k in range(5):
        angle = turn + k * 2 * np.pi / 5
        px, py, r = x + np.cos(angle) * size * 0.62, y + np.sin(angle) * size * 0.62, size * 0.46
        pen.ellipse((px - r, py - r, px + r, py + r), fill=petal)
    r = size * 0.3
    pen.ellipse((x - r, y - r, x + r, y + r), fill=heart)


def _floral(inks: Inks, rng: np.random.Generator) -> NDArray[np.uint8]:
    image, pen = _blank(inks[0])
    leaf = mix(inks[2], (70, 120, 80), 0.6)
    if abs(lightness(leaf) - lightness(inks[0])) < 18:
        leaf = mix(leaf, (255, 255, 255) if lightness(inks[0]) < 55 else (20, 40, 30), 0.4)
    count = int(rng.choice([3, 4]))
    period = TILE / count
    for row in range(count):
        for column in range(count):
            x = (column + 0.5 * (row % 2) + rng.uniform(-0.14, 0.14)) * period
            y = (row + rng.uniform(-0.14, 0.14)) * period
            size, turn = period * rng.uniform(0.25, 0.37), rng.uniform(0, 6.3)
            petal, heart = (inks[1], inks[2]) if rng.random() < 0.75 else (inks[2], inks[1])
            for dx in (-TILE, 0, TILE):
                for dy in (-TILE, 0, TILE):
                    if -size * 2 < x + dx < TILE + size * 2 and -size * 2 < y + dy < TILE + size * 2:
                        end = (x + dx + np.cos(turn) * size * 1.9, y + dy + np.sin(turn) * size * 1.9)
                        pen.line((x + dx, y + dy, *end), fill=leaf, width=max(3, int(size * 0.22)))
                        r = size * 0.28
                        pen.ellipse((end[0] - r, end[1] - r, end[0] + r, end[1] + r), fill=leaf)
                        _flower(pen, x + dx, y + dy, size, turn, petal, heart)
    return np.asarray(image)


def _zigzag(inks: Inks, rng: np.random.Generator) -> NDArray[np.uint8]:
    bands, teeth = int(rng.choice([4, 6])), int(rng.choice([4, 6, 8]))
    x = np.arange(TILE) * teeth / TILE % 1.0
    wave = np.abs(x - 0.5) * rng.uniform(1.1, 1.6) * bands / teeth
    place = (np.arange(TILE)[:, None] * bands / TILE + wave[None, :]) % 1.0
    which = (place < 0.34).astype(int) + ((place > 0.6) & (place < 0.68)).astype(int) * 2
    return np.asarray(np.array(inks, dtype=np.uint8)[which])


def _argyle(inks: Inks, rng: np.random.Generator) -> NDArray[np.uint8]:
    across, down = int(rng.choice([3, 4])), int(rng.choice([2, 3]))
    x, y = np.arange(TILE) * across / TILE, np.arange(TILE)[:, None] * down / TILE
    diamond = np.abs(x % 1.0 - 0.5) + np.abs(y % 1.0 - 0.5)
    column = np.floor(x).astype(int)[None, :] % 2 if across % 2 == 0 else np.zeros((1, TILE), int)
    painted = np.array(inks, dtype=np.float32)[np.where(diamond < 0.4, 1 + column, 0)]
    thread = np.abs((np.abs((x + 0.5) % 1.0 - 0.5) + np.abs((y + 0.5) % 1.0 - 0.5)) - 0.5) < 0.022
    painted[thread] = np.array(mix(inks[2], (255, 255, 255), 0.35), dtype=np.float32)
    return painted.astype(np.uint8)


def _leopard(inks: Inks, rng: np.random.Generator) -> NDArray[np.uint8]:
    image, pen = _blank(inks[0])
    dark = (
        mix(inks[0], (16, 12, 10), 0.82) if lightness(inks[0]) > 38 else mix(inks[0], (238, 224, 200), 0.72)
    )
    heart = mix(inks[0], dark, 0.32)
    period = TILE / 6
    for row in range(6):
        for column in range(6):
            x = (column + 0.5 * (row % 2) + rng.uniform(-0.2, 0.2)) * period
            y = (row + rng.uniform(-0.2, 0.2)) * period
            size, turn, long = period * rng.uniform(0.24, 0.36), rng.uniform(0, 360), rng.uniform(1.0, 1.4)
            for dx in (-TILE, 0, TILE):
                for dy in (-TILE, 0, TILE):
                    if -30 < x + dx < TILE + 30 and -30 < y + dy < TILE + 30:
                        box = (x + dx - size * long, y + dy - size, x + dx + size * long, y + dy + size)
                        pen.ellipse(box, fill=heart)
                        for start in (0, 130, 245):
                            pen.arc(box, turn + start, turn + start + 88, fill=dark, width=6)
    return np.asarray(image)


_PAINTERS: dict[str, Callable[[Inks, np.random.Generator], NDArray[np.uint8]]] = {
    "plain": _plain,
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "floral": _floral,
    "zigzag": _zigzag,
    "argyle": _argyle,
    "leopard": _leopard,
}
