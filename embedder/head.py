"""A projection head on frozen features, trained so that photos of one label lie together.

Normalised softmax: cosine logits over learnt class directions, divided by a temperature (Zhai & Wu,
"Classification is a Strong Baseline for Deep Metric Learning", BMVC 2019). The head is one matrix without a
bias, begun at the principal components of the features, so it can be merged into an embedder's projection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Floats = NDArray[np.float32]
# A small shop gets smaller batches, so that an epoch is still several steps.
STEPS_PER_EPOCH = 8
FEWEST_IN_BATCH = 16


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """dims: width of the result, at most the features'. epochs: passes over the photos. rate: peak learning
    rate (AdamW, cosine decay). temperature: of the softmax. seed: of order and class directions."""

    dims: int = 256
    epochs: int = 25
    batch: int = 256
    rate: float = 3e-3
    decay: float = 1e-4
    temperature: float = 0.05
    seed: int = 0


def train_head(
    features: Floats,
    labels: NDArray[np.int64],
    settings: HeadSettings,
    progress: Callable[[int, float], None] | None = None,
) -> Floats:
    """Trains on features (n, d_in), unit-norm, with class numbers (n,); returns the matrix (d_in, dims),
    float32.

    progress: called with the epoch (from 1) and its mean loss. The same seed gives the same matrix on the
    same machine.
    """
    n, d_in = features.shape
    random = torch.Generator().manual_seed(settings.seed)
    head = nn.Parameter(_components(features, min(settings.dims, d_in)))
    classes = nn.Parameter(torch.randn(int(labels.max()) + 1, head.shape[1], generator=random))
    optimiser = torch.optim.AdamW([head, classes], lr=settings.rate, weight_decay=settings.decay)
    batch = min(settings.batch, max(FEWEST_IN_BATCH, n // STEPS_PER_EPOCH))
    steps = settings.epochs * -(-n // batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))
    inputs, targets = torch.from_numpy(np.ascontiguousarray(features)), torch.from_numpy(labels)
    for epoch in range(1, settings.epochs + 1):
        total = 0.0
        for rows in torch.split(torch.randperm(n, generator=random), batch):
            embedded = nn.functional.normalize(inputs[rows] @ head, dim=1)
            logits = embedded @ nn.functional.normalize(classes, dim=1).T / settings.temperature
            loss = nn.functional.cross_entropy(logits, targets[rows])
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        if progress is not None:
            progress(epoch, total / n)
    matrix: Floats = head.detach().numpy().astype(np.float32)
    return matrix


def _components(features: Floats, dims: int) -> torch.Tensor:
    """The largest principal directions of the features, (d_in, dims), uncentred, with a fixed sign."""
    second = features.T.astype(np.float64) @ features.astype(np.float64) / len(features)
    _, vectors = np.linalg.eigh(second)
    chosen = vectors[:, ::-1][:, :dims]
    signs = np.sign(chosen[np.abs(chosen).argmax(0), np.arange(chosen.shape[1])])
    return torch.from_numpy((chosen * signs).astype(np.float32))
