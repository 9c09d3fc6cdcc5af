"""Fine-tunes an embedder on a shop, from its records to a new embedder with its proof.

The way of a run: encode what lacks a vector, read photos and labels, hold products out, train, choose the
best epoch on validation, write the embedder, measure it on the products held out, beside the frozen one.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from data.shop import Shop
from embedder.cache import cache_folder
from embedder.embedder import Embedder
from embedder.export import CARD_NAME, check_name, write_embedder
from embedder.finetuning.checkpoint import Checkpoints
from embedder.finetuning.curves import as_csv, as_png
from embedder.finetuning.examples import Examples, Task, read_examples
from embedder.finetuning.feeding import Rows
from embedder.finetuning.holding import Held, digest_of, held_out
from embedder.finetuning.learner import Learner
from embedder.finetuning.loop import Course, State, Trained, by_label, embedded, train
from embedder.finetuning.measuring import Vectors, compared, mean_map_at_r, sampled, verdict_of
from embedder.finetuning.multitask import MultiTask
from embedder.finetuning.objectives import build_objective
from embedder.finetuning.photocache import PhotoCache
from embedder.finetuning.ranks import Ranks, joined
from embedder.finetuning.report import REPORT_NAME, Counts, FinetuneReport, card, hardware
from embedder.finetuning.sampling import class_weights
from embedder.finetuning.settings import Settings
from embedder.finetuning.subject import Frozen, Subject, Whole, head_of, input_of
from embedder.pipeline import encode_pending
from embedder.reduce import MODELS
from embedder.registry import open_folder

Tell = Callable[[str], None]
VALIDATED = 2000
VALIDATION_BATCH = 64


@dataclass(frozen=True, slots=True)
class RunOptions:
    """split: ``stratified``, ``class-disjoint`` or ``time``. resume: go on with an unfinished run of this
    name. device: to train on, ``cpu``, ``cuda`` or None for the best. runtime: that the new embedder is
    measured with (see ``runtime.choose``)."""

    split: str = "stratified"
    resume: bool = False
    device: str | None = None
    runtime: str = "auto"


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
        train_rows, fit_rows, test_rows = held.rows()
        torch.manual_seed(settings.seed)
        subject = subject_of(base, examples, train_rows, settings, ranks, told)
        course = course_of(subject, examples, held, settings, ranks)
        checkpoints = Checkpoints(training_folder(folder.parent, name))
        state = checkpoints.begin(settings, digest_of(examples, held), chosen.resume) if ranks.first else None
        ranks.wait()
        trained = train(course, checkpoints, _shared(state, checkpoints, ranks, chosen.resume), told)
        if not ranks.first:
            return None
        told("measuring on held-out products")
        counts = _counts(examples, len(train_rows), len(fit_rows), test_rows, settings.seed)
        draft = FinetuneReport(
            name=name,
            space="",
            folder=folder,
            base=base.name,
            base_space=base.space,
            licence=base.licence,
            settings=settings,
            split=chosen.split,
            counts=counts,
            comparisons=(),
            verdict=verdict_of((), name),
            history=trained.history,
            best=trained.best,
            seconds=time.perf_counter() - began + (state["history"][-1]["seconds"] if state else 0.0),
            hardware=hardware(str(ranks.device)),
        )
        report = _written(draft, subject, trained, examples, held, base, chosen.runtime)
        checkpoints.end()
        return report


def encode_missing(shop: Shop, base: Embedder, tell: Tell) -> None:
    """Gives every photo a vector in the base's space; its network is opened only where a photo waits."""
    if next(iter(shop.pending_photos(base.space, 1)), None) is not None:
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


def _written(
    draft: FinetuneReport,
    subject: Subject,
    trained: Trained,
    examples: Examples,
    held: Held,
    base: Embedder,
    runtime: str,
) -> FinetuneReport:
    """Writes the embedder, measures what was written, and completes its card and report."""
    curves = {
        "curves.csv": as_csv(trained.history).encode(),
        "curves.png": as_png(trained.history, trained.best, draft.name),
    }
    learner = _with(subject.learner, trained.state)
    part = draft.folder.with_name(f".{draft.name}.measured")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed here
    write_embedder(part, subject.contents(learner, "", curves))
    made = open_folder(part, draft.name, runtime)
    rows = sampled(held.rows()[2], draft.settings.seed)
    stored = Vectors(examples.blocks[rows].astype(np.float32), base.layout)
    comparisons = compared(
        [task.rows(rows) for task in examples.tasks],
        held.groups[rows],
        stored,
        subject.vectors(learner, made, rows),
        subject.aspects,
    )
    names = _snapshots(draft, subject, trained.snapshots)
    report = replace(
        draft,
        space=made.space,
        comparisons=comparisons,
        verdict=verdict_of(comparisons, draft.name),
        snapshots=names,
    )
    (part / CARD_NAME).write_text(card(report), encoding="utf-8")
    (part / REPORT_NAME).write_text(report.as_text(), encoding="utf-8")
    part.rename(draft.folder)
    return report


def _snapshots(draft: FinetuneReport, subject: Subject, states: Sequence[State]) -> tuple[str, ...]:
    """The weights at the end of each cycle, as embedders of their own."""
    names = []
    for number, state in enumerate(states, 1):
        name = f"{draft.name}-snapshot-{number}"
        text = f"# {name}\n\nSnapshot {number} of {len(states)} of `{draft.name}` (Huang et al., 2017).\n"
        folder = check_name(draft.folder.parent, name)
        write_embedder(folder, subject.contents(_with(subject.learner, state), text, {}))
        names.append(name)
    return tuple(names)


def _with(learner: Learner, state: State) -> Learner:
    learner.load_state_dict(state)
    return learner.cpu().eval()


def _shared(
    state: Mapping[str, object] | None, checkpoints: Checkpoints, ranks: Ranks, resume: bool
) -> Mapping[str, object] | None:
    """The state to go on from, read by every process for itself."""
    if ranks.first:
        return state
    return checkpoints.load() if resume else None


def _counts(examples: Examples, train: int, validation: int, test: Rows, seed: int) -> Counts:
    tasks: Sequence[Task] = examples.tasks
    return Counts(
        train=train,
        validation=validation,
        test=len(test),
        measured=len(sampled(test, seed)),
        classes={task.name: len(task.classes) for task in tasks},
        unlabelled={task.name: task.unlabelled for task in tasks},
        rare={task.name: task.rare for task in tasks},
    )


def _silent(_: str) -> None:
    """Where nobody wants to know."""


def training_folder(models: Path, name: str) -> Path:
    """Where an unfinished run of this name keeps its state."""
    return models / f".{name}.training"
