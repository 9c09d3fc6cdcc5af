"""Training with torch: the pairwise loss, epochs, early stopping. Seeded; the global generators stay as
they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from data.errors import UsageError
from recommender.items import Ints
from recommender.models.snapshot import Learner, Progress
from recommender.models.taught import Likes, Negatives
from recommender.unfinished import Course

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


@dataclass(frozen=True, slots=True)
class Limits:
    """epochs: at most. patience: epochs without a better quality after which training ends."""

    epochs: int
    patience: int


def train(learner: Learner, limits: Limits, course: Course | None = None) -> int:
    """Train until the quality stays behind its best for ``patience`` epochs; returns the best epoch, from 1.

    The parameters are left as they were after that epoch; where nothing is held back, as after the last.
    course: told of every epoch; where it has a file, the state after every epoch is kept there, and a
    training that was stopped goes on from it and comes to the same parameters as one that was not.

    One thread is used: the steps are so small that threads wait for each other, and where other processes
    use the same cores that makes them several times slower. The limit holds for the process while it trains.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return _train(learner, limits, course or Course())


def _train(learner: Learner, limits: Limits, course: Course) -> int:
    progress = Progress.found(learner, course)
    while not progress.ended:
        loss, quality = learner.epoch(), learner.quality()
        progress.epoch += 1
        if quality > progress.best or np.isnan(quality):
            progress.best, progress.best_epoch = quality, progress.epoch
            progress.kept = [parameter.detach().clone() for parameter in learner.parameters]
        behind = progress.epoch - progress.best_epoch
        progress.ended = progress.epoch >= limits.epochs or 0 < behind >= limits.patience
        progress.keep(learner, course)
        course.say(
            f"epoch {progress.epoch} of at most {limits.epochs}: loss {loss:.4f}, quality {quality:.4f}"
        )
    with torch.no_grad():
        for parameter, value in zip(learner.parameters, progress.kept, strict=True):
            parameter.copy_(value)
    return progress.best_epoch


def normal(shape: tuple[int, ...], spread: float, generator: torch.Generator) -> Tensor:
    """A learnable tensor (on the CPU) of normal draws with mean 0."""
    return (torch.randn(shape, generator=generator) * spread).requires_grad_()
