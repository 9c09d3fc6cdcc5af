"""Training with torch: the pairwise loss, epochs, early stopping. Seeded; the global generators stay as
they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from data.errors import UsageError
from recommender.items import Ints
from recommender.models.taught import Likes, Negatives

Tell = Callable[[str], None]
Triples = tuple[Tensor, Tensor, Tensor]


def device_of(word: str) -> torch.device:
    """The device of a word: "auto" is the GPU where there is one, else the CPU.

    Raises UsageError for a device that torch does not know or that this machine lacks.
    """
    if word == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(word)
    except RuntimeError:
        raise UsageError(f"no device {word!r}; use auto, cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError("this machine has no CUDA GPU that torch can use; use device auto or cpu")
    return device


def bpr(wanted: Tensor, other: Tensor) -> Tensor:
    """-log σ(wanted - other), one value per triple (Rendle et al. 2009).

    wanted, other: (b,), scores of what is liked and of what is not. Raises UsageError for other shapes: a
    column (b, 1) among rows (b,) would silently become all b × b pairs.
    """
    if wanted.ndim != 1 or wanted.shape != other.shape:
        raise UsageError(
            f"pairwise scores must be two rows of one length, not {tuple(wanted.shape)} and "
            f"{tuple(other.shape)}"
        )
    return functional.softplus(other - wanted)


def triples(
    likes: Likes, pool: Ints, batch: int, random: np.random.Generator, device: torch.device
) -> Iterator[Triples]:
    """One epoch: every like once, in random order, each with a product that the customer does not like.

    Yields (customers, liked, not liked), int64 (b,) each.
    """
    negatives, owners = Negatives(likes, pool), likes.owners
    order = random.permutation(len(owners))
    for first in range(0, len(order), batch):
        places = order[first : first + batch]
        who = owners[places]
        parts = (who, likes.items[places], negatives.draw(who, random))
        yield tuple(torch.from_numpy(part).to(device) for part in parts)  # type: ignore[misc]


class Learner(Protocol):
    """What ``train`` drives."""

    @property
    def parameters(self) -> list[Tensor]:
        """What is learnt."""

    def epoch(self) -> float:
        """Go once through the likes; the mean loss."""

    def quality(self) -> float:
        """How well what was held back is found; NaN where nothing was."""


@dataclass(frozen=True, slots=True)
class Limits:
    """epochs: at most. patience: epochs without a better quality after which training ends."""

    epochs: int
    patience: int


def train(learner: Learner, limits: Limits, tell: Tell | None = None) -> int:
    """Train until the quality stays behind its best for ``patience`` epochs; returns the best epoch, from 1.

    The parameters are left as they were after that epoch; where nothing is held back, as after the last.

    One thread is used: the steps are so small that threads wait for each other, and where other processes
    use the same cores that makes them several times slower. The limit holds for the process while it trains.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return _train(learner, limits, tell)


def _train(learner: Learner, limits: Limits, tell: Tell | None) -> int:
    best, best_epoch = -np.inf, 0
    kept: list[Tensor] = []
    for epoch in range(1, limits.epochs + 1):
        loss = learner.epoch()
        quality = learner.quality()
        if tell is not None:
            tell(f"epoch {epoch} of at most {limits.epochs}: loss {loss:.4f}, quality {quality:.4f}")
        if quality > best or np.isnan(quality):
            best, best_epoch = quality, epoch
            kept = [parameter.detach().clone() for parameter in learner.parameters]
        elif epoch - best_epoch >= limits.patience:
            break
    with torch.no_grad():
        for parameter, value in zip(learner.parameters, kept, strict=True):
            parameter.copy_(value)
    return best_epoch


def normal(shape: tuple[int, ...], spread: float, generator: torch.Generator) -> Tensor:
    """A learnable tensor (on the CPU) of normal draws with mean 0."""
    return (torch.randn(shape, generator=generator) * spread).requires_grad_()
