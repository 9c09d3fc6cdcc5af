"""Convolution, shift, addition and ReLU as one kernel of cuDNN, wherever a network has them in a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.proxy_tensor import make_fx

ATEN = torch.ops.aten


def conv_relu(x: Tensor, weight: Tensor, bias: Tensor, *how: Any) -> Tensor:
    """ReLU of a convolution; how: stride, padding, dilation, groups. CUDA only."""
    return torch.cudnn_convolution_relu(x, weight, bias, *how)


def conv_add_relu(x: Tensor, weight: Tensor, other: Tensor, bias: Tensor, *how: Any) -> Tensor:
    """ReLU of a convolution and another map (n, c, h, w) together; see ``conv_relu``."""
    return torch.cudnn_convolution_add_relu(x, weight, other, 1.0, bias, *how)


def fused(net: nn.Module, pictures: Tensor) -> fx.GraphModule:
    """The network for exactly so many pictures (n, 3, H, W) as a list of operators, with those fused that can
    be.

    The network must be in evaluation mode and its gradients off; its norms should be folded before (see
    ``with_norms_folded``), since what stands between a convolution and its ReLU keeps them apart.
    """
    with torch.no_grad():
        traced: fx.GraphModule = make_fx(torch.func.functionalize(net, remove="mutations"))(pictures)
    for node in list(traced.graph.nodes):
        if node.op == "call_function" and node.target is ATEN.relu.default:
            _fuse(traced.graph, node)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    return traced


def _fuse(graph: fx.Graph, relu: fx.Node) -> None:
    before = relu.args[0]
    if _is_plain_convolution(before):
        x, weight, bias, *how = _parts(before)
        _replace(graph, relu, conv_relu, (x, weight, bias, *how))
        return
    if not isinstance(before, fx.Node) or before.target is not ATEN.add.Tensor:
        return
    if len(before.users) > 1 or before.kwargs or len(before.args) != 2:
        return
    for one, other in (before.args, before.args[::-1]):
        if _is_plain_convolution(one) and _shape(one) == _shape(other):
            x, weight, bias, *how = _parts(one)
            _replace(graph, relu, conv_add_relu, (x, weight, other, bias, *how))
            return


def _replace(graph: fx.Graph, relu: fx.Node, call: Callable[..., Tensor], args: tuple[Any, ...]) -> None:
    with graph.inserting_before(relu):
        instead = graph.call_function(call, args)
    instead.meta = relu.meta
    relu.replace_all_uses_with(instead)


def _is_plain_convolution(node: Any) -> bool:
    """Whether it is a convolution of maps with a shift, of one group, that nothing else asks for."""
    if not isinstance(node, fx.Node) or node.target is not ATEN.convolution.default or len(node.users) > 1:
        return False
    _, _, bias, stride, _, _, transposed, _, groups = node.args
    return bool(bias is not None and not transposed and groups == 1 and len(stride) == 2)  # type: ignore[arg-type]


def _parts(convolution: Any) -> tuple[Any, ...]:
    x, weight, bias, stride, padding, dilation, _, _, groups = convolution.args
    return x, weight, bias, stride, padding, dilation, groups


def _shape(node: Any) -> tuple[int, ...] | None:
    """Of what a node gives, where it is known to be one tensor."""
    value: Any = node.meta.get("val", node.meta.get("tensor_meta")) if isinstance(node, fx.Node) else None
    return tuple(value.shape) if hasattr(value, "shape") else None
