"""What becomes of a training: an embedder in a folder, what it brought, its card and its report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.aspects import AspectLayout
from embedder.embedder import Embedder
from embedder.export import CARD_NAME, check_name, write_embedder
from embedder.finetuning.curves import as_csv, as_png
from embedder.finetuning.examples import Examples
from embedder.finetuning.feeding import Rows
from embedder.finetuning.learner import Learner
from embedder.finetuning.loop import State, Trained
from embedder.finetuning.measuring import Comparison, Scores, Vectors, scored, verdict_of
from embedder.finetuning.report import REPORT_NAME, FinetuneReport, card
from embedder.finetuning.subject import Subject
from embedder.made import made_file
from embedder.registry import open_folder
from embedder.trained_on import TRAINED_ON_NAME, TrainedOn


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was trained. earlier: seconds of the runs that were stopped before this one. learnt: from which
    products.
    """

    subject: Subject
    trained: Trained
    earlier: float
    learnt: TrainedOn

    def learner(self, state: State | None = None) -> Learner:
        """The learner with its best weights, or with others of it."""
        learner = self.subject.learner
        learner.load_state_dict(self.trained.state if state is None else state)
        return learner.cpu().eval()

    def saved(self, folder: Path, name: str, runtime: str, files: Mapping[str, bytes]) -> Embedder:
        """Writes the best weights as an embedder without a card, and opens it; what lies there goes."""
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed here
        write_embedder(folder, self.subject.contents(self.learner(), "", files))
        return open_folder(folder, name, runtime)


@dataclass(frozen=True, slots=True)
class Asked:
    """A measurement of held-out photos. layout: of the examples' blocks. groups: of every example (n,).

    queries: the photos that ask. gallery: those among which each looks; the queries are in it, and both
    ascend.
    """

    examples: Examples
    layout: AspectLayout
    groups: Rows
    queries: Rows
    gallery: Rows

    def scores(self, outcome: Outcome, made: Embedder) -> tuple[Scores, ...]:
        """Of the frozen embedder and of the one that was made of the outcome."""
        rows, subject = self.gallery, outcome.subject
        stored = Vectors(self.examples.blocks[rows].astype(np.float32), self.layout)
        return scored(
            [task.rows(rows) for task in self.examples.tasks],
            self.groups[rows],
            (stored, subject.vectors(outcome.learner(), made, rows)),
            subject.aspects,
            np.searchsorted(rows, self.queries),
        )


def written(
    draft: FinetuneReport,
    outcome: Outcome,
    runtime: str,
    prove: Callable[[Embedder], Sequence[Comparison]],
) -> FinetuneReport:
    """Writes the embedder, asks for its proof, and completes its card and report.

    prove: is given the embedder that was written, opened.
    """
    history = outcome.trained.history
    curves = {
        "curves.csv": as_csv(history).encode(),
        "curves.png": as_png(history, outcome.trained.best, draft.name),
        TRAINED_ON_NAME: outcome.learnt.as_bytes(),
    }
    part = draft.folder.with_name(f".{draft.name}.measured")
    made = outcome.saved(part, draft.name, runtime, curves)
    comparisons = tuple(prove(made))
    names = _snapshots(draft, outcome)
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


def _snapshots(draft: FinetuneReport, outcome: Outcome) -> tuple[str, ...]:
    """The weights at the end of each cycle, as embedders of their own."""
    names, states = [], outcome.trained.snapshots
    for number, state in enumerate(states, 1):
        name = f"{draft.name}-snapshot-{number}"
        text = f"# {name}\n\nSnapshot {number} of {len(states)} of `{draft.name}` (Huang et al., 2017).\n"
        folder = check_name(draft.folder.parent, name)
        files = {TRAINED_ON_NAME: outcome.learnt.as_bytes(), **made_file("fine-tuned")}
        write_embedder(folder, outcome.subject.contents(outcome.learner(state), text, files))
        names.append(name)
    return tuple(names)
