"""The networks that learn: a backbone with heads on its pooled features, or heads alone on frozen ones.

A head is what an embedder does after pooling, made learnable: ``(pooled - mean) @ matrix``, then unit length.
So what is learnt is written back as the projection of an aspect, and nothing is lost on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from embedder.backbone import FeatureNet
from embedder.config import Preprocessing
from embedder.projection import Floats, Projection


@dataclass(frozen=True, slots=True)
class HeadStart:
    """Where a head begins: mean (d_in,), subtracted and never learnt, and matrix (d_in, dims)."""

    mean: Floats
    matrix: Floats


def start_of(projection: Projection, pooled: Floats, dims: int) -> HeadStart:
    """A head that begins at the principal directions of what the embedder makes of ``pooled`` (n, d_in).

    dims: of the learnt block, at most those that there are. The directions are uncentred, so that a fresh
    head keeps the cosines of the frozen block as well as ``dims`` numbers can.
    """
    width = pooled.shape[1]
    mean = np.zeros(width, np.float32) if projection.mean is None else projection.mean
    before = np.eye(width, dtype=np.float32) if projection.matrix is None else projection.matrix
    made = projection.apply(pooled).astype(np.float64)
    _, vectors = np.linalg.eigh(made.T @ made / len(made))
    chosen = vectors[:, ::-1][:, : min(dims, made.shape[1])]
    signs = np.sign(chosen[np.abs(chosen).argmax(0), np.arange(chosen.shape[1])])
    return HeadStart(mean, (before @ (chosen * signs)).astype(np.float32))


class Head(nn.Module):
    """Pooled features (n, d_in) → unit vectors (n, dims)."""

    mean: Tensor

    def __init__(self, start: HeadStart, dropout: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(start.mean.copy()))
        self.matrix = nn.Parameter(torch.from_numpy(start.matrix.copy()))
        self.dropout = nn.Dropout(dropout)

    def forward(self, pooled: Tensor) -> Tensor:
        """Computed in float32 whatever the precision of the backbone."""
        with torch.autocast(pooled.device.type, enabled=False):
            centred = self.dropout(pooled.float() - self.mean)
            return nn.functional.normalize(centred @ self.matrix, dim=1)

    @property
    def dims(self) -> int:
        """Width of its block."""
        return int(self.matrix.shape[1])

    def projection(self) -> Projection:
        """What the head does, as an embedder stores it."""
        mean = self.mean.detach().cpu().numpy().astype(np.float32)
        matrix = self.matrix.detach().cpu().numpy().astype(np.float32)
        return Projection(mean if mean.any() else None, matrix)


class FeatureLearner(nn.Module):
    """Heads on frozen features: float32 (n, d) → one unit block (n, dims) per head."""

    @property
    def backbone(self) -> None:
        """There is none to learn."""

    def __init__(self, heads: Sequence[Head]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def forward(self, features: Tensor) -> list[Tensor]:
        """Every head's block."""
        return [head(features) for head in self.heads]


class PhotoLearner(nn.Module):
    """A backbone with heads on its pooled output: photos uint8 (n, 3, H, W) → one unit block per head."""

    mean: Tensor
    std: Tensor

    def __init__(self, features: FeatureNet, heads: Sequence[Head], photo: Preprocessing) -> None:
        """features: with one output. photo: how pixels become its input."""
        super().__init__()
        self.features = features
        self.heads = nn.ModuleList(heads)
        self.register_buffer("mean", 255.0 * torch.tensor(photo.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255.0 * torch.tensor(photo.std).view(1, 3, 1, 1), persistent=False)

    @property
    def backbone(self) -> nn.Module:
        """The timm model."""
        return self.features.model

    def forward(self, photos: Tensor) -> list[Tensor]:
        """Every head's block."""
        pooled = self.pooled(photos)
        return [head(pooled) for head in self.heads]

    def pooled(self, photos: Tensor) -> Tensor:
        """What the heads read, (n, d_in)."""
        pictures = ((photos.float() - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        pooled: Tensor
        (pooled,) = self.features(pictures)
        return pooled


Learner = FeatureLearner | PhotoLearner
