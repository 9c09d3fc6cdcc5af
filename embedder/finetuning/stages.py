"""The stages of a convolutional network, from its input to its top, as timm's own feature info tells them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from timm.layers.drop import DropPath
from timm.layers.norm import RmsNorm, RmsNorm2d
from torch import nn

from data.errors import UsageError

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
"""Norms that keep running statistics; timm's own (with an activation) are subclasses of them."""
NORMS = (*BATCH_NORMS, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm, RmsNorm, RmsNorm2d)
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, DropPath)


@dataclass(frozen=True, slots=True)
class Stages:
    """Which stage everything belongs to that can learn; stage 0 is nearest to the input.

    count: number of stages. Each has at least one parameter.
    stage_of_parameter: of every parameter, by its name in the network.
    stage_of_module: of every norm layer, by its name in the network.
    """

    count: int
    stage_of_parameter: Mapping[str, int]
    stage_of_module: Mapping[str, int]

    def parameters_of(self, stage: int) -> list[str]:
        """Names of one stage's parameters, in the network's order."""
        return [name for name, found in self.stage_of_parameter.items() if found == stage]


def stages_of(model: nn.Module) -> Stages:
    """The stages of a timm network; UsageError for one that does not tell them."""
    place = module_stages(model)
    parameters = {name: place[_owner(name)] for name, _ in model.named_parameters()}
    norms = {name: place[name] for name, module in model.named_modules() if isinstance(module, NORMS)}
    return Stages(max(parameters.values()) + 1, parameters, norms)


def module_stages(model: nn.Module) -> dict[str, int]:
    """The stage of every module, by name, in the order of registration, which is that of computation.

    A stage ends with its module of ``feature_info``: what comes between two of these belongs to the later,
    the stem to the first, and what comes after the last (a head) to the last. A stage without parameters is
    none, such as the max-pooling at the end of VGG.

    Raises UsageError for a network without feature info, or whose feature info does not fit its modules.
    """
    names = [name for name, _ in model.named_modules()]
    ends = [_last_inside(names, feature, model) for feature in _features(model)]
    if ends != sorted(ends):
        raise UsageError(
            f"{type(model).__name__} does not build its stages in the order that it runs them in; "
            "take another timm architecture"
        )
    found = {name: min(bisect_left(ends, i), len(ends) - 1) for i, name in enumerate(names)}
    filled = sorted({found[_owner(name)] for name, _ in model.named_parameters()})
    return {name: min(bisect_left(filled, stage), len(filled) - 1) for name, stage in found.items()}


def _features(model: nn.Module) -> list[str]:
    """Names of the modules that end a stage."""
    info = getattr(model, "feature_info", None)
    known = isinstance(info, list) and all(isinstance(stage, dict) and stage.get("module") for stage in info)
    if not known or not info or next(model.parameters(), None) is None:
        raise UsageError(
            f"{type(model).__name__} does not tell its stages (timm's feature_info); "
            "take another timm architecture"
        )
    return [str(stage["module"]) for stage in info]


def _last_inside(names: list[str], feature: str, model: nn.Module) -> int:
    """Position of the last module within a feature module."""
    inside = [i for i, name in enumerate(names) if name == feature or name.startswith(f"{feature}.")]
    if not inside:
        raise UsageError(
            f"{type(model).__name__} names a stage {feature!r} that it does not have; "
            "take another timm architecture"
        )
    return inside[-1]


def _owner(parameter: str) -> str:
    return parameter.rpartition(".")[0]
