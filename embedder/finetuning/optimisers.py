"""Optimisers with a rate of its own for every stage, and another for new layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from embedder.finetuning.settings import Optimisation, Transfer
from embedder.finetuning.stages import Stages

MOMENTUM = 0.9
SET = ("peak", "lr", "weight_decay")
"""What the settings say of a group; the rest of it is state."""


def parameter_groups(
    model: nn.Module,
    stages: Stages,
    new: Iterable[tuple[str, nn.Parameter]],
    transfer: Transfer,
    optimisation: Optimisation,
) -> list[dict[str, Any]]:
    """The groups of an optimiser: of each stage of the backbone, top first, then ``new_groups``.

    Every stage learns at ``layer_decay`` times the rate of the one above it (Howard & Ruder, 2018), except
    from scratch, where no stage knows more than another. Norms, biases and all else with one axis or none
    have no weight decay. Each group has ``name``, ``params``, ``weight_decay``, ``lr`` and ``peak``, the rate
    that a schedule multiplies. Frozen parameters are in their groups too: an optimiser passes over what has
    no gradient, and its state outlives opening and resuming.
    """
    layer_decay = 1.0 if transfer.strategy == "scratch" else transfer.layer_decay
    groups = []
    for stage in reversed(range(stages.count)):
        held = [p for name, p in model.named_parameters() if stages.stage_of_parameter[name] == stage]
        rate = optimisation.rate * layer_decay ** (stages.count - 1 - stage)
        groups += _split(f"stage {stage}", held, rate, optimisation.weight_decay)
    return groups + new_groups(new, optimisation)


def new_groups(new: Iterable[tuple[str, nn.Parameter]], optimisation: Optimisation) -> list[dict[str, Any]]:
    """The groups of new parameters: heads, proxies, weights of tasks."""
    parameters = (parameter for _, parameter in new)
    return _split("new", parameters, optimisation.new_rate, optimisation.weight_decay)


def build_optimiser(groups: list[dict[str, Any]], optimisation: Optimisation) -> Optimizer:
    """AdamW (Loshchilov & Hutter, 2019), SGD with Nesterov's momentum, or LAMB (You et al., 2020).

    A state that it loads brings its moments back; rates and weight decay stay those of the settings.
    """
    optimiser = _built(groups, optimisation)
    own = [{key: group[key] for key in SET if key in group} for group in optimiser.param_groups]

    def put_back(loaded: Optimizer) -> None:
        for group, settings in zip(loaded.param_groups, own, strict=True):
            group.update(settings)

    optimiser.register_load_state_dict_post_hook(put_back)
    return optimiser


def set_rates(optimiser: Optimizer, multiplier: float) -> None:
    """Every group learns at so much of its peak rate from now on."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * multiplier


def _split(name: str, parameters: Iterable[nn.Parameter], rate: float, decay: float) -> list[dict[str, Any]]:
    """One group with weight decay and one without, as far as there is something in them."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for parameter in parameters:
        (matrices if parameter.ndim > 1 else rest).append(parameter)
    halves = ((name, matrices, decay), (f"{name}, no decay", rest, 0.0))
    return [
        {"name": title, "params": held, "weight_decay": share, "lr": rate, "peak": rate}
        for title, held, share in halves
        if held
    ]


def _built(groups: list[dict[str, Any]], optimisation: Optimisation) -> Optimizer:
    if optimisation.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=optimisation.rate, momentum=MOMENTUM, nesterov=True)
    if optimisation.optimiser == "lamb":
        return _lamb(groups, optimisation)
    return torch.optim.AdamW(groups, lr=optimisation.rate)


def _lamb(groups: list[dict[str, Any]], optimisation: Optimisation) -> Optimizer:
    """timm's LAMB, without its own clipping: the gradients come clipped as the settings say."""
    from timm.optim.lamb import Lamb

    optimiser: Optimizer = Lamb(groups, lr=optimisation.rate, max_grad_norm=None)
    optimiser.register_step_post_hook(_uncount_idle_groups)
    return optimiser


def _uncount_idle_groups(optimiser: Optimizer, _args: Any, _kwargs: Any) -> None:
    """timm counts LAMB's steps per group, also of a group without gradients.

    A stage opened late would start as if its moments had been gathered since the first step, which makes its
    first moves about three times too long (10 % of the gradient over the root of 0.1 % of its square).
    """
    for group in optimiser.param_groups:
        if all(parameter.grad is None for parameter in group["params"]):
            group["step"] -= 1
