"""One small network of every family, with its stages written out by hand."""

from __future__ import annotations

from dataclasses import dataclass

import timm
import torch
from torch import Tensor, nn

from tests.embedder.kit import drawn

_BLOCKS = (
    ("conv_stem.", "bn1.", "blocks.0."),
    ("blocks.1.",),
    ("blocks.2.",),
    ("blocks.3.", "blocks.4."),
    ("blocks.5.", "blocks.6.", "conv_head.", "bn2."),
)
_RESNET = (("conv1.", "bn1."), ("layer1.",), ("layer2.",), ("layer3.",), ("layer4.",))


@dataclass(frozen=True)
class Family:
    """An architecture, a side in px that it can take, and the prefixes of the parameters of every stage."""

    architecture: str
    side: int
    stages: tuple[tuple[str, ...], ...]

    def stage_of(self, name: str) -> int:
        """By the table: exactly one stage must have the prefix."""
        (found,) = [i for i, prefixes in enumerate(self.stages) if name.startswith(prefixes)]
        return found

    def build(self) -> nn.Module:
        """Random weights, without classifier and without a head that only serves one."""
        torch.manual_seed(0)
        # A batch norm of gain 0 at the end of every block would give what is before it no gradient at first.
        further = {"zero_init_last": False} if self.stages is _RESNET else {}
        model: nn.Module = timm.create_model(self.architecture, num_classes=0, **further)
        if hasattr(model, "pre_logits"):
            model.pre_logits = nn.Identity()
        return model

    def photos(self, n: int = 3) -> Tensor:
        """Pictures (n, 3, side, side) around 0."""
        return torch.from_numpy(drawn(n, self.side)).permute(0, 3, 1, 2).float() / 127.5 - 1


TINY = Family("test_resnet", 64, _RESNET)
FAMILIES = (
    Family("resnet18", 64, _RESNET),
    Family("resnet50", 64, _RESNET),
    Family(
        "vgg11",
        32,
        (
            ("features.0.",),
            ("features.3.",),
            ("features.6.", "features.8."),
            ("features.11.", "features.13."),
            ("features.16.", "features.18."),
        ),
    ),
    Family(
        "inception_v3",
        96,
        (
            ("Conv2d_1a", "Conv2d_2a", "Conv2d_2b"),
            ("Conv2d_3b", "Conv2d_4a"),
            ("Mixed_5",),
            ("Mixed_6",),
            ("Mixed_7",),
        ),
    ),
    Family(
        "inception_resnet_v2",
        96,
        (
            ("conv2d_1a.", "conv2d_2a.", "conv2d_2b."),
            ("conv2d_3b.", "conv2d_4a."),
            ("mixed_5b.", "repeat."),
            ("mixed_6a.", "repeat_1."),
            ("mixed_7a.", "repeat_2.", "block8.", "conv2d_7b."),
        ),
    ),
    Family("mobilenetv2_035", 64, _BLOCKS),
    Family(
        "mobilenetv3_small_050",
        64,
        (
            ("conv_stem.", "bn1."),
            ("blocks.0.",),
            ("blocks.1.",),
            ("blocks.2.", "blocks.3."),
            ("blocks.4.", "blocks.5.", "conv_head."),
        ),
    ),
    Family(
        "mobilenetv4_conv_small",
        64,
        (
            ("conv_stem.", "bn1."),
            ("blocks.0.",),
            ("blocks.1.",),
            ("blocks.2.",),
            ("blocks.3.", "blocks.4.", "conv_head.", "norm_head."),
        ),
    ),
    Family("efficientnet_lite0", 64, _BLOCKS),
    Family("efficientnet_b0", 64, _BLOCKS),
    Family(
        "convnext_atto",
        64,
        (("stem.", "stages.0."), ("stages.1.",), ("stages.2.",), ("stages.3.", "head.")),
    ),
)
