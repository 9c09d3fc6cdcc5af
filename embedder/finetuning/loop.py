"""The training loop, one straight page: epochs, batches, steps; validation, averages, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.errors import VitrineError
from embedder.finetuning.checkpoint import Checkpoints
from embedder.finetuning.examples import Task
from embedder.finetuning.feeding import Feed, Rows, batches_of
from embedder.finetuning.freezing import apply, keeps_statistics, learning_norms, learning_stages
from embedder.finetuning.learner import Learner
from embedder.finetuning.mixing import Mixer
from embedder.finetuning.multitask import MultiTask
from embedder.finetuning.optimisers import build_optimiser, new_groups, parameter_groups, set_rates
from embedder.finetuning.precision import Precision
from embedder.finetuning.ranks import Ranks
from embedder.finetuning.regularise import L2SP, Averager
from embedder.finetuning.sampling import share_of
from embedder.finetuning.schedules import Plateau, cycle_ends, multiplier
from embedder.finetuning.settings import Settings
from embedder.finetuning.stages import Stages

State = dict[str, Tensor]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass: its number from 1, mean loss, value on validation (mean mAP@R over the labels), rate of the
    top stage at its end (of the head where no stage learns), seconds so far, and how many stages of the
    backbone learnt."""

    number: int
    loss: float
    value: float
    rate: float
    seconds: float
    stages: int


@dataclass(frozen=True, slots=True)
class Course:
    """All that a training runs on.

    tasks: labels of all photos. rows: the photos that may be learnt from. stages: of the backbone; None where
    none learns. validate: the value of a learner on photos that are not learnt from; higher is better.
    """

    learner: Learner
    objective: MultiTask
    feed: Feed
    tasks: Sequence[Task]
    rows: Rows
    stages: Stages | None
    settings: Settings
    validate: Callable[[nn.Module], float]
    ranks: Ranks


@dataclass(frozen=True, slots=True)
class Trained:
    """The best weights of a training.

    state: the learner's. best: the epoch they are from, counted from 1. history: every epoch. snapshots: the
    weights at the end of each cycle of a cyclical schedule.
    """

    state: State
    best: int
    history: tuple[Epoch, ...]
    snapshots: tuple[State, ...]


class _Whole(nn.Module):
    """Learner and objective as one module, so that several processes can average all gradients."""

    def __init__(self, learner: Learner, objective: MultiTask) -> None:
        super().__init__()
        self.learner = learner
        self.objective = objective

    def forward(self, inputs: Tensor, targets: Mapping[str, Tensor]) -> Tensor:
        labels = self.objective.labels
        blocks = by_label(self.learner(inputs), len(labels))
        loss: Tensor = self.objective(dict(zip(labels, blocks, strict=True)), targets).total
        return loss


def train(
    course: Course,
    checkpoints: Checkpoints,
    state: Mapping[str, Any] | None,
    tell: Tell,
    after_epoch: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Trains to the end, or from where ``state`` (of an earlier run) stopped.

    after_epoch: told of every epoch; what it raises ends the training.

    The same settings, seed and machine give the same weights, stopped and resumed or not. Raises VitrineError
    where the loss is no number any more, or a batch does not fit into memory; the last epoch's state is kept.
    """
    s, ranks = course.settings, course.ranks
    whole = _Whole(course.learner, course.objective).to(ranks.device)
    learner, backbone = course.learner, course.learner.backbone
    pull = L2SP(backbone, s.regularisation.l2sp) if backbone is not None and s.regularisation.l2sp else None
    optimiser = build_optimiser(_groups(course), s.optimisation)
    average = Averager(learner, s.regularisation, s.batches.epochs)
    plateau, precision, mixer = Plateau(), Precision(s.optimisation.precision, ranks.device), Mixer(s)
    kept = _Kept.restored(state, (whole, optimiser, average, plateau, precision)) if state else _Kept()
    wrapped = ranks.wrap(whole)
    ends = cycle_ends(s.optimisation, s.batches.epochs)
    began = time.perf_counter() - (kept.history[-1].seconds if kept.history else 0.0)

    for epoch in range(len(kept.history) + 1, s.batches.epochs + 1):
        if kept.stalled(s.regularisation.patience):
            tell(f"no progress for {s.regularisation.patience} epochs: stopped after epoch {epoch - 1}")
            break
        # Dropout and the like begin every epoch from a seed of its own, so resuming needs no history.
        torch.manual_seed(s.seed * 100_003 + epoch * 101 + ranks.rank)
        whole.train()
        learning = frozenset[int]()
        if backbone is not None and course.stages is not None:
            learning = learning_stages(s.transfer, course.stages, epoch - 1, s.batches.epochs)
            apply(backbone, course.stages, learning, keeps_statistics(s.transfer))
        norms = learning_norms(learner)
        batches = batches_of(course.tasks, course.rows, s, course.objective.pairwise, epoch)
        mine = share_of(batches, ranks.rank, ranks.world)
        steps = -(-len(mine) // s.optimisation.accumulate)
        losses: list[float] = []
        optimiser.zero_grad(set_to_none=True)
        for number, (rows, inputs) in enumerate(zip(mine, course.feed.load(mine, epoch), strict=True)):
            asked = [torch.from_numpy(task.targets[rows]).to(ranks.device) for task in course.tasks]
            photos, asked = mixer.mixed(inputs.to(ranks.device), asked, (epoch, number), course.tasks)
            targets = dict(zip(course.objective.labels, asked, strict=True))
            try:
                with precision.autocast():
                    loss = wrapped(photos, targets)
                    if pull is not None:
                        loss = loss + pull()
                precision.backward(loss / s.optimisation.accumulate)
            except torch.OutOfMemoryError:
                raise _does_not_fit(wrapped, photos, targets, s) from None
            losses.append(float(loss.detach()))
            if not ranks.all_finite(losses[-1]):
                raise VitrineError(
                    f"the loss is no number any more in epoch {epoch}; {kept.last_good(checkpoints)}; take a "
                    "lower "
                    "--rate or --new-rate"
                )
            last = number == len(mine) - 1
            if (number + 1) % s.optimisation.accumulate == 0 or last:
                done = (epoch - 1) * steps + number // s.optimisation.accumulate
                total = steps * s.batches.epochs
                factor = multiplier(s.optimisation, done, total, s.batches.epochs) * plateau.factor
                set_rates(optimiser, factor)
                precision.step(optimiser, whole.parameters(), s.optimisation.clip)
                optimiser.zero_grad(set_to_none=True)
                average.after_step()
        average.after_epoch(epoch - 1)
        current = (average.averaged() if s.regularisation.ema else None) or learner
        value = ranks.agreed(course.validate(current) if ranks.first else 0.0)
        if s.optimisation.schedule == "plateau":
            plateau.update(value)
        peak = s.optimisation.new_rate if course.stages is None else s.optimisation.rate
        rate = peak * factor
        seconds = time.perf_counter() - began
        mean = float(np.mean(losses))
        kept.add(Epoch(epoch, mean, value, rate, seconds, len(learning)), current, epoch - 1 in ends)
        if s.regularisation.swa and epoch == s.batches.epochs:
            _weigh_average(course, average, norms, kept)
        if ranks.first:
            checkpoints.save(kept.state((whole, optimiser, average, plateau, precision)))
        tell(f"epoch {epoch} of {s.batches.epochs}: loss {mean:.3f}, validation mAP@R {value:.3f}")
        if after_epoch is not None:
            after_epoch(kept.history[-1])
    return kept.trained()


def by_label(blocks: Sequence[Any], labels: int) -> list[Any]:
    """A block per label: one each, or the only one for all of them."""
    return [*blocks] if len(blocks) == labels else [blocks[0]] * labels


def _groups(course: Course) -> list[dict[str, Any]]:
    """The optimiser's groups: backbone by stages where it learns, heads, proxies and task weights as new."""
    s, learner = course.settings, course.learner
    new = [*learner.heads.named_parameters(), *course.objective.named_parameters()]
    if learner.backbone is None or course.stages is None:
        return new_groups(new, s.optimisation)
    return parameter_groups(learner.backbone, course.stages, new, s.transfer, s.optimisation)


def _weigh_average(course: Course, average: Averager, norms: frozenset[str], kept: _Kept) -> None:
    """The average of the last epochs' weights is kept if it is better on validation than the best epoch."""
    averaged = average.averaged()
    if averaged is None:
        return
    size = course.settings.batches.photos
    parts = (course.rows[i : i + size] for i in range(0, len(course.rows), size))
    average.finish((course.feed.plain(part).to(course.ranks.device) for part in parts), norms)
    value = course.ranks.agreed(course.validate(averaged) if course.ranks.first else 0.0)
    kept.replace_best(value, averaged)


def _does_not_fit(
    module: nn.Module, photos: Tensor, targets: Mapping[str, Tensor], s: Settings
) -> VitrineError:
    """Finds by trying how large a batch may be."""
    size = len(photos)
    fits = size // 2
    while fits >= 2:
        module.zero_grad(set_to_none=True)
        try:
            torch.autograd.backward(module(photos[:fits], {label: t[:fits] for label, t in targets.items()}))
            break
        except torch.OutOfMemoryError:
            fits //= 2
    module.zero_grad(set_to_none=True)
    if fits < 2:
        return VitrineError(
            f"not even 2 photos fit into the memory of {photos.device}; take --checkpointing, a smaller "
            "--side, or a "
            "smaller backbone"
        )
    more = s.optimisation.accumulate * -(-size // fits)
    return VitrineError(
        f"a batch of {size} photos does not fit into the memory of {photos.device}, {fits} do: "
        f"take --batch {fits} --accumulate {more}, which learns the same, or --checkpointing"
    )


class _Kept:
    """What is carried from epoch to epoch: the history, the best weights, the snapshots."""

    def __init__(self) -> None:
        self.history: list[Epoch] = []
        self.best = 0
        self.weights: State = {}
        self.snapshots: list[State] = []

    def add(self, epoch: Epoch, learner: nn.Module, snapshot: bool) -> None:
        """One more epoch; its weights are kept where it is the best so far."""
        self.history.append(epoch)
        if not self.best or epoch.value > self.history[self.best - 1].value:
            self.best, self.weights = epoch.number, _copied(learner)
        if snapshot:
            self.snapshots.append(_copied(learner))

    def replace_best(self, value: float, learner: nn.Module) -> None:
        """Weights that belong to no epoch alone: kept, as the last epoch's, where they are better."""
        if value >= max(epoch.value for epoch in self.history):
            last = self.history[-1]
            self.history[-1] = replace(last, value=value)
            self.best, self.weights = last.number, _copied(learner)

    def stalled(self, patience: int | None) -> bool:
        """Whether the best epoch lies too far back."""
        return patience is not None and bool(self.best) and len(self.history) - self.best >= patience

    def last_good(self, checkpoints: Checkpoints) -> str:
        """Where the last good state lies, in words."""
        if not self.history:
            return "no epoch was finished"
        return (
            f"the state after epoch {len(self.history)} is kept in {checkpoints.folder} "
            "(--resume goes on from it)"
        )

    def state(self, parts: Sequence[Any]) -> dict[str, Any]:
        """Everything, for a checkpoint."""
        return {
            "epoch": len(self.history),
            "history": [asdict(epoch) for epoch in self.history],
            "best": self.best,
            "weights": self.weights,
            "snapshots": self.snapshots,
            "parts": [part.state_dict() for part in parts],
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any], parts: Sequence[Any]) -> _Kept:
        """From a checkpoint; the parts take their own states back."""
        kept = cls()
        kept.history = [Epoch(**epoch) for epoch in state["history"]]
        kept.best, kept.weights = int(state["best"]), dict(state["weights"])
        kept.snapshots = [dict(snapshot) for snapshot in state["snapshots"]]
        for part, own in zip(parts, state["parts"], strict=True):
            part.load_state_dict(own)
        return kept

    def trained(self) -> Trained:
        """The end."""
        return Trained(self.weights, self.best, tuple(self.history), tuple(self.snapshots))


def _copied(module: nn.Module) -> State:
    return {name: tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()}


def embedded(
    learner: nn.Module, feed: Feed, rows: Rows, batch: int, device: torch.device
) -> list[NDArray[np.float32]]:
    """Unit blocks of some photos as they are, one array (n, dims) per head; the learner is in evaluation
    mode."""
    learner.eval()
    parts: list[list[NDArray[np.float32]]] = []
    with torch.inference_mode():
        for start in range(0, len(rows), batch):
            blocks = learner(feed.plain(rows[start : start + batch]).to(device))
            parts.append([block.float().cpu().numpy() for block in blocks])
    return [np.concatenate(blocks) for blocks in zip(*parts, strict=True)]
