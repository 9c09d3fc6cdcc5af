"""Batch norms folded into the convolutions before them: the same network with fewer passes over its maps."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any, TypeVar, cast

import torch
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.norm_act import BatchNormAct2d
from torch import Tensor, nn

CONVOLUTIONS = (nn.Conv2d, Conv2dSame)
"""Of exactly these types: others make something of their weights first."""
NORMS = (nn.BatchNorm2d, BatchNormAct2d)
NEAR = 1e-3
"""Relative distance from the network's own outputs, in float32, up to which the folded one is taken."""
Net = TypeVar("Net", bound=nn.Module)


def with_norms_folded(net: Net, pictures: Tensor) -> Net:
    """A copy of a network in evaluation mode whose convolutions do the work of the norms that follow them.

    What follows what is found by running it on ``pictures`` (n, 3, H, W), whatever its forward looks like: a
    norm is folded whose input is the very tensor that a convolution gave, if both are used once. Should the
    copy fail, or its outputs on the pictures differ from the network's, the network itself is given back.
    """
    pairs, wanted = _pairs(net, pictures)
    if not pairs:
        return net
    folded = copy.deepcopy(net)
    for convolution, norm in pairs.items():
        _fold(folded, convolution, norm)
    try:
        got = _outputs(folded, pictures)
    except Exception:  # whatever a forward misses that looks at its norms itself
        return net
    near = all(
        float((a - b).norm()) <= NEAR * float(b.norm()) for a, b in zip(got, wanted, strict=True)
    )  # of NaN nothing is true
    return folded if near else net


def _outputs(net: nn.Module, pictures: Tensor) -> tuple[Tensor, ...]:
    with torch.inference_mode():
        return cast("tuple[Tensor, ...]", net(pictures))


def _pairs(net: nn.Module, pictures: Tensor) -> tuple[dict[str, str], tuple[Tensor, ...]]:
    """Names of convolutions and of the norms right after them, and the network's outputs."""
    calls: Counter[str] = Counter()
    given: dict[int, tuple[str, Tensor]] = {}  # the tensors are kept, or their places would be used again
    pairs: dict[str, str] = {}

    def convolved(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            calls[name] += 1
            given[id(output)] = (name, output)

        return hook

    def normed(name: str) -> Any:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            calls[name] += 1
            if inputs and id(inputs[0]) in given:
                pairs[given[id(inputs[0])][0]] = name

        return hook

    hooks = []
    for name, module in net.named_modules():
        if type(module) in CONVOLUTIONS:
            hooks.append(module.register_forward_hook(convolved(name)))
        elif type(module) in NORMS and cast("nn.BatchNorm2d", module).running_var is not None:
            hooks.append(module.register_forward_pre_hook(normed(name)))
    try:
        outputs = _outputs(net, pictures)
    finally:
        for hook in hooks:
            hook.remove()
    used = Counter(pairs.values())
    once = {a: b for a, b in pairs.items() if calls[a] == calls[b] == used[b] == 1}
    return once, outputs


def _fold(net: nn.Module, convolution: str, norm: str) -> None:
    """Gives the convolution the norm's scale and shift, and puts what else the norm does in its place."""
    conv = cast("nn.Conv2d", net.get_submodule(convolution))
    norm_module = cast("nn.BatchNorm2d", net.get_submodule(norm))
    mean, variance = cast("Tensor", norm_module.running_mean), cast("Tensor", norm_module.running_var)
    with torch.no_grad():
        scale = torch.rsqrt(variance.double() + norm_module.eps)
        if norm_module.affine:
            scale = scale * norm_module.weight.double()
        shift = -mean.double() * scale
        if conv.bias is not None:
            shift += conv.bias.double() * scale
        if norm_module.affine:
            shift += norm_module.bias.double()
        dtype = conv.weight.dtype
        weight = (conv.weight.double() * scale.view(-1, 1, 1, 1)).to(dtype)
        conv.weight = nn.Parameter(weight, requires_grad=False)
        conv.bias = nn.Parameter(shift.to(dtype), requires_grad=False)
    rest: nn.Module = nn.Identity()
    if isinstance(norm_module, BatchNormAct2d):
        rest = nn.Sequential(norm_module.drop, norm_module.act)
    parent, _, name = norm.rpartition(".")
    setattr(net.get_submodule(parent), name, rest)
