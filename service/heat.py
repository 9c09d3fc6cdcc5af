"""Heat drawn over a photo."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.photos import decode

SIDE = 480
"""Largest side of the picture, in pixels."""
QUIET, COVER = 0.45, 0.64
"""How much colour the photo keeps, and how much of it the strongest heat covers."""
RAMP = np.asarray([(255, 236, 110), (255, 160, 30), (225, 40, 40), (150, 0, 70)], np.float32)
"""From little to much; its lightness falls all the way, so that it can be told without telling colours."""


def heated(photo: Path, strength: NDArray[np.float32]) -> bytes:
    """A JPEG of the whole photo, paled, with heat of ``strength`` (h, w) in [0, 1] over it. Raises BadPhoto.

    Between the places the heat is interpolated; where there is none the photo shows through.
    """
    upright = Image.fromarray(decode(photo))
    upright.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(upright, np.float32)
    grey = pixels @ np.asarray([0.299, 0.587, 0.114], np.float32)
    paled = grey[..., None] + QUIET * (pixels - grey[..., None])
    heat = Image.fromarray(np.ascontiguousarray(strength, np.float32)).resize(
        upright.size, Image.Resampling.BICUBIC
    )
    level = np.clip(np.asarray(heat), 0.0, 1.0)
    cover = (COVER * level)[..., None]
    mixed = paled * (1.0 - cover) + _colours(level) * cover
    out = io.BytesIO()
    Image.fromarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8)).save(out, "JPEG", quality=88)
    return out.getvalue()


def _colours(level: NDArray[np.float32]) -> NDArray[np.float32]:
    """Levels (h, w) in [0, 1] → RGB (h, w, 3) along the ramp."""
    steps = np.linspace(0.0, 1.0, len(RAMP))
    channels = [np.interp(level, steps, RAMP[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=2).astype(np.float32)
