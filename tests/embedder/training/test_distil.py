"""The recipe in small: units, losses, both phases for two steps, resuming, averaging."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from embedder.training.blockwise import (
    channel_scales,
    pairs,
    revive,
    share_of_batch,
    teacher_maps,
    unit_losses,
)
from embedder.training.checkpoint import Average, load_state, save_state
from embedder.training.distil import Phase, Trainer, rate_at
from embedder.training.drawn import draw_masks, draw_pictures
from embedder.training.networks import (
    ARCHITECTURE,
    MODEL_ARGS,
    freeze_statistics,
    make_student,
    maps_of,
    units_of,
)
from embedder.training.views import ViewMaker


@pytest.fixture(scope="module")
def student() -> nn.Module:
    return make_student(1).eval()


@pytest.fixture(scope="module")
def teacher() -> nn.Module:
    torch.manual_seed(5)
    model = timm.create_model(ARCHITECTURE, num_classes=7, **MODEL_ARGS)
    return model.eval().requires_grad_(False)


def test_training_form_gives_the_plain_networks_numbers(student: nn.Module) -> None:
    plain = timm.create_model(ARCHITECTURE, num_classes=0, **MODEL_ARGS).eval()
    plain.load_state_dict(student.state_dict())
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        wanted = plain.forward_features(x)
        torch.testing.assert_close(student.forward_features(x), wanted, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(maps_of(units_of(student), x)[-1], wanted, rtol=1e-3, atol=1e-3)


def test_a_copy_has_no_loss_and_a_stranger_has(student: nn.Module, teacher: nn.Module) -> None:
    units, x = units_of(teacher), torch.randn(4, 3, 64, 64)
    maps = maps_of(units, x)
    given, wanted = pairs(maps, x, 1)
    scales = channel_scales(units, [x])
    with torch.no_grad():
        assert float(unit_losses(units, given, wanted, scales).max()) < 1e-6
        assert float(unit_losses(units_of(student), given, wanted, scales).min()) > 0.1


def test_early_units_take_few_views_and_others_each_echo() -> None:
    assert [share_of_batch(side, 128) for side in (128, 64, 32, 8, 4)] == [16, 8, 4, 1, 1]
    x = torch.arange(32.0)[:, None, None, None].expand(32, 3, 8, 8)
    first, second = (pairs([x], x, echo)[0][0][:, 0, 0, 0].tolist() for echo in (0, 1))
    assert first == [0, 16]
    assert second == [1, 17]


def test_teacher_maps_carry_no_gradient(teacher: nn.Module) -> None:
    maps = teacher_maps(units_of(teacher), torch.randn(1, 3, 32, 32))
    assert len(maps) == 19
    assert not any(m.requires_grad for m in maps)


def test_rate_warms_up_and_falls() -> None:
    phase = Phase("blocks", steps=100, batch=1, px=32, rate=1.0, seed=0, warmup=10)
    rates = [rate_at(phase, step) for step in (0, 9, 10, 55, 99)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[1] == rates[2] == pytest.approx(1)
    assert rates[2] > rates[3] > rates[4] > 0.009


@pytest.mark.parametrize(
    ("name", "apart", "front"), [("blocks", 0, 0), ("blocks", 0, 2), ("whole", 0, 0), ("whole", 3, 0)]
)
def test_phases_run_and_resume(name: str, apart: int, front: int, teacher: nn.Module, tmp_path: Path) -> None:
    torch.compiler.set_stance("force_eager")
    try:
        for steps in (2, 4):
            views = ViewMaker(draw_pictures(4, 40, 0), draw_masks(2, 32, 0), 0)
            phase = Phase(name, steps, batch=4, px=32, rate=1e-3, seed=0, apart=apart, front=front, echo=2)
            network = make_student(0)
            before = {name: p.clone() for name, p in network.named_parameters()}
            Trainer(network, teacher, views, phase, tmp_path).run(report=lambda line: None, save_every=2)
            saved = load_state(tmp_path)
            assert saved is not None
            assert saved[1]["step"] == steps
            moved = {name for name, p in network.named_parameters() if not torch.equal(before[name], p)}
            assert "conv_stem.weight" in moved
            assert ("conv_head.weight" in moved) == (front == 0)
            assert all(torch.isfinite(t).all() for t in network.state_dict().values())
    finally:
        torch.compiler.set_stance("default")


def test_dead_channels_of_the_stem_start_afresh(teacher: nn.Module) -> None:
    x = torch.randn(2, 3, 32, 32)
    stem, wanted = units_of(make_student(3))[0].eval(), units_of(teacher)[0]
    with torch.no_grad():
        stem[1].bias[4] = -50.0
        assert revive(stem, wanted, x) == 1
        assert float(stem(x)[:, 4].max()) > 0
    assert revive(stem, wanted, x) == 0


def test_minutes_end_a_phase_early(teacher: nn.Module, tmp_path: Path) -> None:
    torch.compiler.set_stance("force_eager")
    try:
        views = ViewMaker(draw_pictures(4, 40, 0), draw_masks(2, 32, 0), 0)
        phase = Phase("blocks", 50, batch=4, px=32, rate=1e-3, seed=0, front=1, minutes=1e-6)
        Trainer(make_student(0), teacher, views, phase, tmp_path).run(report=lambda line: None)
    finally:
        torch.compiler.set_stance("default")
    saved = load_state(tmp_path)
    assert saved is not None
    assert saved[1]["step"] <= 2


def test_state_is_written_whole(tmp_path: Path) -> None:
    assert load_state(tmp_path) is None
    save_state(tmp_path, {"a": torch.ones(2)}, {"step": 3})
    loaded = load_state(tmp_path)
    assert loaded is not None
    assert loaded[1] == {"step": 3}
    assert loaded[0]["a"].tolist() == [1, 1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state.json", "state.safetensors"]


def test_average_follows() -> None:
    module = nn.Linear(1, 1, bias=False)
    average = Average(module, 0.9)
    with torch.no_grad():
        module.weight.fill_(5.0)
    for _ in range(200):
        average.update(module)
    assert float(average.tensors["weight"]) == pytest.approx(5, abs=1e-3)


def test_frozen_statistics_stay() -> None:
    module = nn.Sequential(nn.BatchNorm2d(2)).train()
    freeze_statistics(module)
    module(torch.randn(4, 2, 3, 3) + 9)
    assert module[0].running_mean.tolist() == [0, 0]
