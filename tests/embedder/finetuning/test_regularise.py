"""L2-SP, averages of weights, stochastic depth and checkpointing, each against a computation of its own."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import timm
import torch
from timm.layers.drop import DropPath
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from data.errors import UsageError
from embedder.finetuning.regularise import (
    L2SP,
    Averager,
    recompute_statistics,
    set_checkpointing,
    set_drop_path,
)
from embedder.finetuning.settings import Regularisation
from tests.embedder.finetuning.families import TINY


class Small(nn.Module):
    """A layer and a batch norm, on vectors."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.BatchNorm1d(3)
        self.linear = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm(self.linear(self.dropout(self.first(x))))
        return out


def test_l2sp_is_half_the_strength_times_the_squared_distance() -> None:
    model = nn.Linear(2, 1)
    pull = L2SP(model, 0.5)
    assert pull().item() == 0.0
    with torch.no_grad():
        model.weight += torch.tensor([[2.0, -1.0]])
        model.bias += 3.0
    assert pull().item() == pytest.approx(0.25 * (4 + 1 + 9))
    pull().backward()
    assert model.weight.grad is not None
    torch.testing.assert_close(model.weight.grad, torch.tensor([[1.0, -0.5]]))
    model.bias.requires_grad_(False)
    assert pull().item() == pytest.approx(0.25 * (4 + 1))


def moved(model: nn.Module, step: int) -> None:
    """Some change of all weights and statistics."""
    generator = torch.Generator().manual_seed(step)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += torch.randn(parameter.shape, generator=generator)
    model.train()(torch.randn(8, 3, generator=generator))


def resumed(averager: Averager, model: Small, asked: Regularisation, epochs: int) -> Averager:
    """Another averager, from what a file keeps of this one."""
    file = io.BytesIO()
    torch.save(averager.state_dict(), file)
    file.seek(0)
    made = Averager(model, asked, epochs)
    made.load_state_dict(torch.load(file, weights_only=True))
    return made


@pytest.mark.parametrize("stop", [None, 1, 3])
def test_a_moving_average_is_the_one_computed_by_hand_also_when_resumed(stop: int | None) -> None:
    model, asked = Small(), Regularisation(ema=0.4)
    averager = Averager(model, asked, 1)
    assert averager.averaged() is None
    wanted: dict[str, Tensor] = {}
    for step in range(6):
        if step == stop:
            averager = resumed(averager, model, asked, 1)
        moved(model, step)
        averager.after_step()
        averager.after_epoch(0)
        decay = min(0.4, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            old = wanted.get(name, value)
            new = decay * old + (1 - decay) * value if value.is_floating_point() else value
            wanted[name] = new.clone()
    found = averager.averaged()
    assert not found.training
    for name, value in found.state_dict().items():
        torch.testing.assert_close(value, wanted[name])
    assert int(found.norm.num_batches_tracked) == 6


@pytest.mark.parametrize("stop", [None, 6, 7])
def test_swa_is_the_mean_over_the_last_quarter_also_when_resumed(stop: int | None) -> None:
    model, asked = Small(), Regularisation(swa=True)
    averager, kept = Averager(model, asked, 8), []
    for epoch in range(8):
        moved(model, epoch)
        averager.after_step()
        averager.after_epoch(epoch)
        if epoch < 6:
            assert averager.averaged() is None
        else:
            kept.append(model.linear.weight.detach().clone())
        if epoch == stop:
            averager = resumed(averager, model, asked, 8)
    torch.testing.assert_close(averager.averaged().linear.weight, torch.stack(kept).mean(0))
    before = averager.averaged().norm.running_mean.clone()
    averager.finish([torch.ones(4, 3)], [])
    assert torch.equal(averager.averaged().norm.running_mean, before)
    photos = torch.randn(16, 3)
    averager.finish([photos], ["norm"])
    found = averager.averaged()
    inner = found.linear(found.first(photos))
    torch.testing.assert_close(found.norm.running_mean, inner.mean(0))
    torch.testing.assert_close(found.norm.running_var, inner.var(0))


def test_without_an_average_there_is_none() -> None:
    model = Small()
    averager = Averager(model, Regularisation(), 4)
    averager.after_step()
    averager.after_epoch(3)
    averager.finish([], ["norm"])
    averager.load_state_dict(averager.state_dict())
    assert averager.averaged() is None


def test_statistics_of_all_norms_are_torchs_and_frozen_ones_stay() -> None:
    model = Small()
    model.dropout.p = 0.0  # torch's own leaves dropout on
    batches = [torch.randn(8, 3), 2 * torch.randn(8, 3) + 1]
    reference = copy.deepcopy(model)
    update_bn(batches, reference)
    frozen = copy.deepcopy(model)
    recompute_statistics(model, batches, ["first", "norm"])
    for name, value in reference.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value)
    assert model.norm.momentum == 0.1
    assert not model.norm.training

    recompute_statistics(frozen, batches, ["norm"])
    assert torch.equal(frozen.first.running_mean, torch.zeros(3))
    assert not torch.equal(frozen.norm.running_mean, model.norm.running_mean)
    kept = frozen.norm.running_mean.clone()
    with pytest.raises(UsageError, match="at least one batch"):
        recompute_statistics(frozen, [], ["norm"])
    assert torch.equal(frozen.norm.running_mean, kept)


def chances(model: nn.Module) -> list[float]:
    return [round(m.drop_prob, 6) for m in model.modules() if isinstance(m, DropPath)]


@pytest.mark.parametrize("architecture", ["resnet18", "convnext_atto"])
def test_stochastic_depth_is_the_one_timm_builds(architecture: str) -> None:
    with torch.device("meta"):
        ours = timm.create_model(architecture, num_classes=0)
        timms = timm.create_model(architecture, num_classes=0, drop_path_rate=0.2)
    count = set_drop_path(ours, 0.2)
    assert chances(ours) == chances(timms)
    assert count == len(chances(timms)) + 1  # the first block is never skipped
    assert ours.state_dict().keys() == timms.state_dict().keys()
    assert set_drop_path(ours, 0.4) == count
    assert chances(ours) == [pytest.approx(2 * chance, abs=1e-5) for chance in chances(timms)]
    set_drop_path(ours, 0.0)
    assert set(chances(ours)) == {0.0}


def test_only_blocks_that_can_be_skipped_count() -> None:
    with torch.device("meta"):
        mobile = timm.create_model("mobilenetv2_035", num_classes=0)
        plain = [timm.create_model(name, num_classes=0) for name in ("vgg11", "inception_v3")]
    skipping = [m for m in mobile.modules() if getattr(m, "has_skip", False)]
    assert set_drop_path(mobile, 0.3) == len(skipping) == 10
    assert chances(mobile)[-1] == pytest.approx(0.3)
    assert [set_drop_path(model, 0.3) for model in plain] == [0, 0]


def test_stochastic_depth_works_in_training_only() -> None:
    model, photos = TINY.build(), TINY.photos()
    set_drop_path(model, 0.9)
    model.train()
    with torch.inference_mode():
        torch.manual_seed(0)
        assert not torch.equal(model(photos), model(photos))
        model.eval()
        assert torch.equal(model(photos), model(photos))


def test_checkpointing_changes_no_gradient() -> None:
    model, photos = TINY.build(), TINY.photos()
    grads: list[list[Any]] = []
    for checkpointed in (False, True):
        if checkpointed:
            set_checkpointing(model)
        model.eval().zero_grad()
        model(photos).square().mean().backward()
        grads.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert len(grads[0]) == len(list(model.parameters()))
    for before, after in zip(*grads, strict=True):
        torch.testing.assert_close(before, after)


@pytest.mark.parametrize("architecture", ["vgg11", "inception_v3", "inception_resnet_v2"])
def test_a_network_that_cannot_checkpoint_says_so(architecture: str) -> None:
    with torch.device("meta"):
        model = timm.create_model(architecture, num_classes=0)
    with pytest.raises(UsageError, match="leave checkpointing off"):
        set_checkpointing(model)
    with pytest.raises(UsageError, match="Linear cannot recompute"):
        set_checkpointing(nn.Linear(1, 1))
