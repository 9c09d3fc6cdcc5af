"""A deterministic embedder that needs no network: what a photo covers of a grid, and its mean colour."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.photos import decode

SIDE = 16
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


class FakeConfig:
    """As much of a configuration as the pipeline and the store look at."""

    network_aspects = ()

    def as_json(self) -> dict[str, object]:
        return {"architecture": "fake"}


class FakeRuntime:
    """No network: the pipeline only asks how large its batches shall be."""

    name = "fake"
    device = "none"
    batch = 8

    side_by_side = True

    def compute(self, photos: Bytes, fitting: bool = False) -> tuple[Floats, ...]:
        return ()

    def encode(self, photos: Bytes) -> tuple[Floats, ...]:
        return ()


class FakeEmbedder:
    """Two aspects: "shape" (what is not background on a 4 × 4 grid) and "colour" (mean RGB against grey)."""

    name = "bundled"
    licence = "none"
    input_size = (SIDE, SIDE)
    layout = AspectLayout(("shape", "colour"), (16, 4), (0.6, 0.4))
    config = FakeConfig()
    runtime = FakeRuntime()

    def __init__(self, version: str = "1") -> None:
        self.digest = hashlib.sha256(version.encode()).hexdigest()
        self.space = f"fake-{self.digest[:12]}"

    def prepare(self, source: Path | bytes) -> Bytes:
        return decode(source, size=self.input_size)

    def colours(self, photo: Bytes) -> Floats:
        """Both blocks, as the pipeline computes only this one without a network."""
        pixels = photo.astype(np.float32) / 255
        covered = (np.abs(pixels - 0.96).max(axis=2) > 0.25).astype(np.float32)
        grid = 0.01 + covered.reshape(4, SIDE // 4, 4, SIDE // 4).mean(axis=(1, 3)).ravel()
        mean = pixels.mean(axis=(0, 1))
        return np.concatenate([_unit(grid), _unit(np.append(mean - mean.mean(), 0.02))]).astype(np.float32)

    def encode(self, photos: Bytes) -> Floats:
        return np.stack([self.colours(photo) for photo in photos])

    def finish(self, outputs: Sequence[Floats], colours: Floats) -> Floats:
        return colours


def _unit(values: Floats) -> Floats:
    unit: Floats = values / np.linalg.norm(values)
    return unit
