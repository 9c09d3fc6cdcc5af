"""Fine-tunes an embedder on a shop, from its records to a new embedder with its proof.

The way of a run: encode what lacks a vector, read photos and labels, hold products out, train, choose the
best epoch on validation, write the embedder, measure it on the products held out, beside the frozen one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from data.errors import UsageError
from data.shop import Shop
from embedder.cache import cache_folder
from embedder.embedder import Embedder
from embedder.export import check_name
from embedder.finetuning.checkpoint import Checkpoints
from embedder.finetuning.examples import Examples, read_examples
from embedder.finetuning.feeding import Rows
from embedder.finetuning.folds import check_folds
from embedder.finetuning.holding import FOLDED, Held, digest_of, held_out
from embedder.finetuning.loop import Course, by_label, embedded, train
from embedder.finetuning.measuring import Comparison, compared, mean_map_at_r, sampled, verdict_of
from embedder.finetuning.multitask import MultiTask
from embedder.finetuning.objectives import build_objective
from embedder.finetuning.photocache import PhotoCache
from embedder.finetuning.ranks import Ranks, joined
from embedder.finetuning.report import Counts, FinetuneReport, hardware
from embedder.finetuning.sampling import class_weights
from embedder.finetuning.settings import Settings
from embedder.finetuning.subject import Frozen, Subject, Whole, head_of, input_of
from embedder.finetuning.writing import Asked, Outcome, written
from embedder.pipeline import PENDING_PORTION, encode_pending
from embedder.reduce import MODELS
from embedder.trained_on import TrainedOn

Tell = Callable[[str], None]
VALIDATED = 2000
VALIDATION_BATCH = 64


@dataclass(frozen=True, slots=True)
class RunOptions:
    """split: ``stratified``, ``class-disjoint`` or ``time``; with ``folding``, ``k-fold`` or
    ``leave-one-out``. resume: go on with an unfinished run of this name. device: to train on, ``cpu``,
    ``cuda`` or None for the best. runtime: that the new embedder is measured with (see ``runtime.choose``).
    folds: how many for ``k-fold``; None: the usual number."""

    split: str = "stratified"
    resume: bool = False
    device: str | None = None
    runtime: str = "auto"
    folds: int | None = None

    def __post_init__(self) -> None:
        check_folds(self.split, self.folds)

    def check_single(self) -> None:
        """Raises UsageError where the split is several: those have a way of their own."""
        if self.split in FOLDED:
            raise UsageError(
                f"the split {self.split} has several trainings: call "
                "embedder.finetuning.folding.finetune_folds"
            )


def finetune(
    shop: Shop,
    base: Embedder,
    name: str,
    settings: Settings,
    options: RunOptions | None = None,
    tell: Tell | None = None,
) -> FinetuneReport | None:
    """Trains what the settings say and writes ``models/NAME`` in the shop.

    The report holds the proof; under ``torchrun`` only the first process gets one, the others None. Raises
    UsageError for a label, aspect or name that cannot be, or too few photos; VitrineError where the training
    cannot go on (each says what to do). A run that is stopped goes on with ``resume``.
    """
    chosen, told = options or RunOptions(), tell or _silent
    chosen.check_single()
    began = time.perf_counter()
    folder = check_name(shop.directory / MODELS, name)
    with joined(chosen.device) as ranks:
        if ranks.first:
            encode_missing(shop, base, told)
        ranks.wait()
        examples = read_examples(shop, base.space, settings.goal.labels)
        held = held_out(examples, base.layout, chosen.split, settings.seed)
        for note in held.notes:
            told(f"note: {note}")
        job = Job(base, examples, held, settings, ranks)
        checkpoints = Checkpoints(training_folder(folder.parent, name))
        outcome = job.trained(checkpoints, chosen.resume, told)
        if not ranks.first:
            return None
        told("measuring on held-out products")
        tested = sampled(held.rows()[2], settings.seed)
        draft = job.draft(folder, chosen.split, outcome, tested)
        draft = replace(draft, seconds=time.perf_counter() - began + outcome.earlier)
        asked = Asked(examples, base.layout, held.groups, tested, tested)

        def prove(made: Embedder) -> tuple[Comparison, ...]:
            return compared(asked.scores(outcome, made), held.groups[tested])

        report = written(draft, outcome, chosen.runtime, prove)
        checkpoints.end()
        return report


@dataclass(frozen=True, slots=True)
class Job:
    """One training: what it begins from, on which photos, held out how, by which settings."""

    base: Embedder
    examples: Examples
    held: Held
    settings: Settings
    ranks: Ranks

    def trained(self, checkpoints: Checkpoints, resume: bool, tell: Tell) -> Outcome:
        """Trains to the end, or from where an earlier run stopped; every process has the outcome."""
        torch.manual_seed(self.settings.seed)
        train_rows, _, _ = self.held.rows()
        subject = subject_of(self.base, self.examples, train_rows, self.settings, self.ranks, tell)
        course = course_of(subject, self.examples, self.held, self.settings, self.ranks)
        space, data = self.base.space, digest_of(self.examples, self.held)
        state = checkpoints.begin(self.settings, space, data, resume) if self.ranks.first else None
        self.ranks.wait()
        trained = train(course, checkpoints, _shared(state, checkpoints, self.ranks, resume), tell)
        earlier = state["history"][-1]["seconds"] if state else 0.0
        return Outcome(subject, trained, earlier, self._learnt())

    def _learnt(self) -> TrainedOn:
        """From which products: those that teach, and those that choose the best epoch."""
        rows = np.concatenate(self.held.rows()[:2])
        arrived = self.examples.arrived[rows]
        newest = float(np.nanmax(arrived)) if np.isfinite(arrived).any() else None
        return TrainedOn.of((self.examples.products[row] for row in rows), newest, time.time(), self.base)

    def draft(self, folder: Path, split: str, outcome: Outcome, tested: Rows) -> FinetuneReport:
        """The report before anything was measured. tested: the photos that will be."""
        train_rows, fit_rows, test_rows = self.held.rows()
        tasks = self.examples.tasks
        counts = Counts(
            train=len(train_rows),
            validation=len(fit_rows),
            test=len(test_rows),
            measured=len(tested),
            classes={task.name: len(task.classes) for task in tasks},
            unlabelled={task.name: task.unlabelled for task in tasks},
            rare={task.name: task.rare for task in tasks},
        )
        return FinetuneReport(
            name=folder.name,
            space="",
            folder=folder,
            base=self.base.name,
            base_space=self.base.space,
            licence=self.base.licence,
            settings=self.settings,
            split=split,
            counts=counts,
            comparisons=(),
            verdict=verdict_of((), folder.name),
            history=outcome.trained.history,
            best=outcome.trained.best,
            seconds=0.0,
            hardware=hardware(str(self.ranks.device)),
            caution=self._caution(tested),
        )

    def _caution(self, tested: Rows) -> str | None:
        """What the base knows of the photos that are measured, where it was fine-tuned itself."""
        products = (self.examples.products[row] for row in tested)
        known = TrainedOn.together([self.base]).caution(self.base.name, products)
        return None if known is None else f"{known}; what it knows flatters both it and what it became"


def encode_missing(shop: Shop, base: Embedder, tell: Tell) -> None:
    """Gives every photo a vector in the base's space; its network is opened only where a photo waits."""
    if next(iter(shop.pending_photos(base.space, PENDING_PORTION)), None) is not None:
        tell("encoding what lacks a vector")
        encode_pending(shop, base)


def subject_of(
    base: Embedder, examples: Examples, rows: Rows, settings: Settings, ranks: Ranks, tell: Tell
) -> Subject:
    """What a run trains: heads on stored vectors (``fixed``) or a network on photos; rows: to be learnt
    from."""
    if settings.transfer.strategy == "fixed":
        return Frozen(base, examples, rows, settings)
    size = input_of(base, settings)
    place = cache_folder() / "photos" / base.name
    if not ranks.first:
        ranks.wait()
    cache = PhotoCache.build(
        place,
        list(zip(examples.shas, examples.paths, strict=True)),
        (size.width, size.height),
        size.interpolation,
        tell,
    )
    if ranks.first:
        ranks.wait()
    return Whole(base, cache, cache.rows_of(examples.shas), rows, settings)


def course_of(subject: Subject, examples: Examples, held: Held, settings: Settings, ranks: Ranks) -> Course:
    """The objectives of the labels, the photos to learn from, and validation by mAP@R."""
    train_rows, fit_rows, _ = held.rows()
    goal, objectives = settings.goal, {}
    heads = len(subject.learner.heads)
    for i, task in enumerate(examples.tasks):
        weights = None
        if goal.balance == "weights":
            weights = torch.from_numpy(class_weights(task.targets[train_rows], len(task.classes)))
        head = head_of(subject.learner, i if heads > 1 else 0)
        objectives[task.name] = build_objective(goal, len(task.classes), head.dims, weights)
    judged = fit_rows
    if len(judged) > VALIDATED:
        judged = np.sort(np.random.default_rng(settings.seed).permutation(judged)[:VALIDATED])
    tasks = [task.rows(judged) for task in examples.tasks]
    groups = held.groups[judged]

    def validate(learner: nn.Module) -> float:
        blocks = embedded(learner, subject.feed, judged, VALIDATION_BATCH, ranks.device)
        return mean_map_at_r(tasks, groups, by_label(blocks, len(tasks)))

    return Course(
        learner=subject.learner,
        objective=MultiTask(objectives, goal.task_weights),
        feed=subject.feed,
        tasks=examples.tasks,
        rows=train_rows,
        stages=subject.stages,
        settings=settings,
        validate=validate,
        ranks=ranks,
    )


def _shared(
    state: Mapping[str, object] | None, checkpoints: Checkpoints, ranks: Ranks, resume: bool
) -> Mapping[str, object] | None:
    """The state to go on from, read by every process for itself."""
    if ranks.first:
        return state
    return checkpoints.load() if resume else None


def _silent(_: str) -> None:
    """Where nobody wants to know."""


def training_folder(models: Path, name: str) -> Path:
    """Where an unfinished run of this name keeps its state."""
    return models / f".{name}.training"
