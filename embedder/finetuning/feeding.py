"""What a training is fed: rows of features or photos with their targets, batch by batch.

Which photos a batch holds, and how each is changed, depends on the seed, the epoch and the photo alone; so a
run that goes on after an epoch is fed as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from data.cores import cores
from embedder.finetuning.augment import Transform, augmented
from embedder.finetuning.examples import Task
from embedder.finetuning.photocache import PhotoCache
from embedder.finetuning.sampling import balanced, p_by_k, place_seed, shuffled
from embedder.finetuning.settings import Settings

Rows = NDArray[np.int64]
WORKERS = 4
# A small shop gets smaller batches, so that an epoch is still several steps.
STEPS_PER_EPOCH = 8
FEWEST_IN_BATCH = 16


class Feed(Protocol):
    """Inputs by row number."""

    def load(self, batches: Sequence[Rows], epoch: int) -> Iterator[Tensor]:
        """The inputs of each batch, in order, as they are to be learnt from."""

    def plain(self, rows: Rows) -> Tensor:
        """The inputs of some rows as they are."""


@dataclass(frozen=True, slots=True)
class FeatureFeed:
    """Frozen features, float32 (n, d): nothing is decoded, nothing is changed."""

    features: Tensor

    def load(self, batches: Sequence[Rows], epoch: int) -> Iterator[Tensor]:
        """Rows of the features."""
        for rows in batches:
            yield self.plain(rows)

    def plain(self, rows: Rows) -> Tensor:
        """Rows of the features."""
        return self.features[torch.from_numpy(rows)]


class PhotoFeed:
    """Cached photos, each changed by a transform that is seeded by the run, the epoch and the row."""

    def __init__(self, cache: PhotoCache, rows: Rows, transform: Transform, seed: int) -> None:
        """rows: where the examples' photos lie in the cache."""
        self._cache = cache
        self._rows = rows
        self._transform = transform
        self._seed = seed

    def load(self, batches: Sequence[Rows], epoch: int) -> Iterator[Tensor]:
        """Photos uint8 (b, 3, h, w), changed in processes of their own where there are cores for it."""
        order = np.concatenate([np.empty(0, np.int64), *batches])
        photos = _Changed(self._cache, self._rows[order], self._transform, (self._seed, epoch))
        ends = np.cumsum([0, *(len(rows) for rows in batches)]).tolist()
        places = [list(range(start, end)) for start, end in pairwise(ends)]
        loader: DataLoader[Tensor] = DataLoader(photos, batch_sampler=places, num_workers=workers())
        yield from loader

    def plain(self, rows: Rows) -> Tensor:
        """Photos uint8 (b, 3, H, W)."""
        return torch.from_numpy(self.pixels(rows)).permute(0, 3, 1, 2).contiguous()

    def pixels(self, rows: Rows) -> NDArray[np.uint8]:
        """Photos uint8 (b, H, W, 3), as an embedder prepares them."""
        return np.stack([self._cache[int(row)] for row in self._rows[rows]])


class _Changed(Dataset[Tensor]):
    """One epoch's photos by their place in it; one that is repeated is changed otherwise each time."""

    def __init__(self, cache: PhotoCache, order: Rows, transform: Transform, moment: tuple[int, int]) -> None:
        self._cache = cache
        self._order = order
        self._transform = transform
        self._moment = moment

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, place: int) -> Tensor:
        photo = torch.from_numpy(self._cache[int(self._order[place])]).permute(2, 0, 1)
        return augmented(photo, self._transform, place_seed(*self._moment, place))


def workers() -> int:
    """Processes that change photos: one per core but one, at most four; none on a single core."""
    return min(WORKERS, cores() - 1)


def batches_of(
    tasks: Sequence[Task], rows: Rows, settings: Settings, by_pairs: bool, epoch: int
) -> list[Rows]:
    """The batches of an epoch over the training photos ``rows``, by what the objective needs.

    Pairwise objectives get P classes × K photos of the first label.
    """
    photos, seed = settings.batches.photos, settings.seed
    size = min(photos, max(FEWEST_IN_BATCH, len(rows) // STEPS_PER_EPOCH))
    labels = tasks[0].targets[rows]
    if by_pairs:
        chosen = p_by_k(labels, size, settings.batches.per_class, seed, epoch)
    elif settings.goal.balance == "sampling":
        chosen = balanced(labels, size, seed, epoch)
    else:
        chosen = shuffled(len(rows), size, seed, epoch)
    return [rows[batch] for batch in chosen if len(batch) > 1]
