"""One cell of a comparison, from a design to every query's values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from embedder.comparing.answers import Answers, CellResult, Point, ask
from embedder.comparing.averaging import average_into
from embedder.comparing.deadline import Deadline, Hurried
from embedder.comparing.grid import FROZEN, SNAPSHOTS, Cell, Design
from embedder.comparing.material import Material
from embedder.comparing.store import Store
from embedder.comparing.untrained import Untrained, at_own_side
from embedder.comparing.validation import Validation
from embedder.embedder import Embedder
from embedder.finetuning.checkpoint import Checkpoints
from embedder.finetuning.examples import Examples
from embedder.finetuning.loop import Trained, by_label, embedded, train
from embedder.finetuning.ranks import Ranks
from embedder.finetuning.run import course_of, subject_of
from embedder.finetuning.schedules import cycle_ends
from embedder.finetuning.settings import Settings
from embedder.finetuning.subject import Subject

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Tell = Callable[[str], None]
BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Runs cells.

    store: where unfinished trainings keep their state, and features that several cells share. runtime: of the
    frozen embedder.
    """

    base: Embedder
    design: Design
    material: Material
    store: Store
    runtime: str
    device: torch.device
    deadline: Deadline

    def digest(self, cell: Cell) -> str:
        """Names a cell's result."""
        seeds = self.design.seed_numbers if cell.seed is None else (cell.seed,)
        return self.design.digest(cell, self.base.space, self.material.digest(seeds))

    def run(self, cell: Cell, tell: Tell) -> CellResult:
        """Runs a cell to its end. Raises OutOfTime (an unfinished training goes on when it is run again), and
        VitrineError where a training cannot go on."""
        return self._trained(cell, tell) if cell.trained else self._measured(cell, tell)

    def _measured(self, cell: Cell, tell: Tell) -> CellResult:
        asked = self.material.asked()
        if cell.method == FROZEN and self.design.trained and not at_own_side(self.base, self.design):
            blocks = self._features(tell)[asked].astype(np.float32)
        else:
            blocks = self.untrained(tell).blocks(cell.method, asked)
        answers = {}
        for seed in self.design.seed_numbers:
            rows = self.material.measured(seed)
            block = blocks[np.searchsorted(asked, rows)]
            answers[seed] = self.answers([block] * len(self.design.labels), rows)
        return CellResult(cell, blocks.shape[1], 0, 0, answers)

    def _trained(self, cell: Cell, tell: Tell) -> CellResult:
        seed, share = cell.seed, cell.share
        if seed is None or share is None:
            raise ValueError("a cell that learns has a seed and a share")
        settings, held = self.design.settings_of(cell), self.material.portion(seed, share)
        learnt, validated, _ = held.rows()
        examples, subject = self.material.examples, self.subject(cell, tell)
        checkpoints = Checkpoints(self.store.training(cell, self.digest(cell)))
        state = checkpoints.begin(settings, self.base.space, self.digest(cell), resume=True)
        validation = Validation(
            subject.feed, examples.tasks, held.groups, validated, self.device, checkpoints.folder
        )
        validation.resume(0 if state is None else int(state["epoch"]))
        course = course_of(subject, examples, held, settings, Ranks(0, 1, self.device))
        trained = train(replace(course, validate=validation), checkpoints, state, tell)
        members = self._settle(cell, subject, trained, learnt)
        rows = self.material.measured(seed)
        blocks = self.embedded(subject, rows)
        result = CellResult(
            cell=cell,
            dims=blocks[0].shape[1],
            photos=len(learnt),
            products=len({examples.products[row] for row in learnt.tolist()}),
            answers={seed: self.answers(blocks, rows)},
            course=_course(trained, validation),
            best=trained.best,
            seconds=trained.history[-1].seconds,
            members=members,
        )
        if self.design.is_member(cell):
            self.store.keep_weights(cell, self.digest(cell), trained.state)
        checkpoints.end()
        return result

    def subject(self, cell: Cell, tell: Tell) -> Subject:
        """What a cell trains, as it is before anything is learnt; it stops at the deadline."""
        settings = self.design.settings_of(cell)
        torch.manual_seed(settings.seed)
        # A head begins at principal directions, which need no labels: all training photos show them.
        every, _, _ = self.material.held[settings.seed].rows()
        examples = self._examples(settings, tell)
        subject = subject_of(self.base, examples, every, settings, Ranks(0, 1, self.device), tell)
        subject.feed = Hurried(subject.feed, self.deadline)
        return subject

    def _settle(self, cell: Cell, subject: Subject, trained: Trained, learnt: Rows) -> tuple[str, ...]:
        """Leaves the learner with the weights that are measured: the best epoch's, or the average of the
        snapshots, whose names it returns."""
        if cell.method != SNAPSHOTS:
            subject.learner.load_state_dict(trained.state)
            return ()
        settings = self.design.settings_of(cell)
        ends = cycle_ends(settings.optimisation, settings.batches.epochs)
        names = tuple(f"epoch {end + 1}" for end in ends)
        states = dict(zip(names, trained.snapshots, strict=True))
        average_into(subject, states, settings.transfer, learnt)
        return names

    def embedded(self, subject: Subject, rows: Rows) -> list[Floats]:
        """The learner's blocks of some photos as it stands, one per learnt label."""
        learner = subject.learner.to(self.device)
        found = embedded(learner, subject.feed, rows, BATCH, self.device)
        return by_label(found, len(self.design.labels))

    def frozen(self, rows: Rows, tell: Tell) -> Floats:
        """The frozen aspect of some photos (n, d), at the side that is compared."""
        if at_own_side(self.base, self.design):
            return self.material.block(self.design.settings.goal.aspect)[rows]
        return self._features(tell)[rows].astype(np.float32)

    def answers(self, blocks: list[Floats], rows: Rows) -> Mapping[str, Answers]:
        """Every label asked of the photos ``rows``, learnt ones by their own block, others by the first."""
        groups = self.material.groups[rows]
        found = {}
        for place, task in enumerate(self.material.tasks):
            block = blocks[place] if place < len(blocks) else blocks[0]
            found[task.name] = ask(block, task.rows(rows), groups)
        return found

    def _examples(self, settings: Settings, tell: Tell) -> Examples:
        """The examples; for a head on features at another side than the embedder's own, with those."""
        if settings.transfer.strategy != "fixed" or at_own_side(self.base, self.design):
            return self.material.examples
        return self.material.with_block(self.design.settings.goal.aspect, self._features(tell))

    def _features(self, tell: Tell) -> NDArray[np.float16]:
        """The frozen aspect of all photos at the side that is compared, computed once."""
        rows = np.arange(len(self.material.examples), dtype=np.int64)
        untrained = self.untrained(tell)
        goal, side = self.design.settings.goal, self.design.settings.batches.side
        parts = (self.base.space, goal.aspect, side, self.material.examples.digest_key())
        digest = hashlib.sha256(repr(parts).encode()).hexdigest()
        return self.store.array("features", digest, lambda: untrained.blocks(FROZEN, rows).astype(np.float16))

    def untrained(self, tell: Tell) -> Untrained:
        """The methods that learn nothing, on this bench."""
        return Untrained(
            self.base, self.material, self.design, self.runtime, self.device, self.deadline, tell
        )


def _course(trained: Trained, validation: Validation) -> tuple[Point, ...]:
    return tuple(
        Point(epoch.number, epoch.value, low, high, epoch.loss, epoch.seconds)
        for epoch, (low, high) in zip(trained.history, validation.intervals, strict=False)
    )
