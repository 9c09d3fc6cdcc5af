"""The colour aspect: which colours a product has, as a histogram over a palette of CIELAB centres.

Pooled deep features forget colour; this block brings it back without a network. Each pixel counts by
how unlike the picture's border it is (a product photo's border is mostly background) and how central
it lies, is shared softly among the nearest centres, and the square root of the histogram makes the
inner product of two photos the Bhattacharyya coefficient of their colours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

SOFTNESS = 5.0
"""Deviation of the soft assignment, in units of CIELAB (delta E 1976)."""
BORDER_DISTANCE = 25.0
"""Distance from the border's colour at which a pixel counts 63 % as product, delta E."""
BORDER_FLOOR = 0.01
"""What a pixel of the border's own colour still counts, so that a flat picture has a colour too."""
CENTRE_SPREAD = 0.25
"""Deviation of the centre prior, as a share of the picture's side."""
_WORKING_SIDE = 80
_LEVELS = 32  # five bits per channel


def rgb_to_lab(rgb: NDArray[np.uint8] | FloatArray) -> FloatArray:
    """CIELAB (D65, 2 degrees) of sRGB colours (..., 3) in 0..255; L in 0..100, float32."""
    share = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    delta = 6 / 29
    f = np.where(xyz > delta**3, np.cbrt(xyz), xyz / (3 * delta**2) + 4 / 29)
    lab = np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )
    return lab.astype(np.float32)


@lru_cache(maxsize=1)
def _lab_of_codes() -> FloatArray:
    """CIELAB of the middle of every five-bit colour cell, (32768, 3); red is in the highest bits."""
    level = np.arange(_LEVELS) * 8 + 3.5
    red, green, blue = np.meshgrid(level, level, level, indexing="ij")
    return rgb_to_lab(np.stack([red, green, blue], axis=-1).reshape(-1, 3).astype(np.float32))


@lru_cache(maxsize=32)
def _centre_prior(height: int, width: int) -> NDArray[np.float64]:
    """Gaussian weight of each pixel, (height * width,), 1 in the middle."""
    y = (np.arange(height) + 0.5) / height - 0.5
    x = (np.arange(width) + 0.5) / width - 0.5
    square = y[:, None] ** 2 + x[None, :] ** 2
    prior = np.exp(-square / (2 * CENTRE_SPREAD**2)).ravel()
    prior.flags.writeable = False
    return np.asarray(prior, dtype=np.float64)


def _codes(rgb: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Five-bit colour code of each pixel of a thinned-out picture, (h, w)."""
    stride = max(1, min(rgb.shape[0], rgb.shape[1]) // _WORKING_SIDE)
    codes = rgb[::stride, ::stride, 0].astype(np.uint16)
    codes >>= 3
    for channel in (1, 2):
        codes <<= 5
        codes |= rgb[::stride, ::stride, channel] >> 3
    return codes


def _median(values: FloatArray) -> FloatArray:
    """The median of each row (k, n), as ``np.median`` has it but without its checks: (k,)."""
    low, high = (values.shape[1] - 1) // 2, values.shape[1] // 2
    ordered = np.partition(values, (low, high), axis=1)
    return np.asarray((ordered[:, low] + ordered[:, high]) / 2, dtype=np.float32)


def foreground_colours(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.int64], FloatArray]:
    """The colours of a picture (h, w, 3) and how much each belongs to the product.

    Returns colour codes (m,) that occur, and their weights (m,), not normalised, all positive.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or rgb.size == 0:
        raise ValueError(f"expected uint8 pixels (height, width, 3), got {rgb.dtype} {rgb.shape}")
    codes = _codes(rgb)
    lab = _lab_of_codes()
    ground = _median(lab.T[:, np.concatenate([codes[0], codes[-1], codes[1:-1, 0], codes[1:-1, -1]])])
    found = np.zeros(len(lab), np.bool_)
    found[codes] = True
    present = np.flatnonzero(found)
    place = np.empty(len(lab), np.intp)  # the histogram is kept as short as there are colours
    place[present] = np.arange(len(present))
    mass = np.bincount(place[codes.ravel()], weights=_centre_prior(*codes.shape))
    square = np.square(lab[present] - ground).sum(axis=1)
    product = BORDER_FLOOR + (1 - BORDER_FLOOR) * -np.expm1(-square / BORDER_DISTANCE**2)
    return present, (mass * product).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Palette:
    """A palette of CIELAB centres (n, 3), float32, and histograms over it. Safe to share among threads."""

    centres: FloatArray
    _shares: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        centres = np.ascontiguousarray(self.centres, dtype=np.float32)
        if centres.ndim != 2 or centres.shape[1] != 3 or not len(centres) or not np.isfinite(centres).all():
            raise ValueError(f"a palette needs finite centres of shape (n, 3), got {centres.shape}")
        lab = _lab_of_codes()
        square = np.square(lab).sum(1)[:, None] - 2 * (lab @ centres.T) + np.square(centres).sum(1)[None, :]
        square -= square.min(axis=1, keepdims=True)
        shares = np.exp(-square / (2 * SOFTNESS**2))
        shares /= shares.sum(axis=1, keepdims=True)
        shares.flags.writeable = False
        object.__setattr__(self, "centres", centres)
        object.__setattr__(self, "_shares", shares.astype(np.float32, copy=False))

    def __len__(self) -> int:
        return len(self.centres)

    def histogram(self, rgb: NDArray[np.uint8]) -> FloatArray:
        """Square-rooted colour histogram of a picture (h, w, 3), uint8; float32 (n,) of unit norm."""
        present, weights = foreground_colours(rgb)
        mass = weights @ self._shares[present]
        return np.asarray(np.sqrt(mass / mass.sum()), dtype=np.float32)
