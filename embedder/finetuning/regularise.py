"""What keeps a fine-tuned network near good weights: L2-SP, averages of weights, stochastic depth.

Checkpointing, which trades time for memory, is switched on here too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import torch
from timm.layers.drop import DropPath
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from data.errors import UsageError
from embedder.finetuning.settings import Regularisation
from embedder.finetuning.stages import BATCH_NORMS

SWA_SHARE = 0.25
_Tensors = tuple[Tensor, ...] | list[Tensor]


class L2SP:
    """A pull towards the pre-trained weights (L2-SP: Li, Grandvalet & Davoine, 2018).

    The starting point is the model as it is when this is made: make it before a stopped run's weights are
    loaded.
    """

    def __init__(self, model: nn.Module, strength: float) -> None:
        self.strength = strength
        self._pairs = [(parameter, parameter.detach().clone()) for parameter in model.parameters()]

    def __call__(self) -> Tensor:
        """A scalar: half the strength times the squared distance, of the parameters that learn at present."""
        total = torch.zeros((), device=self._pairs[0][0].device)
        for i, (parameter, start) in enumerate(self._pairs):
            if not parameter.requires_grad:
                continue
            if start.device != parameter.device:
                start = start.to(parameter.device)
                self._pairs[i] = (parameter, start)
            total = total + (parameter - start).square().sum()
        return 0.5 * self.strength * total


class Averager:
    """An average over time of the weights that learn, as a second model; or nothing where none is asked for.

    ``ema`` is a moving average over the steps. Its decay grows with the number of steps n, as the lesser of
    what is asked and (1 + n) / (10 + n), lest a short run be left where it began. ``swa`` is the plain
    average over the ends of the last quarter of the epochs, and at least of the last two (Izmailov et al.,
    2018). The model is to be the bare one, not wrapped for several processes.
    """

    def __init__(self, model: nn.Module, regularisation: Regularisation, epochs: int) -> None:
        self._model = model
        self._first = epochs - max(2, math.ceil(SWA_SHARE * epochs))
        self._swa = regularisation.swa
        self._average: AveragedModel | None = None
        if regularisation.ema:
            self._average = AveragedModel(model, multi_avg_fn=_moving(regularisation.ema), use_buffers=True)
        elif regularisation.swa:
            self._average = AveragedModel(model)
        if self._average is not None:
            self._average.requires_grad_(False).eval()

    def after_step(self) -> None:
        """Takes in the weights after a step of the optimiser (EMA)."""
        if self._average is not None and not self._swa:
            self._average.update_parameters(self._model)

    def after_epoch(self, epoch: int) -> None:
        """Takes in the weights after an epoch, counted from 0 (SWA)."""
        if self._average is not None and self._swa and epoch >= self._first:
            self._average.update_parameters(self._model)

    def finish(self, batches: Iterable[Tensor], norms: Collection[str]) -> None:
        """After SWA: batch-norm statistics that fit the averaged weights (see ``recompute_statistics``).

        Does nothing for EMA, which averages the statistics too, where nothing was averaged, or without norms.
        """
        found = self.averaged()
        if found is not None and self._swa and norms:
            recompute_statistics(found, batches, norms)

    def averaged(self) -> Any:
        """A module like the model, with averaged weights; None where nothing has been averaged (yet)."""
        if self._average is None or not int(self._average.n_averaged):
            return None
        return self._average.module.eval()

    def state_dict(self) -> dict[str, Any]:
        """The averaged weights and how many went into them; empty where none are asked."""
        return {} if self._average is None else self._average.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from where ``state_dict`` was taken."""
        if self._average is not None:
            self._average.load_state_dict(state)


@torch.no_grad()
def recompute_statistics(model: nn.Module, batches: Iterable[Tensor], norms: Collection[str]) -> None:
    """Running statistics of the named batch norms afresh, as the mean over batches of the model's input.

    Unlike ``torch.optim.swa_utils.update_bn`` it leaves other batch norms, which were frozen, as they are,
    and dropout off. Raises UsageError where there is no batch.
    """
    chosen = [m for name, m in model.named_modules() if name in norms and isinstance(m, BATCH_NORMS)]
    momenta = [module.momentum for module in chosen]
    device = next(model.parameters()).device
    model.eval()
    seen = 0
    for batch in batches:
        if not seen:
            for module in chosen:
                module.reset_running_stats()
                module.momentum = None
                module.train()
        model(batch.to(device))
        seen += 1
    for module, momentum in zip(chosen, momenta, strict=True):
        module.momentum = momentum
        module.eval()
    if not seen:
        raise UsageError("the batch norms of averaged weights need photos: give at least one batch")


def set_drop_path(model: nn.Module, rate: float) -> int:
    """Stochastic depth (Huang et al., 2016): residual blocks are skipped more often the deeper they are.

    The chance rises linearly from 0 in the first block to ``rate`` in the last. Returns the number of blocks;
    0 where timm's network has no place for it (VGG, Inception).
    """
    blocks: list[Any] = [
        module
        for module in model.modules()
        if hasattr(module, "drop_path")
        and isinstance(module.drop_path, DropPath | nn.Identity | None)
        and getattr(module, "has_skip", True)
    ]
    for i, block in enumerate(blocks):
        chance = rate * i / (len(blocks) - 1) if len(blocks) > 1 else rate
        # A network made without stochastic depth has an identity or None in its place.
        if isinstance(block.drop_path, DropPath):
            block.drop_path.drop_prob = chance
        elif chance:
            block.drop_path = DropPath(chance).train(block.training)
    return len(blocks)


def set_checkpointing(model: nn.Module) -> None:
    """Activations are computed again instead of kept; UsageError where timm's network cannot do so."""
    switch: Any = getattr(model, "set_grad_checkpointing", None)
    try:
        if switch is not None:
            switch(True)
    except AssertionError:
        # This is how timm's VGG and Inception refuse; with python -O they accept and do nothing.
        pass
    if not any(getattr(module, "grad_checkpointing", False) is True for module in model.modules()):
        raise UsageError(
            f"{type(model).__name__} cannot recompute its activations; leave checkpointing off and take "
            "smaller batches, with accumulation"
        )


def _moving(decay: float) -> Callable[[_Tensors, _Tensors, Tensor | int], None]:
    """The update of a moving average whose decay grows at first; counters are taken over as they are."""

    def update(averaged: _Tensors, current: _Tensors, count: Tensor | int) -> None:
        if not torch.is_floating_point(averaged[0]):
            for old, now in zip(averaged, current, strict=True):
                old.copy_(now)
            return
        n = int(count)
        step: Any = get_ema_multi_avg_fn(min(decay, (1 + n) / (10 + n)))  # type: ignore[no-untyped-call]
        step(averaged, current, count)

    return update
