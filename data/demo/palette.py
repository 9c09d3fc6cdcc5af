"""The fourteen named colours of the demo shop, and the variation that a name allows.

A name is a small cloud in CIELAB around its centre, so that two "navy" products differ as two dye lots do
while names stay apart.  Everything is sRGB, D65.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RGB: TypeAlias = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "black": (34, 34, 38),
    "white": (244, 242, 237),
    "grey": (146, 148, 152),
    "beige": (214, 190, 156),
    "brown": (116, 74, 46),
    "red": (196, 38, 44),
    "orange": (232, 122, 38),
    "yellow": (242, 200, 58),
    "green": (62, 128, 72),
    "teal": (24, 136, 140),
    "blue": (74, 134, 208),
    "navy": (30, 44, 88),
    "purple": (116, 72, 148),
    "pink": (236, 148, 174),
}
"""Colour name → centre of its cloud, sRGB 0..255."""

SPREAD = (3.0, 2.6, 2.6)
"""Standard deviation inside a name, in CIELAB units (L, a, b); cut at two deviations."""

PARTNERS: dict[str, tuple[str, ...]] = {
    "black": ("white", "beige", "red", "yellow", "pink"),
    "white": ("navy", "black", "red", "blue", "green", "teal"),
    "grey": ("white", "navy", "yellow", "black", "pink"),
    "beige": ("white", "brown", "navy", "teal", "red"),
    "brown": ("beige", "white", "orange", "blue"),
    "red": ("white", "navy", "beige", "pink"),
    "orange": ("white", "navy", "brown", "teal"),
    "yellow": ("white", "grey", "navy", "black"),
    "green": ("white", "beige", "yellow", "pink"),
    "teal": ("white", "orange", "beige", "yellow"),
    "blue": ("white", "navy", "yellow", "beige"),
    "navy": ("white", "beige", "red", "yellow", "pink"),
    "purple": ("white", "yellow", "pink", "beige"),
    "pink": ("white", "red", "navy", "teal"),
}
"""Which second colours go with a first one (patterns, trims)."""

_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.089])
_CUBE = (6 / 29) ** 3


def to_lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """SRGB (..., 3) in 0..255 → CIELAB (..., 3) (CIE 1976, D65)."""
    part = np.asarray(rgb, dtype=np.float64) / 255.0
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > _CUBE, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )


def from_lab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB (..., 3) → sRGB (..., 3) in 0..255, clipped to what a screen can show."""
    light = (lab[..., 0] + 16) / 116
    f = np.stack([light + lab[..., 1] / 500, light, light - lab[..., 2] / 200], axis=-1)
    ratio = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    linear = np.clip((ratio * _WHITE) @ np.linalg.inv(_TO_XYZ).T, 0.0, 1.0)
    part = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(part * 255.0)


def dye(name: str, rng: np.random.Generator) -> RGB:
    """One dye lot of a named colour: its centre plus a bounded deviation in CIELAB."""
    drift = np.clip(rng.standard_normal(3), -2.0, 2.0) * np.array(SPREAD)
    red, green, blue = from_lab(to_lab(np.array(COLOURS[name], dtype=np.float64)) + drift).round()
    return int(red), int(green), int(blue)


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """``share`` of the second colour in the first, linear in sRGB."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def lightness(rgb: RGB) -> float:
    """CIELAB L of a colour, 0 (black) to 100 (white)."""
    return float(to_lab(np.array(rgb, dtype=np.float64))[0])
