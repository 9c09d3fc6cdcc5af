"""Which stages learn in which epoch, and the switches in the network that make it so."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn

from data.errors import UsageError
from embedder.finetuning.settings import Transfer
from embedder.finetuning.stages import BATCH_NORMS, DROPOUTS, Stages, module_stages


def learning_stages(transfer: Transfer, stages: Stages, epoch: int, epochs: int) -> frozenset[int]:
    """The stages that learn in an epoch (counted from 0) of a run of so many epochs.

    ``progressive`` opens the top stage first and one more below it every ``unfreeze_every`` epochs; where
    that is None, evenly so that all are open from the middle of the run (Howard & Ruder, 2018).

    Raises UsageError where nothing of the backbone could ever learn although the strategy says so.
    """
    everything = frozenset(range(stages.count))
    if transfer.strategy == "fixed":
        return frozenset()
    if transfer.strategy == "scratch":
        return everything
    lowest = _frozen(transfer, stages)
    if transfer.head_epochs >= epochs:
        raise UsageError(
            f"the run has {epochs} epochs and the first {transfer.head_epochs} train the new layers alone: "
            "the backbone would never learn; take more epochs, fewer head epochs, or the strategy fixed"
        )
    if epoch < transfer.head_epochs:
        return frozenset()
    if transfer.strategy == "progressive":
        lowest = stages.count - _opened(transfer, stages.count, epoch, epochs)
    return frozenset(range(lowest, stages.count))


def keeps_statistics(transfer: Transfer) -> bool:
    """Whether batch norms keep their running statistics: as asked, but never those of random weights."""
    return transfer.freeze_norm_statistics and transfer.strategy != "scratch"


def apply(model: nn.Module, stages: Stages, learning: Collection[int], freeze_norm_statistics: bool) -> None:
    """Lets exactly these stages of a network learn; to be called after every ``model.train()``.

    A frozen stage computes as it does in inference: its parameters take no gradient (and lose what they had,
    lest an optimiser moves them), its batch norms use and keep their running statistics, and its dropout and
    stochastic depth are off.
    """
    for name, parameter in model.named_parameters():
        learns = stages.stage_of_parameter[name] in learning
        parameter.requires_grad_(learns)
        if not learns:
            parameter.grad = None
    place = module_stages(model)
    for name, module in model.named_modules():
        if isinstance(module, BATCH_NORMS):
            module.train(stages.stage_of_module[name] in learning and not freeze_norm_statistics)
        elif isinstance(module, DROPOUTS):
            module.train(place[name] in learning)


def learning_norms(model: nn.Module) -> frozenset[str]:
    """Names of the batch norms whose running statistics move in a forward pass as the model stands."""
    return frozenset(
        name
        for name, module in model.named_modules()
        if isinstance(module, BATCH_NORMS) and module.training and module.track_running_stats
    )


def _frozen(transfer: Transfer, stages: Stages) -> int:
    """How many stages from the input never learn."""
    if transfer.strategy != "partial":
        return 0
    frozen = stages.count // 2 if transfer.frozen_stages is None else transfer.frozen_stages
    if frozen >= stages.count:
        raise UsageError(
            f"the network has {stages.count} stages; with {frozen} of them frozen nothing of it would learn; "
            f"freeze at most {stages.count - 1}, or take the strategy fixed"
        )
    return frozen


def _opened(transfer: Transfer, count: int, epoch: int, epochs: int) -> int:
    """How many stages from the top a progressive run has opened."""
    since = epoch - transfer.head_epochs
    if transfer.unfreeze_every is not None:
        return min(count, 1 + since // transfer.unfreeze_every)
    span = epochs // 2 - transfer.head_epochs
    if since >= span:
        return count
    return 1 + since * (count - 1) // span
