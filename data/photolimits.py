"""What a photo may be at most and at least; beside ``data.photos``, which needs Pillow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """max_pixels: width times height, known from the header before decoding. min_side: of the shorter side,
    in pixels. max_bytes: of the file."""

    max_pixels: int = 50_000_000
    min_side: int = 8
    max_bytes: int = 50 * 2**20
