"""mixup and CutMix: a batch blended with itself, photos and labels alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2

from embedder.finetuning.sampling import place_seed
from embedder.finetuning.settings import Settings


class Classed(Protocol):
    """A label with its values."""

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of their numbers."""


class Mixer:
    """Blends each photo of a batch with the one before it, where the settings ask for it.

    By mixup (Zhang et al., 2018) or CutMix (Yun et al., 2019), or, where both are asked for, by one of them
    for each batch. What happens depends on the run's seed and the batch's place alone.
    """

    def __init__(self, settings: Settings) -> None:
        self._mixup = settings.augmentation.mixup
        self._cutmix = settings.augmentation.cutmix
        self._seed = settings.seed

    def mixed(
        self, photos: Tensor, targets: Sequence[Tensor], place: tuple[int, int], tasks: Sequence[Classed]
    ) -> tuple[Tensor, list[Tensor]]:
        """Photos, and for each task the shares (n, classes) of what they now show, float32.

        photos: (n, 3, H, W), of any type; blended ones are float32. targets: for each task class numbers
        (n,); -1 is no value, of which nothing is in the shares. place: (epoch, number of the batch). With
        neither mixup nor CutMix all is returned as it is. torch's generator is left as it was found.
        """
        if not self._mixup and not self._cutmix:
            return photos, list(targets)
        shares = [_shares(found, len(task.classes)) for found, task in zip(targets, tasks, strict=True)]
        with torch.random.fork_rng(devices=[]):
            # torch.manual_seed would also seed the GPU
            torch.default_generator.manual_seed(place_seed(self._seed, *place))
            blended, together = self._chosen()(photos.float(), torch.cat(shares, dim=1))
        return blended, list(together.split([share.shape[1] for share in shares], dim=1))

    def _chosen(self) -> v2.Transform:
        """Draws one of what is asked for."""
        if self._mixup and (not self._cutmix or torch.rand(()) < 0.5):
            return v2.MixUp(alpha=self._mixup)
        return v2.CutMix(alpha=self._cutmix)


def _shares(targets: Tensor, classes: int) -> Tensor:
    """Class numbers as shares: 1 at the class, all 0 for -1."""
    return functional.one_hot(targets + 1, classes + 1)[:, 1:].float()
