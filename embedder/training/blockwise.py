"""Phase one: every unit of the student learns the teacher's unit, all at once, each fed by the teacher.

Hints at every block (FitNets, Romero et al. 2015) with the teacher's map as input (block-wise
distillation, DNA, Li et al. 2020): no unit waits for the ones before it, so a network from random
initialisation gets near its teacher in thousands instead of hundreds of thousands of steps.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from embedder.training.networks import has_shortcut, maps_of


def share_of_batch(side: int, px: int) -> int:
    """Every how-manieth view a unit with input maps of ``side`` by ``side`` learns from.

    Early maps have many positions in each view, and cost most; a few views are plenty for them.
    """
    return max(1, min(16, side * 16 // px))


def channel_scales(units: nn.ModuleList, batches: list[Tensor], of_change: bool = True) -> list[Tensor]:
    """Per unit the variance per channel (1, c, 1, 1) over the batches: of what it adds, or its map."""
    sums: list[list[Tensor]] = [[] for _ in units]
    with torch.no_grad():
        for x in batches:
            before = x
            for i, unit in enumerate(units):
                after = unit(before)
                change = after - before if of_change and has_shortcut(unit) else after
                sums[i].append(change.float().var(dim=(0, 2, 3)))
                before = after
    variances = [torch.stack(s).mean(0) for s in sums]
    return [torch.clamp(v, min=float(v.mean()) * 0.1)[None, :, None, None] for v in variances]


def revive(stem: nn.Module, teacher_stem: nn.Module, x: Tensor) -> int:
    """Starts afresh those channels of the stem that answer nothing where the teacher's do; how many.

    A channel whose ReLU is closed for every input has no gradient, and one lost channel of 32 here is felt
    by everything after it. Gets new random filters and an open bias.
    """
    with torch.no_grad():
        got, wanted = stem(x), teacher_stem(x)
        dead = (got.amax((0, 2, 3)) <= 0) & (wanted.var((0, 2, 3)) > 1e-3)
        parts: list[Any] = list(stem.children())
        conv, norm = parts
        fresh = torch.randn_like(conv.weight) * conv.weight[~dead].std()
        conv.weight[dead] = fresh[dead]
        response = nn.functional.conv2d(x[..., 1:, 1:], conv.weight, stride=2)
        norm.running_mean[dead] = response.mean((0, 2, 3))[dead]
        norm.running_var[dead] = response.var((0, 2, 3))[dead]
        norm.weight[dead], norm.bias[dead] = 0.5, 0.5
    return int(dead.sum())


def pairs(teacher_maps: list[Tensor], x: Tensor, echo: int) -> tuple[list[Tensor], list[Tensor]]:
    """What each unit is given and should answer; early units take other views in every echo of a batch."""
    given, wanted = [], []
    for before, after in zip([x, *teacher_maps[:-1]], teacher_maps, strict=True):
        every = share_of_batch(before.shape[-1], x.shape[-1])
        given.append(before[echo % every :: every])
        wanted.append(after[echo % every :: every])
    return given, wanted


def unit_losses(
    student: nn.ModuleList, given: list[Tensor], wanted: list[Tensor], scales: list[Tensor]
) -> Tensor:
    """Unexplained share of variance of every unit, (units,): 0 is a perfect copy, 1 is the mean's."""
    losses = []
    for unit, before, after, scale in zip(student, given, wanted, scales, strict=True):
        error = (unit(before).float() - after.float()).square() / scale
        losses.append(error.mean())
    return torch.stack(losses)


def teacher_maps(units: nn.ModuleList, x: Tensor) -> list[Tensor]:
    """The teacher's maps without gradients, in bfloat16."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        return maps_of(units, x)
