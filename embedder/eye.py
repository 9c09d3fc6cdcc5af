"""A network before its pooling: what it sees at each place of a photo. Needs torch."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from data.errors import UsageError
from embedder.backbone import GEM_FLOOR, GEM_POWER, FeatureNet, Output
from embedder.embedder import Embedder, Floats, Photos
from embedder.heatmap import Places

TINY = 1e-12


class Eye:
    """The network of an embedder, kept open for one of its outputs. Safe to use from several threads."""

    def __init__(self, embedder: Embedder, place: int) -> None:
        """place: of the output among the network's aspects. embedder: of one network."""
        whole = embedder.network.build().requires_grad_(False)
        self._output: Output = whole.outputs[place]
        self._net = FeatureNet(whole.model, [self._output]).eval()
        shape = embedder.config.preprocessing
        self._mean = _channels(shape.mean)
        self._std = _channels(shape.std)

    def see(self, photo: Photos) -> Places:
        """Descriptions of all places of a prepared photo (H, W, 3)."""
        with torch.inference_mode():
            picture = torch.from_numpy(photo).permute(2, 0, 1)[None].float()
            maps = self._net.maps((picture - self._mean) / self._std)
            return Places(tuple(self._described(maps, stage) for stage in self._output.stages))

    def _described(self, maps: dict[Any, Tensor], stage: Any) -> Floats:
        """(h, w, c), whose mean over the places is the stage's pooled block."""
        if stage == "head":
            found = self._through_head(maps["final"])
        else:
            found = local(maps[stage].float(), self._output.pooling)
        if self._output.stage_norm:
            found = found / found.mean((2, 3)).norm().clamp(min=TINY)
        return np.ascontiguousarray(found[0].permute(1, 2, 0).numpy())

    def _through_head(self, final: Tensor) -> Tensor:
        """Each place of the last map sent through the head by itself (1, d, h, w).

        A head that does more than pool (ConvNeXt normalises) is not linear: the mean of its places is only
        near its features.
        """
        height, width = final.shape[2:]
        places = final[0].permute(1, 2, 0).reshape(height * width, -1, 1, 1)
        features: Tensor = cast("Any", self._net.model).forward_head(places, pre_logits=True)
        return features.float().reshape(1, height, width, -1).permute(0, 3, 1, 2)


def local(maps: Tensor, how: str) -> Tensor:
    """Maps (n, c, h, w) → descriptions (n, c or 2c, h, w) whose mean over the places is ``pool(maps, how)``.

    Every pooling is a sum over places: for ``max`` of the places that have it, for ``gem`` of each place's
    part in the mean of powers, for the deviation in ``meanstd`` of each place's part in the variance.
    """
    if how == "avg":
        return maps
    count = maps.shape[2] * maps.shape[3]
    if how == "max":
        largest = maps.amax((2, 3), keepdim=True)
        there = (maps == largest).float()
        return there * largest * count / there.sum((2, 3), keepdim=True)
    if how == "gem":
        powers = maps.clamp(min=GEM_FLOOR).pow(GEM_POWER)
        return powers * powers.mean((2, 3), keepdim=True).pow(1.0 / GEM_POWER - 1.0)
    if how == "meanstd":
        squares = (maps - maps.mean((2, 3), keepdim=True)).square()
        spread = squares.mean((2, 3), keepdim=True).sqrt().clamp(min=TINY)
        return torch.cat([maps, squares / spread], dim=1)
    raise UsageError(f"pooling {how!r} is not known")


def _channels(values: tuple[float, float, float]) -> Tensor:
    return (torch.tensor(values) * 255.0).view(1, 3, 1, 1)
