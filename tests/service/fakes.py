"""A deterministic embedder that needs no network: a photo's brightness on a grid, and its mean colour."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import BadPhoto
from data.photos import decode

SIDE = 16


class FakeConfig:
    """As much of a configuration as is stored with a space."""

    def as_json(self) -> dict[str, object]:
        return {"architecture": "fake"}


class FakeEmbedder:
    """Two aspects: "shape" (brightness on a 4 × 4 grid) and "colour" (mean RGB against grey)."""

    name = "bundled"
    licence = "none"
    input_size = (SIDE, SIDE)
    layout = AspectLayout(("shape", "colour"), (16, 4), (0.6, 0.4))
    config = FakeConfig()
    runtime = "fake"
    device = "cpu"

    def __init__(self, version: str = "1") -> None:
        self.space = "fake-" + hashlib.sha256(version.encode()).hexdigest()[:12]
        self.encoded = 0

    def prepare(self, source: Path | bytes) -> NDArray[np.uint8]:
        return decode(source, size=self.input_size)

    def encode(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.encoded += len(photos)
        bright = photos.astype(np.float32).mean(axis=3) / 255
        grid = (
            bright.reshape(len(photos), 4, SIDE // 4, 4, SIDE // 4).mean(axis=(2, 4)).reshape(len(photos), 16)
        )
        colour = photos.astype(np.float32).mean(axis=(1, 2)) / 255
        colour = np.concatenate(
            [colour - colour.mean(axis=1, keepdims=True), np.full((len(photos), 1), 0.1)], 1
        )
        return np.concatenate([_unit(1.01 - grid), _unit(colour)], axis=1).astype(np.float32)

    def encode_files(
        self, sources: Sequence[Path | bytes]
    ) -> tuple[list[NDArray[np.float32] | None], list[BadPhoto | None]]:
        vectors: list[NDArray[np.float32] | None] = []
        errors: list[BadPhoto | None] = []
        for source in sources:
            try:
                vectors.append(self.encode(self.prepare(source)[None])[0])
                errors.append(None)
            except BadPhoto as error:
                vectors.append(None)
                errors.append(error)
        return vectors, errors


def _unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = values / np.linalg.norm(values, axis=1, keepdims=True)
    return unit
