"""Rates and weight decay of every group, and optimisers that survive opening a stage and resuming."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import Optimizer

from embedder.finetuning.freezing import apply, learning_stages
from embedder.finetuning.optimisers import build_optimiser, new_groups, parameter_groups, set_rates
from embedder.finetuning.settings import OPTIMISERS, Optimisation, Transfer
from embedder.finetuning.stages import Stages, stages_of
from tests.embedder.finetuning.families import TINY

PROGRESSIVE = Transfer("progressive", unfreeze_every=1)


def _model() -> tuple[nn.Module, Stages]:
    model = TINY.build()
    return model, stages_of(model)


def test_each_stage_has_its_rate_and_vectors_have_no_weight_decay() -> None:
    model, stages = _model()
    new = {"proxies": nn.Parameter(torch.ones(3, 2)), "log_variance": nn.Parameter(torch.zeros(()))}
    optimisation = Optimisation(rate=1.0, new_rate=7.0, weight_decay=0.2)
    transfer = Transfer("full", layer_decay=0.5)
    groups = parameter_groups(model, stages, new.items(), transfer, optimisation)
    assert [(g["name"], g["lr"], g["weight_decay"]) for g in groups[:4]] == [
        ("stage 4", 1.0, 0.2),
        ("stage 4, no decay", 1.0, 0.0),
        ("stage 3", 0.5, 0.2),
        ("stage 3, no decay", 0.5, 0.0),
    ]
    assert [(g["name"], g["lr"], g["weight_decay"]) for g in groups[-3:]] == [
        ("stage 0, no decay", 0.0625, 0.0),
        ("new", 7.0, 0.2),
        ("new, no decay", 7.0, 0.0),
    ]
    assert all(g["peak"] == g["lr"] for g in groups)
    rates = {id(p): g["lr"] for g in groups for p in g["params"]}
    decays = {id(p): g["weight_decay"] for g in groups for p in g["params"]}
    assert len(rates) == sum(len(g["params"]) for g in groups) == len(list(model.parameters())) + 2
    for name, parameter in model.named_parameters():
        assert rates[id(parameter)] == 0.5 ** (4 - TINY.stage_of(name))
        assert decays[id(parameter)] == (0.2 if name.endswith("weight") and parameter.ndim == 4 else 0.0)


def test_from_scratch_every_stage_learns_alike() -> None:
    model, stages = _model()
    groups = parameter_groups(model, stages, [], Transfer("scratch", layer_decay=0.5), Optimisation(rate=0.3))
    assert {g["peak"] for g in groups} == {0.3}


def test_a_schedule_multiplies_the_peak_rates() -> None:
    model, stages = _model()
    groups = parameter_groups(model, stages, [], Transfer("full", layer_decay=0.5), Optimisation(rate=1.0))
    optimiser = build_optimiser(groups, Optimisation())
    for multiplier in (0.5, 0.1):
        set_rates(optimiser, multiplier)
        assert [g["lr"] for g in optimiser.param_groups[::2]] == [multiplier * 0.5**i for i in range(5)]


@pytest.mark.parametrize(
    ("optimiser", "kind"), [("adamw", "AdamW"), ("sgd", "SGD"), ("lamb", "Lamb")], ids=OPTIMISERS
)
def test_the_optimiser_is_the_one_asked_for(optimiser: str, kind: str) -> None:
    optimisation = Optimisation(optimiser=optimiser)
    groups = new_groups(nn.Linear(2, 2).named_parameters(), optimisation)
    assert [g["name"] for g in groups] == ["new", "new, no decay"]
    made = build_optimiser(groups, optimisation)
    assert type(made).__name__ == kind
    if optimiser == "sgd":
        assert {(g["momentum"], g["nesterov"]) for g in made.param_groups} == {(0.9, True)}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_state_brings_moments_but_no_rates(optimiser: str) -> None:
    layer = nn.Linear(2, 2)

    def made(rate: float, decay: float) -> Optimizer:
        settings = Optimisation(optimiser, new_rate=rate, weight_decay=decay)
        return build_optimiser(new_groups(layer.named_parameters(), settings), settings)

    first, second = made(0.1, 0.2), made(0.01, 0.3)
    layer(torch.ones(1, 2)).sum().backward()
    first.step()
    second.load_state_dict(first.state_dict())
    assert [(g["peak"], g["lr"], g["weight_decay"]) for g in second.param_groups] == [
        (0.01, 0.01, 0.3),
        (0.01, 0.01, 0.0),
    ]
    assert len(second.state) == 2


def _run(model: nn.Module, stages: Stages, optimiser: Optimizer, epochs: range) -> None:
    """Two steps an epoch of a progressive run."""
    for epoch in epochs:
        model.train()
        apply(model, stages, learning_stages(PROGRESSIVE, stages, epoch, 6), False)
        for step in range(2):
            generator = torch.Generator().manual_seed(10 * epoch + step)
            loss = (model(TINY.photos()) * torch.randn(3, model.num_features, generator=generator)).sum()
            if loss.requires_grad:
                loss.backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)


def _made(optimisation: Optimisation) -> tuple[nn.Module, Stages, Optimizer]:
    model, stages = _model()
    groups = parameter_groups(model, stages, [], PROGRESSIVE, optimisation)
    return model, stages, build_optimiser(groups, optimisation)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_progressive_run_stopped_and_resumed_gives_the_same_weights(name: str) -> None:
    optimisation = Optimisation(optimiser=name, rate=1e-2)
    whole, stages, optimiser = _made(optimisation)
    _run(whole, stages, optimiser, range(6))

    first, stages, optimiser = _made(optimisation)
    _run(first, stages, optimiser, range(3))
    file = io.BytesIO()
    torch.save({"model": first.state_dict(), "optimiser": optimiser.state_dict()}, file)
    file.seek(0)
    state: dict[str, Any] = torch.load(file, weights_only=True)
    second, stages, optimiser = _made(optimisation)
    second.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    _run(second, stages, optimiser, range(3, 6))

    assert [g["peak"] for g in optimiser.param_groups][:1] == [1e-2]
    for key, value in whole.state_dict().items():
        assert torch.equal(value, second.state_dict()[key]), key


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_stage_opened_late_starts_as_if_it_were_the_first_step(name: str) -> None:
    late, early = (nn.Parameter(torch.tensor([1.0, 2.0])) for _ in range(2))
    other = nn.Parameter(torch.tensor([1.0, 2.0]))
    optimisation = Optimisation(optimiser=name)

    def made(opened: nn.Parameter) -> Optimizer:
        groups = [{"params": [p], "lr": 0.1, "weight_decay": 0.0} for p in (other, opened)]
        return build_optimiser(groups, optimisation)

    optimiser = made(late)
    for _ in range(20):
        other.grad = torch.ones(2)
        optimiser.step()
    assert late.tolist() == [1.0, 2.0]
    late.grad = torch.tensor([0.3, -0.1])
    optimiser.step()
    early.grad = late.grad.clone()
    made(early).step()
    assert torch.equal(late, early)
    assert late.tolist() != [1.0, 2.0]
