"""Phase two: the student sees the image and answers for itself, judged at every late unit and at the end."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from embedder.training.blockwise import teacher_maps
from embedder.training.networks import maps_of

FRONT_SHARE = 8
"""Every how-manieth view the front learns from."""


def pooled_losses(got: Tensor, wanted: Tensor, classifier: nn.Linear, temperature: float = 2.0) -> Tensor:
    """Three losses of pooled features (n, 1280), both centred on the teacher's mean of the batch; (3,).

    Direction: 1 - cosine to the teacher's vector. Relations: squared difference of all cosines within
    the batch (relational distillation, Park et al. 2019). Classes: divergence of the teacher's
    classifier read from both (its weights stay with the teacher).
    """
    centre = wanted.mean(0)
    a, b = F.normalize(got - centre), F.normalize(wanted - centre)
    direction = 1 - (a * b).sum(1).mean()
    relations = (a @ a.T - b @ b.T).square().mean()
    target = F.log_softmax(classifier(wanted) / temperature, 1)
    answer = F.log_softmax(classifier(got) / temperature, 1)
    classes = F.kl_div(answer, target, log_target=True, reduction="batchmean") * temperature**2
    return torch.stack([3 * direction, 10 * relations, 0.5 * classes])


class WholeLoss:
    """Losses of phase two for a batch of views.

    One per unit of the back, then the three pooled ones, then one per unit of the front. The first
    ``apart`` units, whose large maps cost most, learn their own maps from an eighth of the views and get
    no gradient from the rest.
    """

    def __init__(
        self,
        student: nn.ModuleList,
        teacher: nn.Module,
        teacher_units: nn.ModuleList,
        scales: list[Tensor],
        apart: int,
    ) -> None:
        self._front, self._back = student[:apart], student[apart:]
        self._teacher_units, self._scales, self._apart = teacher_units, scales, apart
        classifier = teacher.get_classifier()  # type: ignore[operator]
        self._classifier: nn.Linear = classifier
        self._forward = torch.compile(teacher_maps)
        self._front_maps = torch.compile(teacher_maps)
        self._losses = torch.compile(self._compare)
        self._front_losses = torch.compile(self._compare_front)

    def _compare_front(self, x: Tensor, wanted: list[Tensor]) -> Tensor:
        """Unexplained variance at each unit of the front, chained from the picture, (apart,)."""
        errors = [
            ((g.float() - w.float()).square() / s).mean()
            for g, w, s in zip(maps_of(self._front, x), wanted, self._scales, strict=False)
        ]
        return torch.stack(errors)

    def _compare(self, start: Tensor, wanted: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Weighted unexplained variance at each trained unit; and the pooled vectors (n, 1280)."""
        got = maps_of(self._back, start)
        errors = [
            ((g.float() - w.float()).square() / s).mean()
            for g, w, s in zip(got, wanted, self._scales[self._apart :], strict=True)
        ]
        weights = torch.linspace(0.05, 0.3, len(errors))
        weights[-1] = 1.0
        return torch.stack(errors) * weights, got[-1].float().mean((2, 3))

    def __call__(self, x: Tensor) -> Callable[[int], Tensor]:
        """Asks the teacher about a batch (n, 3, h, w); what comes back gives the weighted losses."""
        wanted = self._forward(self._teacher_units, x)
        target = wanted[-1].float().mean((2, 3))
        start = self._front_maps(self._front, x)[-1] if self._apart else x

        def losses(echo: int) -> Tensor:
            few = slice(echo % FRONT_SHARE, None, FRONT_SHARE)
            with torch.autocast("cpu", torch.bfloat16):
                errors, pooled = self._losses(start, wanted[self._apart :])
                parts = [errors, pooled_losses(pooled, target, self._classifier)]
                if self._apart:
                    parts.append(self._front_losses(x[few], [w[few] for w in wanted[: self._apart]]))
            return torch.cat(parts)

        return losses
