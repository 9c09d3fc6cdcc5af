"""Materials: the grain that a surface adds to its colour, and how it takes the light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from data.demo.patterns import TILE

Grain = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Finish:
    """How a material takes the light.

    ``gloss`` is the strength of highlights (0 matt, 1 glass), ``wrinkle`` how deep loose folds get, ``soft``
    how far the edges round off (1 usual).
    """

    gloss: float
    wrinkle: float
    soft: float = 1.0


FINISHES: dict[str, Finish] = {
    "cotton": Finish(0.0, 1.0),
    "linen": Finish(0.0, 1.35),
    "denim": Finish(0.0, 0.9),
    "knit": Finish(0.0, 0.6, 1.5),
    "wool": Finish(0.0, 0.6, 1.3),
    "silk": Finish(0.5, 1.7),
    "corduroy": Finish(0.0, 0.6),
    "nylon": Finish(0.28, 1.2),
    "canvas": Finish(0.0, 0.6),
    "leather": Finish(0.45, 0.8, 1.2),
    "suede": Finish(0.0, 0.5, 1.2),
    "velvet": Finish(0.22, 1.4, 1.4),
    "felt": Finish(0.0, 0.4, 1.3),
    "straw": Finish(0.06, 0.3),
    "metal": Finish(0.9, 0.0),
    "ceramic": Finish(0.8, 0.0),
    "stoneware": Finish(0.16, 0.0),
    "glass": Finish(1.0, 0.0),
    "rubber": Finish(0.1, 0.0),
}


@lru_cache(maxsize=32)
def grain(material: str) -> Grain:
    """The grain (TILE, TILE) of a material: factors around 1, seamless, always the same."""
    painter = _GRAINS.get(material)
    values = painter(np.random.default_rng(977)) if painter else np.ones((TILE, TILE))
    tile = np.clip(values, 0.55, 1.35).astype(np.float32)
    tile.flags.writeable = False
    return tile


def _noise(rng: np.random.Generator, blur: float) -> NDArray[np.float64]:
    """Seamless noise, mean 0 and deviation 1, softened over ``blur`` pixels."""
    white = rng.standard_normal((TILE, TILE))
    frequency = np.fft.fftfreq(TILE)
    squared = frequency[:, None] ** 2 + frequency[None, :] ** 2
    soft = np.fft.ifft2(np.fft.fft2(white) * np.exp(-2 * (np.pi * blur) ** 2 * squared)).real
    return np.asarray((soft - soft.mean()) / soft.std())


def _axes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    place = np.arange(TILE, dtype=np.float64)
    return place[None, :], place[:, None]


def _cotton(rng: np.random.Generator) -> NDArray[np.float64]:
    return 1 + 0.012 * _noise(rng, 0.8)


def _linen(rng: np.random.Generator) -> NDArray[np.float64]:
    def threads() -> NDArray[np.float64]:
        rows = rng.standard_normal((TILE, 8)).repeat(TILE // 8, axis=1)
        return 0.6 * rows + 0.8 * rng.standard_normal((TILE, 1))

    woven = threads() + threads().T
    blurred = Image.fromarray(np.clip(woven * 24 + 128, 0, 255).astype(np.uint8)).filter(
        ImageFilter.BoxBlur(1)
    )
    return 1 + (np.asarray(blurred, dtype=np.float64) - 128) / 24 * 0.038


def _denim(rng: np.random.Generator) -> NDArray[np.float64]:
    x, y = _axes()
    twill = np.sin((x + y) * 2 * np.pi / 8)
    return 1 + 0.07 * twill + 0.045 * _noise(rng, 1.2) + 0.03 * _noise(rng, 14)


def _knit(rng: np.random.Generator) -> NDArray[np.float64]:
    x, y = _axes()
    column = x * 16 / TILE % 1.0
    stitch = (y * 20 / TILE + np.abs(column - 0.5) * 1.3) % 1.0
    loops = np.cos((stitch - 0.45) * 2 * np.pi) * 0.5 + 0.5
    return 0.86 + 0.2 * loops - 0.13 * (np.abs(column - 0.5) > 0.41) + 0.02 * _noise(rng, 1.0)


def _wool(rng: np.random.Generator) -> NDArray[np.float64]:
    return 1 + 0.036 * _noise(rng, 2.2) + 0.028 * _noise(rng, 0.8)


def _corduroy(rng: np.random.Generator) -> NDArray[np.float64]:
    x, _ = _axes()
    return 0.93 + 0.15 * np.abs(np.sin(x * np.pi * 22 / TILE)) + 0.02 * _noise(rng, 1.0)


def _canvas(rng: np.random.Generator) -> NDArray[np.float64]:
    x, y = _axes()
    weave = np.sin(x * 2 * np.pi * 42 / TILE) * np.sin(y * 2 * np.pi * 42 / TILE)
    return 1 + 0.05 * weave + 0.025 * _noise(rng, 1.0)


def _leather(rng: np.random.Generator) -> NDArray[np.float64]:
    cells = np.abs(_noise(rng, 3.0))
    return 0.965 + 0.05 * np.minimum(cells, 1.0) + 0.02 * _noise(rng, 12)


def _suede(rng: np.random.Generator) -> NDArray[np.float64]:
    return 1 + 0.035 * _noise(rng, 1.2) + 0.035 * _noise(rng, 10)


def _velvet(rng: np.random.Generator) -> NDArray[np.float64]:
    return 0.97 + 0.05 * _noise(rng, 16) + 0.015 * _noise(rng, 0.8)


def _straw(rng: np.random.Generator) -> NDArray[np.float64]:
    x, y = _axes()
    cell = (np.floor(x * 21 / TILE) + np.floor(y * 21 / TILE)) % 2
    along, across = np.abs(np.sin(x * np.pi * 21 / TILE)), np.abs(np.sin(y * np.pi * 21 / TILE))
    return 0.78 + 0.26 * np.where(cell > 0, along, across) + 0.03 * _noise(rng, 1.0)


def _stoneware(rng: np.random.Generator) -> NDArray[np.float64]:
    speck = _noise(rng, 1.3)
    return 1 + 0.02 * _noise(rng, 9) - 0.32 * (speck > 2.35)


def _metal(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(1 + 0.02 * rng.standard_normal((TILE, 1)).repeat(TILE, axis=1))


_GRAINS: dict[str, Callable[[np.random.Generator], NDArray[np.float64]]] = {
    "cotton": _cotton,
    "linen": _linen,
    "denim": _denim,
    "knit": _knit,
    "wool": _wool,
    "corduroy": _corduroy,
    "canvas": _canvas,
    "leather": _leather,
    "suede": _suede,
    "velvet": _velvet,
    "felt": _wool,
    "straw": _straw,
    "stoneware": _stoneware,
    "metal": _metal,
}
