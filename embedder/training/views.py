"""Random views: every step asks the teacher about pictures never seen before.

Beyer et al. 2022 ("Knowledge distillation: a good teacher is patient and consistent"): student and
teacher see the identical, heavily augmented view, drawn anew each time, for as long as there is time.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

_GREY = (0.299, 0.587, 0.114)


class ViewMaker:
    """Draws batches of normalised views (n, 3, px, px) from a uint8 picture array and a bank of masks.

    ``pictures`` is (N, P, P, 3), ``masks`` (M, Q, Q). Each call is determined by the generator's seed
    and the number of calls before it.
    """

    def __init__(self, pictures: NDArray[np.uint8], masks: NDArray[np.uint8], seed: int) -> None:
        self._pictures = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
        self._masks = torch.from_numpy(masks)
        self._random = torch.Generator().manual_seed(seed)

    def _uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._random) * (high - low) + low

    def _chance(self, share: float, n: int) -> Tensor:
        return torch.rand(n, generator=self._random) < share

    def batch(self, n: int, px: int) -> Tensor:
        """``n`` views of ``px`` by ``px``, normalised with mean 0.5 and deviation 0.5, channels last."""
        chosen = torch.randint(len(self._pictures), (n,), generator=self._random)
        view = self._crop(self._pictures[chosen].float(), px)
        view = self._colours(view)
        view = self._cut_out(view)
        view = self._mix(view)
        return view.mul_(2).sub_(1).contiguous(memory_format=torch.channels_last)

    def _crop(self, pixels: Tensor, px: int) -> Tensor:
        """Random window (.12 to 1.3 of the area, so some are zoomed out), mirrored, slightly turned."""
        n = len(pixels)
        whole = self._chance(0.25, n)
        side = self._uniform(math.log(0.12), math.log(1.3), n).exp().sqrt()
        ratio = self._uniform(-0.4, 0.4, n).exp()
        wide = torch.where(whole, torch.ones(n), side * ratio.sqrt())
        high = torch.where(whole, torch.ones(n), side / ratio.sqrt())
        room_x, room_y = (1 - wide).abs(), (1 - high).abs()
        shift_x = self._uniform(-1, 1, n) * room_x
        shift_y = self._uniform(-1, 1, n) * room_y
        mirror = torch.where(self._chance(0.5, n), -torch.ones(n), torch.ones(n))
        turn = torch.where(self._chance(0.25, n), self._uniform(-0.5, 0.5, n), torch.zeros(n))
        theta = torch.zeros(n, 2, 3)
        theta[:, 0, 0], theta[:, 0, 1] = wide * mirror * turn.cos(), -wide * turn.sin()
        theta[:, 1, 0], theta[:, 1, 1] = high * mirror * turn.sin(), high * turn.cos()
        theta[:, 0, 2], theta[:, 1, 2] = shift_x, shift_y
        grid = F.affine_grid(theta, [n, 3, px, px], align_corners=False)
        return F.grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=False)

    def _colours(self, view: Tensor) -> Tensor:
        """0..255 to 0..1; half of the views with other brightness, contrast and channel mixing; some grey."""
        n = len(view)
        active = self._chance(0.5, n).float()[:, None, None]
        eye = torch.eye(3).expand(n, 3, 3)
        grey = torch.tensor(_GREY).expand(n, 3, 3)
        saturation = self._uniform(0.3, 1.7, n, 1, 1)
        mixing = saturation * eye + (1 - saturation) * grey
        hue = torch.randn(n, 3, 3, generator=self._random) * 0.12
        mixing = mixing + hue - hue.mean(2, keepdim=True)
        mixing = eye + active * (mixing - eye)
        no_colour = self._chance(0.06, n).float()[:, None, None]
        mixing = mixing + no_colour * (grey - mixing)
        mixing = mixing * (1 + active * self._uniform(-0.4, 0.4, n, 1, 1))
        lift = active * self._uniform(-0.15, 0.15, n, 1, 1) + 0.5 - 0.5 * mixing.sum(2, keepdim=True)
        mixed = torch.baddbmm(lift, mixing / 255, view.flatten(2))
        return mixed.clamp_(0, 1).view_as(view)

    def _cut_out(self, view: Tensor, share: float = 0.3) -> Tensor:
        """Some views keep their content inside a silhouette only, on a plain (mostly white) ground."""
        count = int(len(view) * share)
        chosen = torch.randint(len(self._masks), (count,), generator=self._random)
        mask = self._masks[chosen].float().div_(255)[:, None]
        mask = F.interpolate(mask, size=view.shape[-2:], mode="bilinear", align_corners=False)
        ground = self._uniform(0, 1, count, 3, 1, 1)
        white = self._uniform(0.88, 1, count, 1, 1, 1).expand(count, 3, 1, 1)
        ground = torch.where(self._chance(0.7, count)[:, None, None, None], white, ground)
        cut = view[:count] * mask + ground * (1 - mask)
        return torch.cat([cut, view[count:]])

    def _mix(self, view: Tensor, paste: float = 0.15, blend: float = 0.15) -> Tensor:
        """Some views get a box of another view (CutMix), some are blended with another (mixup)."""
        n, px = len(view), view.shape[-1]
        order = torch.randperm(n, generator=self._random)
        other = view[order]
        where = torch.arange(px) / px
        left, top = self._uniform(0, 0.7, n, 1), self._uniform(0, 0.7, n, 1)
        size_x, size_y = self._uniform(0.2, 0.7, n, 1), self._uniform(0.2, 0.7, n, 1)
        inside_x = (where >= left) & (where < left + size_x)
        inside_y = (where >= top) & (where < top + size_y)
        box = (inside_y[:, :, None] & inside_x[:, None, :]).float()[:, None]
        draw = self._uniform(0, 1, n)
        pasted = (draw < paste).float()[:, None, None, None]
        blended = ((draw >= paste) & (draw < paste + blend)).float()[:, None, None, None]
        weight = pasted * box + blended * self._uniform(0.1, 0.6, n, 1, 1, 1)
        return torch.lerp(view, other, weight)
