"""Operators fused: what cuDNN would do in one kernel, done here by the CPU, gives what the network gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from embedder.runtime import fused as module
from embedder.runtime.cuda_runtime import CudaRuntime, _searching
from embedder.runtime.fused import fused
from embedder.runtime.norms import with_norms_folded
from tests.embedder.runtime.test_norms import PICTURES, features

ATEN = torch.ops.aten


def conv_relu(x: Tensor, weight: Tensor, bias: Tensor, *how: Any) -> Tensor:
    return torch.relu(torch.conv2d(x, weight, bias, *how))


def conv_add_relu(x: Tensor, weight: Tensor, other: Tensor, bias: Tensor, *how: Any) -> Tensor:
    return torch.relu(torch.conv2d(x, weight, bias, *how) + other)


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "conv_relu", conv_relu)
    monkeypatch.setattr(module, "conv_add_relu", conv_add_relu)


def count(net: torch.fx.GraphModule, *targets: Any) -> int:
    return sum(node.target in targets for node in net.graph.nodes)


@pytest.mark.parametrize(
    ("architecture", "alone", "added", "relus"),
    [("resnet10t", 7, 4, 0), ("mobilenetv3_small_050", 11, 0, 3), ("convnext_atto", 0, 0, 0)],
)
def test_a_network_gives_the_same_with_its_operators_fused(
    architecture: str, alone: int, added: int, relus: int
) -> None:
    net = with_norms_folded(features(architecture), PICTURES)
    quick = fused(net, PICTURES)
    found = count(quick, conv_relu), count(quick, conv_add_relu), count(quick, ATEN.relu.default)
    assert found == (alone, added, relus)
    other = torch.randn_like(PICTURES)
    with torch.inference_mode():
        for got, wanted in zip(quick(other), net(other), strict=True):
            torch.testing.assert_close(got, wanted)


class Odd(nn.Module):
    """A convolution before a ReLU that must not be joined to it."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.conv = nn.Conv2d(3, 6, 3, padding=1, bias=way != "no shift", groups=3 if way == "groups" else 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        found = self.conv(pictures)
        if self.way == "used again":
            return torch.relu(found), found
        if self.way == "sum used again":
            both = found + found.flip(2)
            return torch.relu(both), both
        if self.way == "weighed":
            return (torch.relu(torch.add(found, torch.ones_like(found), alpha=2)),)
        if self.way == "broadcast":
            return (torch.relu(found + torch.ones(6, 1, 1)),)
        return (torch.relu(found),)


@pytest.mark.parametrize(
    "way", ["used again", "sum used again", "weighed", "broadcast", "groups", "no shift"]
)
def test_what_does_not_fit_is_left_alone(way: str) -> None:
    net = Odd(way).eval().requires_grad_(False)
    quick = fused(net, PICTURES)
    assert count(quick, conv_relu, conv_add_relu) == 0
    torch.testing.assert_close(quick(PICTURES), net(PICTURES))


def test_a_kernel_that_refuses_or_errs_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    # What the runtime asks of the GPU is asked of the CPU here, where half precision is slow but there.
    runtime = CudaRuntime.__new__(CudaRuntime)
    runtime._net = with_norms_folded(features("resnet10t"), PICTURES).half()
    runtime._mean, runtime._std = torch.full((3,), 120.0), torch.full((3,), 60.0)
    photos = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    quick = runtime._fastest(photos)
    assert quick is not runtime._net
    for got, wanted in zip(
        runtime._computed(quick, photos), runtime._computed(runtime._net, photos), strict=True
    ):
        assert float((got - wanted).norm() / wanted.norm()) < 0.01

    monkeypatch.setattr(module, "conv_relu", lambda x, *rest: conv_relu(x, *rest) * 1.1)
    assert runtime._fastest(photos) is runtime._net

    def wrong_once(x: Tensor, *rest: Any) -> Tensor:
        found = conv_relu(x, *rest)
        found[-1] *= 1.03  # of one photo, which hardly shows in all together
        return found

    monkeypatch.setattr(module, "conv_relu", wrong_once)
    assert runtime._fastest(photos) is runtime._net

    def refuses(*given: object) -> Tensor:
        raise RuntimeError("cuDNN: not supported")

    monkeypatch.setattr(module, "conv_relu", refuses)
    assert runtime._fastest(photos) is runtime._net


def test_kernels_are_tried_with_cudnn_turned_on() -> None:
    before = torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark
    with _searching():
        assert (torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark) == (True, True)
    assert (torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark) == before
