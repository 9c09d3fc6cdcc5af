"""The training loop of both phases: views in, losses down, state saved."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from embedder.training.blockwise import channel_scales, pairs, revive, teacher_maps, unit_losses
from embedder.training.checkpoint import Average, load_state, save_state, with_prefix, without_prefix
from embedder.training.networks import freeze_statistics, units_of
from embedder.training.views import ViewMaker
from embedder.training.whole import WholeLoss

Losses = Callable[[int], Tensor]
Prepare = Callable[[Tensor], Losses]


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of the recipe.

    ``name`` blocks (teacher-forced) or whole (from the image); ``steps`` of ``batch`` views of ``px``
    pixels; ``rate`` peak learning rate (Adam), cosine to a hundredth of it after ``warmup`` steps;
    ``statistics`` share of the steps in which batch norms still learn their statistics; ``apart`` units
    at the front learn by themselves from fewer views (whole only); ``front`` units are the only ones
    that learn (blocks only; 0 means all); ``decay`` of the weight average; ``echo`` steps on each batch,
    since drawing views and asking the teacher cost as much as learning (data echoing, Choi et al. 2019);
    ``minutes`` end the phase, and its schedule, sooner than the steps would.
    """

    name: str
    steps: int
    batch: int
    px: int
    rate: float
    seed: int
    warmup: int = 100
    statistics: float = 0.0
    apart: int = 0
    front: int = 0
    decay: float = 0.998
    echo: int = 2
    minutes: float | None = None


def rate_at(phase: Phase, step: int, seconds: float = 0.0) -> float:
    """Learning rate of a step: linear warm-up, then a half cosine along steps or time, whichever is ahead."""
    if step < phase.warmup:
        return phase.rate * (step + 1) / phase.warmup
    along = (step - phase.warmup) / max(1, phase.steps - phase.warmup)
    if phase.minutes is not None:
        along = max(along, seconds / 60 / phase.minutes)
    return phase.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, along))))


def block_losses(student: nn.ModuleList, teacher: nn.ModuleList, scales: list[Tensor]) -> Prepare:
    """The compiled losses of phase one: asks the teacher once per batch, answers once per echo."""
    forward = torch.compile(teacher_maps)
    compare = torch.compile(unit_losses)

    def prepare(x: Tensor) -> Losses:
        wanted = forward(teacher, x)

        def losses(echo: int) -> Tensor:
            with torch.autocast("cpu", torch.bfloat16):
                result: Tensor = compare(student, *pairs(wanted, x, echo), scales)
            return result

        return losses

    return prepare


class Trainer:
    """Runs one phase on a student, resumable from its folder."""

    def __init__(
        self, student: nn.Module, teacher: nn.Module, views: ViewMaker, phase: Phase, out: Path
    ) -> None:
        self.student, self.phase, self.views, self.out = student, phase, views, out
        self._units, self._teacher_units = units_of(student), units_of(teacher)
        if phase.front:
            for unit in self._units[phase.front :]:
                unit.requires_grad_(False)
            self._units, self._teacher_units = self._units[: phase.front], self._teacher_units[: phase.front]
        self._optimiser = torch.optim.Adam(
            [p for p in student.parameters() if p.requires_grad], lr=phase.rate, betas=(0.9, 0.99), fused=True
        )
        self._average = Average(student, phase.decay)
        self._prepare: Prepare
        probe = [views.batch(32, phase.px) for _ in range(6)]
        if phase.front:
            revive(self._units[0].eval(), self._teacher_units[0], probe[0])
        scales = channel_scales(self._teacher_units, probe, of_change=phase.name == "blocks")
        if phase.name == "blocks":
            self._prepare = block_losses(self._units, self._teacher_units, scales)
        else:
            self._prepare = WholeLoss(self._units, teacher, self._teacher_units, scales, phase.apart)
        self._spent = 0.0
        self._start = self._resume()

    def _resume(self) -> int:
        saved = load_state(self.out)
        if saved is None:
            return 0
        tensors, progress = saved
        self.student.load_state_dict(without_prefix("student", tensors))
        self._average.load(without_prefix("average", tensors), int(progress["step"]))
        moments = without_prefix("adam", tensors)
        for index, parameter in enumerate(self._optimiser.param_groups[0]["params"]):
            self._optimiser.state[parameter] = {
                "step": torch.tensor(float(progress["step"])),
                "exp_avg": moments[f"{index}.first"],
                "exp_avg_sq": moments[f"{index}.second"],
            }
        self._spent = progress["seconds"]
        return int(progress["step"])

    def _save(self, step: int, seconds: float) -> None:
        tensors = with_prefix("student", dict(self.student.state_dict()))
        tensors |= with_prefix("average", self._average.tensors)
        for index, parameter in enumerate(self._optimiser.param_groups[0]["params"]):
            moments = self._optimiser.state[parameter]
            tensors[f"adam.{index}.first"] = moments["exp_avg"]
            tensors[f"adam.{index}.second"] = moments["exp_avg_sq"]
        save_state(self.out, tensors, {"step": step, "seconds": seconds, **_numbers(self.phase)})

    def run(
        self, report: Callable[[str], None], save_every: int = 250, stop: int | None = None
    ) -> dict[str, Tensor]:
        """Trains to the last step, or to ``stop``; the averaged weights, named as in the student's state."""
        phase, began = self.phase, time.monotonic()
        end = phase.steps if stop is None else min(stop, phase.steps)
        self.student.train()
        learning_statistics = True
        shown: list[Tensor] = []
        for step in range(self._start, end):
            if learning_statistics and step >= phase.statistics * phase.steps:
                freeze_statistics(self.student)
                learning_statistics = False
            seconds = self._spent + time.monotonic() - began
            for group in self._optimiser.param_groups:
                group["lr"] = rate_at(phase, step, seconds)
            echo = step % phase.echo
            if echo == 0 or step == self._start:
                answer = self._prepare(self.views.batch(phase.batch, phase.px))
            losses = answer(echo)
            torch.autograd.backward(losses.sum())
            self._optimiser.step()
            self._optimiser.zero_grad(set_to_none=True)
            self._average.update(self.student)
            shown.append(losses.detach())
            if step % 25 == 24:
                mean = torch.stack(shown).mean(0)
                speed = (step + 1 - self._start) * phase.batch / (time.monotonic() - began)
                parts = " ".join(f"{v:.3f}" for v in mean.tolist())
                report(f"{phase.name} {step + 1}/{phase.steps} {speed:.0f}/s  {parts}")
                shown = []
            if step % save_every == save_every - 1 or step == end - 1:
                self._save(step + 1, seconds)
            if phase.minutes is not None and seconds > 60 * phase.minutes:
                self._save(step + 1, seconds)
                break
        return self._average.tensors


def _numbers(phase: Phase) -> dict[str, float]:
    return {k: v for k, v in asdict(phase).items() if isinstance(v, (int, float))}
