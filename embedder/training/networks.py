"""Teacher and student: the same architecture, cut into the same units, one trained and one not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

ARCHITECTURE = "mobilenetv2_100"
MODEL_ARGS: dict[str, Any] = {"pad_type": "same"}


def load_teacher(folder: Path) -> nn.Module:
    """The frozen teacher from a folder in timm's hub format, with its classifier."""
    model: nn.Module = timm.create_model(f"local-dir:{folder}", pretrained=True)
    return model.eval().requires_grad_(False).to(memory_format=torch.channels_last)


class EveryOther(nn.Conv2d):
    """A depthwise 3x3 convolution of stride 2 and "same" padding, computed at stride 1 and thinned out.

    The same numbers for inputs of even sides; backwards on a CPU it is several times faster, because the
    strided depthwise kernel has no fast gradient there. Same weights, same names.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c, h / 2, w / 2)."""
        y = F.conv2d(x, self.weight, self.bias, 1, 1, 1, self.groups)
        return y[:, :, 1::2, 1::2]


def make_student(seed: int) -> nn.Module:
    """A randomly initialised network of the same architecture, without a classifier, made for training."""
    torch.manual_seed(seed)
    model: nn.Module = timm.create_model(ARCHITECTURE, num_classes=0, **MODEL_ARGS)
    parts: Any = model
    for stage in parts.blocks:
        for block in stage:
            conv = block.conv_dw
            if conv.stride == (2, 2):
                block.conv_dw = EveryOther(
                    conv.in_channels, conv.out_channels, 3, 2, 0, 1, conv.groups, False
                )
                block.conv_dw.weight = conv.weight
    return model.to(memory_format=torch.channels_last)


def units_of(model: nn.Module) -> nn.ModuleList:
    """The network as a chain: stem, each inverted residual block, last convolution (1280 channels)."""
    parts: Any = model
    blocks = [block for stage in parts.blocks for block in stage]
    stem = nn.Sequential(parts.conv_stem, parts.bn1)
    head = nn.Sequential(parts.conv_head, parts.bn2)
    return nn.ModuleList([stem, *blocks, head])


def has_shortcut(unit: nn.Module) -> bool:
    """Whether the unit adds its input to its output."""
    return bool(getattr(unit, "has_skip", False))


def maps_of(units: nn.ModuleList, x: Tensor) -> list[Tensor]:
    """Every unit's output for a batch (n, 3, h, w); the first is the stem's."""
    outputs = []
    for unit in units:
        x = unit(x)
        outputs.append(x)
    return outputs


def freeze_statistics(module: nn.Module) -> None:
    """From now on batch norms use (and keep) their running statistics, their scale and shift still learn."""
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.eval()
