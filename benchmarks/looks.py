"""Drawn vectors that are spread as those of real photos are, and the measure that this was checked by.

Independent numbers make every approximate index look worse than photos do: their neighbours are hardly closer
than anything else. So clusters in 20 latent dimensions are bent into the width wanted, moved off the origin
and given a little noise. Fitted to vectors of 5,365 H&M and 3,900 Myntra photos, from the bundled embedder
and from an ImageNet backbone (medians; 5,365 drawn ones of width 512 last):

    intrinsic dimension (TwoNN)     10.0, 12.4, 11.3, 14.2    drawn 12.0
    cosine of any two               .26, .43, .34, .49        drawn .30
    cosine to the nearest           .89, .89, .89, .87        drawn .89
    cosine to the tenth nearest     .79, .81, .82, .81        drawn .78
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.records import SpaceRecord

CENTRES, LATENT, BENT = 400, 20, 128
SPREAD, NOISE, OFFSET = 0.55, 0.08, 0.4
PART = 50_000
ASPECTS, SHARES = ("shape", "texture", "colour"), (0.55, 0.1, 0.35)
LAYOUT = AspectLayout(ASPECTS, (176, 32, 48), SHARES)
SPACE = SpaceRecord("drawn-benchmark", "drawn", LAYOUT.as_json(), {})
Floats = NDArray[np.float32]


def layout_of(width: int) -> AspectLayout:
    """Three aspects that share ``width`` numbers about as those of the bundled embedder do."""
    texture, colour = width // 11, width * 2 // 11
    return AspectLayout(ASPECTS, (width - texture - colour, texture, colour), SHARES)


def looks(n: int, layout: AspectLayout, seed: int = 7) -> Floats:
    """Unit blocks (n, d); those of a smaller n are not the first of a larger one."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((CENTRES, LATENT)).astype(np.float32)
    bend = rng.standard_normal((LATENT, BENT)).astype(np.float32) / np.float32(np.sqrt(LATENT))
    spread = rng.standard_normal((BENT, layout.d)).astype(np.float32) / np.float32(np.sqrt(BENT))
    offset = np.float32(OFFSET) * rng.standard_normal(layout.d).astype(np.float32)
    blocks = np.empty((n, layout.d), np.float32)
    for first in range(0, n, PART):
        part = blocks[first : first + PART]
        latent = centres[rng.integers(0, CENTRES, len(part))]
        latent += np.float32(SPREAD) * rng.standard_normal((len(part), LATENT), np.float32)
        np.matmul(np.tanh(latent @ bend), spread, out=part)
        part += np.float32(NOISE) * rng.standard_normal(part.shape, np.float32)
        part += offset
        for where in layout.slices:
            part[:, where] /= np.linalg.norm(part[:, where], axis=1, keepdims=True)
    return blocks


def drawn(n: int) -> Floats:
    """Unit blocks (n, 256) under ``LAYOUT``."""
    return looks(n, LAYOUT)


def intrinsic_dimension(vectors: Floats) -> float:
    """Of unit vectors (n, d), by the ratio of the distances to the two nearest others (TwoNN: Facco,
    d'Errico, Rodriguez and Laio, Scientific Reports 2017), fitted to the lower nine tenths of the ratios. It
    compares all with all, so n is at most some thousands. Raises ValueError for fewer than 20 distinct ones.
    """
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    two = -np.partition(-cosines, 1, axis=1)[:, :2]
    distances = np.sqrt(np.maximum(2.0 - 2.0 * two.astype(np.float64), 0.0))
    distinct = distances[:, 0] > 1e-3
    if distinct.sum() < 20:
        raise ValueError("fewer than 20 vectors differ from their nearest one")
    ratios = np.sort(distances[distinct, 1] / distances[distinct, 0])
    below = np.arange(1, len(ratios) + 1) / len(ratios)
    kept = slice(0, int(0.9 * len(ratios)))
    rise, fall = np.log(ratios[kept]), -np.log1p(-below[kept])
    return float(rise @ fall / (rise @ rise))
