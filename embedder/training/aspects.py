"""The three aspects of a photo: fitted on training photos, computed for measuring.

shape: pooled final map, centred, principal components, partly whitened. texture: mean and deviation of
each channel of an early stage, principal components. colour: a palette histogram, no network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from torch import Tensor, nn

from embedder.colour import Palette, foreground_colours, rgb_to_lab
from embedder.measures import unit_rows

FloatArray = NDArray[np.float32]
Pixels = NDArray[np.uint8]
TEXTURE_STAGE = 1


@dataclass(frozen=True, slots=True)
class Projection:
    """y = (x - mean) @ matrix; mean (d_in,), matrix (d_in, d_out), float32."""

    mean: FloatArray
    matrix: FloatArray

    def __call__(self, x: FloatArray) -> FloatArray:
        """Projected rows of unit norm, (n, d_out)."""
        return unit_rows((x - self.mean) @ self.matrix)


def fit_projection(x: FloatArray, size: int, whitening: float) -> Projection:
    """Principal components of rows (n, d), each divided by its deviation to the power ``whitening``.

    0 keeps distances, 1 whitens fully (Jégou and Chum 2012); in between damps the few directions that
    dominate pooled features without blowing up the noise of the last ones.
    """
    mean = x.mean(0)
    _, deviation, axes = np.linalg.svd(x - mean, full_matrices=False)
    deviation = deviation[:size] / np.sqrt(len(x))
    matrix = axes[:size].T * (deviation / deviation[0] + 1e-3) ** -whitening
    return Projection(mean.astype(np.float32), matrix.astype(np.float32))


def network_features(
    model: nn.Module, pixels: Pixels, batch: int = 50, compiled: bool = True
) -> dict[str, FloatArray]:
    """Raw shape (n, 1280) and texture (n, 2 * channels) features of uint8 photos (n, px, px, 3).

    ``compiled`` pays for some thousand photos, not for a few.
    """

    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        final, stages = model.forward_intermediates(x, indices=[TEXTURE_STAGE])  # type: ignore[operator]
        early = stages[0]
        texture = torch.cat([early.mean((2, 3)), early.std((2, 3), unbiased=False)], 1)
        return final.mean((2, 3)), texture

    fast = torch.compile(forward) if compiled else forward
    shape, texture = [], []
    with torch.no_grad():
        for start in range(0, len(pixels), batch):
            part = pixels[start : start + batch]
            missing = batch - len(part)
            padded = np.concatenate([part, np.zeros((missing, *part.shape[1:]), np.uint8)])
            x = torch.from_numpy(padded).permute(0, 3, 1, 2).float().div(127.5).sub(1)
            a, b = fast(x.contiguous(memory_format=torch.channels_last))
            shape.append(a[: len(part)].float().numpy())
            texture.append(b[: len(part)].float().numpy())
    return {"shape": np.concatenate(shape), "texture": np.concatenate(texture)}


def fit_palette(pixels: Pixels, centres: int, seed: int, per_photo: int = 60) -> Palette:
    """K-means in CIELAB on foreground colours drawn from photos (n, px, px, 3), by their weight."""
    rng = np.random.default_rng(seed)
    drawn = []
    for photo in pixels:
        codes, weights = foreground_colours(photo)
        chosen = rng.choice(codes, per_photo, p=weights.astype(np.float64) / weights.sum(dtype=np.float64))
        drawn.append(np.stack([chosen >> 10, chosen >> 5 & 31, chosen & 31], axis=1) * 8 + 3.5)
    lab = rgb_to_lab(np.concatenate(drawn).astype(np.float32))
    found = KMeans(centres, n_init=2, random_state=seed).fit(lab)
    order = np.argsort(found.cluster_centers_[:, 0])
    return Palette(found.cluster_centers_[order].astype(np.float32))


def histograms(palette: Palette, pixels: Pixels) -> FloatArray:
    """Colour blocks of photos, (n, len(palette))."""
    return np.stack([palette.histogram(photo) for photo in pixels])


def joined(blocks: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """Blocks of unit rows as one vector: each times the square root of its share of the weights."""
    total = sum(weights.values())
    parts: Sequence[FloatArray] = [
        blocks[name] * np.float32((w / total) ** 0.5) for name, w in weights.items()
    ]
    return np.concatenate(parts, axis=1)
