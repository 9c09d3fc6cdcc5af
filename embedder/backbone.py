"""A convolutional network of timm as a feature extractor: activations of chosen stages, pooled.

Needs torch; nothing that only asks an index imports this module.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from data.errors import UsageError
from embedder.aspect import AspectConfig, Stage
from embedder.config import EmbedderConfig

GEM_POWER = 3.0
GEM_FLOOR = 1e-6
# Layers that only serve a head which no aspect asks for; VGG's hold nine tenths of its parameters.
HEAD_LAYERS = ("pre_logits",)


@dataclass(frozen=True, slots=True)
class Output:
    """One pooled vector that a network gives: of which stages, how pooled."""

    stages: tuple[Stage, ...]
    pooling: str
    stage_norm: bool

    @classmethod
    def of(cls, aspect: AspectConfig) -> Output:
        """What an aspect asks of the network."""
        return cls(aspect.stages, aspect.pooling, aspect.stage_norm)


def build_model(config: EmbedderConfig) -> nn.Module:
    """A network of the config's architecture with random weights, without its classifier.

    Raises UsageError for an architecture that timm does not have, or arguments that it does not take.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import timm

    if not timm.is_model(config.architecture):
        raise UsageError(
            f"timm has no architecture {config.architecture!r}{_near(config.architecture)}; "
            "`python -c 'import timm; print(timm.list_models())'` lists them"
        )
    try:
        further: dict[str, Any] = dict(config.model_args)
        model: nn.Module = timm.create_model(config.architecture, pretrained=False, num_classes=0, **further)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"{config.architecture} cannot be built with {dict(config.model_args)}: {error}"
        ) from None
    return without_head(model, config)


def without_head(model: nn.Module, config: EmbedderConfig) -> nn.Module:
    """Drops head layers where no aspect asks for the head."""
    if not uses_head(config):
        for name in HEAD_LAYERS:
            if hasattr(model, name):
                setattr(model, name, nn.Identity())
    return model.eval()


def uses_head(config: EmbedderConfig) -> bool:
    """Whether any aspect asks for the network's own pooled features."""
    return any("head" in aspect.stages for aspect in config.network_aspects)


class FeatureNet(nn.Module):
    """From normalised pictures (n, 3, H, W) to one pooled vector (n, d_i) per output, float32."""

    def __init__(self, model: nn.Module, outputs: Sequence[Output]) -> None:
        super().__init__()
        if not hasattr(model, "forward_intermediates") or not hasattr(model, "feature_info"):
            raise UsageError(
                f"{type(model).__name__} does not tell its stages; take another timm architecture"
            )
        self.model = model
        self.outputs = tuple(outputs)
        stages = {stage for output in self.outputs for stage in output.stages}
        self._early = sorted(stage for stage in stages if isinstance(stage, int))
        self._late = not stages.isdisjoint(("final", "head"))
        self._head = "head" in stages
        count = len(cast("Any", model).feature_info)
        if self._early and self._early[-1] >= count:
            raise UsageError(
                f"{type(model).__name__} has stages 0 to {count - 1}; there is no {self._early[-1]}"
            )

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Every output, in order."""
        maps = self.maps(pictures)
        return tuple(self._pooled(output, maps) for output in self.outputs)

    def maps(self, pictures: Tensor) -> dict[Stage, Tensor]:
        """The activations (n, c, h, w) of every stage that an output needs; of ``head``, if any does, the
        features (n, d)."""
        maps: dict[Stage, Tensor] = {}
        model = cast("Any", self.model)
        if self._early:
            got = model.forward_intermediates(
                pictures, indices=self._early, stop_early=not self._late, intermediates_only=not self._late
            )
            final, early = got if self._late else (None, got)
            maps.update(zip(self._early, early, strict=True))
        else:
            final = model.forward_features(pictures)
        if final is not None:
            maps["final"] = final
        for stage, activations in maps.items():
            if activations.ndim != 4:
                raise UsageError(
                    f"{type(self.model).__name__} is no convolutional network: stage {stage} gives "
                    f"{activations.ndim - 1} axes per picture, not channels × height × width"
                )
        if self._head:
            maps["head"] = model.forward_head(final, pre_logits=True)
        return maps

    @staticmethod
    def _pooled(output: Output, maps: dict[Stage, Tensor]) -> Tensor:
        blocks = []
        for stage in output.stages:
            block = maps[stage].float() if stage == "head" else pool(maps[stage].float(), output.pooling)
            blocks.append(nn.functional.normalize(block, dim=1) if output.stage_norm else block)
        return torch.cat(blocks, dim=1) if len(blocks) > 1 else blocks[0]


def pool(maps: Tensor, how: str) -> Tensor:
    """Pools maps (n, c, h, w) over their positions: (n, c), or (n, 2c) for ``meanstd``.

    ``gem`` is the generalised mean with p = 3 (Radenović, Tolias & Chum, 2018), of activations clipped at 0.
    """
    if how == "avg":
        return maps.mean((2, 3))
    if how == "max":
        return maps.amax((2, 3))
    if how == "gem":
        return maps.clamp(min=GEM_FLOOR).pow(GEM_POWER).mean((2, 3)).pow(1.0 / GEM_POWER)
    if how == "meanstd":
        mean = maps.mean((2, 3), keepdim=True)
        spread = (maps - mean).square().mean((2, 3)).sqrt()
        return torch.cat([mean.flatten(1), spread], dim=1)
    raise UsageError(f"pooling {how!r} is not known")


def _near(name: str) -> str:
    import difflib

    import timm

    close = difflib.get_close_matches(name, timm.list_models(), n=3)
    return f" (near: {', '.join(close)})" if close else ""
