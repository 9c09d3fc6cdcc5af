"""Several labels learnt at once: their losses as one, fixed or weighed by what each is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from data.errors import UsageError
from embedder.finetuning.objectives import Objective
from embedder.finetuning.settings import TASK_WEIGHTS


@dataclass(frozen=True, slots=True)
class TaskLosses:
    """total: scalar with a graph. of_label: each label's own loss, detached, of those with a photo."""

    total: Tensor
    of_label: Mapping[str, Tensor]


class MultiTask(nn.Module):
    """The objectives of labels as one: the mean over labels of each one's weighed loss.

    task_weights: ``fixed`` weighs all alike. ``learnt`` weighs by uncertainty (Kendall, Gal & Cipolla, 2018,
    the form for classification): exp(-s) * loss + s / 2 with a learnt s = log variance for each label, 0 at
    first, so that both begin alike; the total may then fall below 0. A photo without a value for a label
    (target -1, or a row of shares that are all 0) is left out of that label's loss only, and a label that no
    photo of the batch has leaves its weight as it is.
    """

    def __init__(self, objectives: Mapping[str, Objective], task_weights: str = "fixed") -> None:
        super().__init__()
        if not objectives or task_weights not in TASK_WEIGHTS:
            raise UsageError(f"name at least one label, and weights of {' or '.join(TASK_WEIGHTS)}")
        self.labels = tuple(objectives)
        self.objectives = nn.ModuleList(objectives.values())  # a label may be called what a module may not
        learnt = task_weights == "learnt"
        self.log_variances = nn.Parameter(torch.zeros(len(self.labels))) if learnt else None

    @property
    def pairwise(self) -> bool:
        """Whether any label's objective compares photos with each other."""
        return any(bool(objective.pairwise) for objective in self.objectives)

    @property
    def weights(self) -> dict[str, float]:
        """What each label's loss is multiplied with now."""
        if self.log_variances is None:
            return dict.fromkeys(self.labels, 1.0)
        return dict(zip(self.labels, self.log_variances.detach().neg().exp().tolist(), strict=True))

    def forward(self, embedded: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> TaskLosses:
        """embedded: for each label the photos (n, dims) as its aspect sees them, unit-norm (the same tensor
        where labels share an aspect). targets: for each label as ``Objective`` has them, with gaps."""
        parts, found = [], {}
        for place, (label, objective) in enumerate(zip(self.labels, self.objectives, strict=True)):
            known = _known(targets[label])
            loss = objective(embedded[label][known], targets[label][known])
            if known.any():
                found[label] = loss.detach()
            parts.append(self._weighed(place, loss, present=label in found))
        return TaskLosses(torch.stack(parts).mean(), found)

    def _weighed(self, place: int, loss: Tensor, present: bool) -> Tensor:
        if self.log_variances is None:
            return loss
        spread = self.log_variances[place]
        return (-spread).exp() * loss + spread / 2 if present else loss + spread * 0.0


def _known(targets: Tensor) -> Tensor:
    """Which photos have a value, (n,), bool."""
    return targets.sum(dim=1) > 0 if targets.is_floating_point() else targets >= 0
