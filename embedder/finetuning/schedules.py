"""Learning rates over a run, in closed form: a step has the same rate however often the run was resumed."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from embedder.finetuning.settings import Optimisation

LOWEST = 1 / 25
"""Where one-cycle begins and a cyclical schedule returns to, as a share of the peak."""
ONE_CYCLE_RISE = 0.3
ONE_CYCLE_END = LOWEST / 1e4
STEPS_AT = (0.6, 0.85)
STEP_FACTOR = 0.1


def multiplier(optimisation: Optimisation, step: int, steps: int, epochs: int | None = None) -> float:
    """The share of its peak rate at which everything learns in a step (counted from 0) of so many steps.

    A warm-up rises linearly, and the schedule takes what is left: ``cosine`` falls to 0 (Loshchilov & Hutter,
    2017), ``constant`` and ``plateau`` stay (see ``Plateau``), ``step`` falls to a tenth after 60 % and again
    after 85 % of all steps. ``one-cycle`` (Smith & Topin, 2018) and ``cyclical`` (triangular: Smith, 2017)
    have a rise of their own instead of the warm-up. With ``epochs`` given every cycle ends with an epoch, as
    ``cycle_ends`` says; without, all cycles are of equal length.
    """
    if optimisation.schedule == "one-cycle":
        return _one_cycle(step, steps)
    if optimisation.schedule == "cyclical":
        return _cyclical(optimisation, step, steps, epochs)
    warm = round(optimisation.warmup * steps)
    if step < warm:
        return (step + 1) / (warm + 1)
    if optimisation.schedule == "cosine":
        return _falling(step - warm, steps - warm)
    if optimisation.schedule == "step":
        return STEP_FACTOR ** sum(step >= share * steps for share in STEPS_AT)
    return 1.0


def cycle_ends(optimisation: Optimisation, epochs: int) -> list[int]:
    """The epochs, counted from 0, at whose end a cyclical schedule is at its lowest.

    Where the cycles do not divide the epochs, each ends with the nearest epoch; there are at most as many
    cycles as epochs. Other schedules have none.
    """
    if optimisation.schedule != "cyclical":
        return []
    cycles = min(optimisation.cycles, epochs)
    return [math.floor(epochs * k / cycles + 0.5) - 1 for k in range(1, cycles + 1)]


class Plateau:
    """A factor that falls to a third after two epochs without progress on validation (more is better).

    An epoch whose value is no number counts as one without progress.
    """

    def __init__(self, patience: int = 2, reduction: float = 1 / 3) -> None:
        self.patience = patience
        self.reduction = reduction
        self.factor = 1.0
        self._best: float | None = None
        self._waited = 0

    def update(self, value: float) -> float:
        """Takes an epoch's value; gives the factor from now on."""
        if not math.isnan(value) and (self._best is None or value > self._best):
            self._best, self._waited = value, 0
            return self.factor
        self._waited += 1
        if self._waited >= self.patience:
            self.factor *= self.reduction
            self._waited = 0
        return self.factor

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers from which ``load_state_dict`` goes on."""
        return {"factor": self.factor, "best": self._best, "waited": self._waited}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from where ``state_dict`` was taken."""
        self.factor = float(state["factor"])
        self._best = None if state["best"] is None else float(state["best"])
        self._waited = int(state["waited"])


def _falling(step: int, steps: int) -> float:
    """Half a cosine from 1 to 0."""
    return (1 + math.cos(math.pi * min(1.0, step / max(1, steps)))) / 2


def _one_cycle(step: int, steps: int) -> float:
    """Half a cosine up from 1/25 in three tenths of the steps, and one down to nothing by the last step."""
    top = max(0.0, ONE_CYCLE_RISE * steps - 1)
    last = steps - 1
    if step <= top:
        share = step / top if top else 1.0
        return LOWEST + (1 - LOWEST) * (1 - math.cos(math.pi * share)) / 2
    share = min(1.0, (step - top) / (last - top))
    return ONE_CYCLE_END + (1 - ONE_CYCLE_END) * (1 + math.cos(math.pi * share)) / 2


def _cyclical(optimisation: Optimisation, step: int, steps: int, epochs: int | None) -> float:
    """Triangles from the lowest rate to the peak and back."""
    if epochs is None:
        edges = [steps * k / optimisation.cycles for k in range(optimisation.cycles + 1)]
    else:
        edges = [0.0, *(steps * (end + 1) / epochs for end in cycle_ends(optimisation, epochs))]
    cycle = min(bisect_right(edges, step), len(edges) - 1) - 1
    start, end = edges[cycle], edges[cycle + 1]
    share = min(1.0, (step - start) / (end - start))
    return LOWEST + (1 - LOWEST) * (1 - abs(2 * share - 1))
