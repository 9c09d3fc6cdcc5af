"""Which palette an embedder's colour aspect uses: its own, the bundled one, or a plain grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedder.colour import Palette
from embedder.config import EmbedderConfig
from embedder.tensors import StoredTensor, read_safetensors

BUNDLED = Path(__file__).parent / "weights" / "bundled"
ASPECTS_NAME = "aspects.safetensors"
SUFFIX = ".palette"
LIGHTNESS = (20.0, 45.0, 68.0, 90.0)
OPPONENT = (-42.0, -14.0, 14.0, 42.0)


def palette_of(config: EmbedderConfig, tensors: Mapping[str, StoredTensor]) -> Palette | None:
    """The palette of an embedder, or None where it has no colour aspect."""
    names = [aspect.name for aspect in config.aspects if not aspect.from_network]
    if not names:
        return None
    own = tensors.get(names[0] + SUFFIX)
    return Palette(own.floats()) if own is not None else default_palette()


def default_palette() -> Palette:
    """The bundled embedder's palette, or ``grid`` where that is absent."""
    path = BUNDLED / ASPECTS_NAME
    if path.is_file():
        for name, tensor in read_safetensors(path).items():
            if name.endswith(SUFFIX):
                return Palette(tensor.floats())
    return Palette(grid())


def grid() -> NDArray[np.float32]:
    """64 centres (64, 3) on a regular CIELAB grid: four lightnesses × four values of a* × four of b*."""
    axes = np.meshgrid(LIGHTNESS, OPPONENT, OPPONENT, indexing="ij")
    return np.stack(axes, axis=-1).reshape(-1, 3).astype(np.float32)
