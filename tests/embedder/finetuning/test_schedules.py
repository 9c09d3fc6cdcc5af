"""Schedules against torch's own where they are the same, and against values that one can see."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from embedder.finetuning.schedules import LOWEST, Plateau, cycle_ends, multiplier
from embedder.finetuning.settings import SCHEDULES, Optimisation


def ours(steps: int, epochs: int | None = None, **asked: Any) -> list[float]:
    optimisation = Optimisation(**asked)
    return [multiplier(optimisation, step, steps, epochs) for step in range(steps)]


def torchs(make: Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler], steps: int) -> list[float]:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimiser)
    rates = []
    for step in range(steps):
        rates.append(float(optimiser.param_groups[0]["lr"]))
        if step < steps - 1:
            optimiser.step()
            scheduler.step()
    return rates


@pytest.mark.parametrize("steps", [4, 10, 37, 200])
def test_cosine_without_warm_up_is_torchs(steps: int) -> None:
    wanted = torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=steps), steps)
    np.testing.assert_allclose(ours(steps, schedule="cosine", warmup=0.0), wanted, atol=1e-9)


@pytest.mark.parametrize("steps", [5, 10, 37, 200])
def test_one_cycle_is_torchs(steps: int) -> None:
    wanted = torchs(
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=1.0, total_steps=steps, cycle_momentum=False), steps
    )
    np.testing.assert_allclose(ours(steps, schedule="one-cycle"), wanted, atol=1e-9)


@pytest.mark.parametrize("cycles", [1, 3])
def test_cyclical_is_torchs(cycles: int) -> None:
    wanted = torchs(
        lambda o: lr_scheduler.CyclicLR(o, LOWEST, 1.0, step_size_up=60 // cycles // 2, cycle_momentum=False),
        60,
    )
    np.testing.assert_allclose(ours(60, schedule="cyclical", cycles=cycles), wanted, atol=1e-9)


def test_the_warm_up_rises_evenly_and_meets_the_schedule_at_its_peak() -> None:
    rates = ours(20, schedule="cosine", warmup=0.2)
    np.testing.assert_allclose(rates[:5], [0.2, 0.4, 0.6, 0.8, 1.0])
    wanted = torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=16), 16)
    np.testing.assert_allclose(rates[4:], wanted, atol=1e-9)


def test_steps_and_constant_by_hand() -> None:
    np.testing.assert_allclose(
        ours(20, schedule="step", warmup=0.05), [0.5] + [1.0] * 11 + [0.1] * 5 + [0.01] * 3
    )
    for schedule in ("constant", "plateau"):
        assert ours(10, schedule=schedule, warmup=0.1) == [0.5, *[1.0] * 9]


def test_cycles_end_with_epochs_where_these_are_told() -> None:
    optimisation = Optimisation(schedule="cyclical", cycles=3)
    assert cycle_ends(optimisation, 9) == [2, 5, 8]
    assert cycle_ends(optimisation, 10) == [2, 6, 9]
    assert cycle_ends(optimisation, 2) == [0, 1]
    assert cycle_ends(Optimisation(schedule="cosine"), 9) == []
    rates = ours(1000, 10, schedule="cyclical")
    lows = [i for i in range(1, 999) if rates[i] < min(rates[i - 1], rates[i + 1])]
    assert lows == [300, 700]  # the first steps of epochs 3 and 7
    assert rates[0] == rates[300] == pytest.approx(LOWEST)
    assert max(rates) == pytest.approx(1.0)
    assert rates[999] < LOWEST + 0.01


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.9])
def test_the_shortest_runs_learn_something_and_never_more_than_the_peak(
    schedule: str, steps: int, warmup: float
) -> None:
    for epochs in (None, 1):
        rates = ours(steps, epochs, schedule=schedule, warmup=warmup)
        assert all(0.0 <= rate <= 1.0 + 1e-12 for rate in rates)
        assert max(rates) >= LOWEST


def test_a_plateau_is_torchs_and_goes_on_where_it_stopped() -> None:
    values = np.random.default_rng(3).normal(size=60).cumsum().round(1)
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    reference = lr_scheduler.ReduceLROnPlateau(
        optimiser, mode="max", factor=1 / 3, patience=1, threshold=0.0, threshold_mode="abs", eps=0.0
    )
    plateau = Plateau()
    for value in values:
        reference.step(value)
        resumed = Plateau()
        resumed.load_state_dict(plateau.state_dict())
        plateau = resumed
        assert plateau.update(float(value)) == pytest.approx(optimiser.param_groups[0]["lr"])
    assert plateau.factor < 0.5


def test_a_value_that_is_no_number_is_no_progress() -> None:
    plateau = Plateau()
    assert [plateau.update(v) for v in (math.nan, 0.5, 0.4)] == [1.0, 1.0, 1.0]
    assert plateau.update(math.nan) == pytest.approx(1 / 3)
    assert plateau.state_dict() == {"factor": pytest.approx(1 / 3), "best": 0.5, "waited": 0}
