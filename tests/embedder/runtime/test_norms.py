"""Norms folded into convolutions: the same outputs with fewer layers, or the network as it was."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import Tensor, nn

from embedder.backbone import FeatureNet, Output
from embedder.runtime.norms import with_norms_folded

PICTURES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))


def lively(net: nn.Module) -> nn.Module:
    """The network with norms that do something."""
    draw = torch.Generator().manual_seed(1)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.running_mean, module.running_var, module.weight.data, module.bias.data):
                assert tensor is not None
                tensor.uniform_(0.5, 1.5, generator=draw)
    return net.eval().requires_grad_(False)


def norms(net: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in net.modules())


def features(architecture: str) -> FeatureNet:
    torch.manual_seed(0)
    model = timm.create_model(architecture, pretrained=False, num_classes=0)
    net = FeatureNet(model, [Output((1,), "gem", True), Output(("final",), "avg", False)])
    lively(net)
    return net


@pytest.mark.parametrize(
    ("architecture", "left"),
    [("resnet10t", 0), ("mobilenetv3_small_050", 0), ("tf_efficientnet_b0", 0), ("densenetblur121d", None)],
)
def test_the_outputs_stay_and_the_norms_go(architecture: str, left: int | None) -> None:
    net = features(architecture)
    folded = with_norms_folded(net, PICTURES)
    assert norms(folded) == left if left is not None else 0 < norms(folded) < norms(net)
    other = torch.randn(3, 3, 64, 96)
    with torch.inference_mode():
        for got, wanted in zip(folded(other), net(other), strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)


def test_the_network_itself_is_left_as_it_was() -> None:
    net = features("resnet10t")
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with_norms_folded(net, PICTURES)
    assert before.keys() == net.state_dict().keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


class Forked(nn.Module):
    """What the convolution gives is used beside its norm, or by two."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.conv, self.norm, self.way = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), way

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        found = self.conv(pictures)
        if self.way == "beside":
            return (self.norm(found) + found,)
        if self.way == "twice":
            return (self.norm(found) + self.norm(found * 2),)
        if self.way == "shared":
            return (self.norm(found) + self.conv(pictures.flip(3)),)
        return (self.norm(found),)


@pytest.mark.parametrize(("way", "left"), [("beside", 1), ("twice", 1), ("shared", 1), ("alone", 0)])
def test_only_what_nothing_else_uses_is_folded(way: str, left: int) -> None:
    net = lively(Forked(way))
    folded = with_norms_folded(net, PICTURES)
    assert norms(folded) == left
    torch.testing.assert_close(folded(PICTURES), net(PICTURES))


def test_weights_that_are_standardised_first_are_left_alone() -> None:
    net = features("resnetv2_50t")
    assert with_norms_folded(net, PICTURES) is not None
    with torch.inference_mode():
        for got, wanted in zip(with_norms_folded(net, PICTURES)(PICTURES), net(PICTURES), strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)


class Curious(nn.Module):
    """Looks at its norm, or names what it gives it."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.conv, self.norm, self.way = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), way

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        if self.way == "named":
            return (self.norm(input=self.conv(pictures)),)
        return (self.norm(self.conv(pictures)) * self.norm.weight.mean(),)


@pytest.mark.parametrize("way", ["named", "looked at"])
def test_what_cannot_do_without_its_norm_keeps_it(way: str) -> None:
    net = lively(Curious(way))
    assert with_norms_folded(net, PICTURES) is net


def test_a_network_without_norms_is_given_back() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    assert with_norms_folded(net, PICTURES) is net
