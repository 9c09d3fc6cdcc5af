"""Paired tests between methods, photo by photo, with Holm's correction for asking many questions at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedder.comparing.answers import MAP
from embedder.comparing.grid import FROZEN, SCRATCH, TRANSFERRED, Design, Entry
from embedder.comparing.scores import Scores
from embedder.comparing.summary import entries
from embedder.finetuning.examples import Task
from embedder.finetuning.verdict import LEVEL, Difference, paired_difference


@dataclass(frozen=True, slots=True)
class Paired:
    """One method against another on the same test photos.

    difference: of mAP@R, first minus second, with its 95 % interval and its own p. adjusted: that p after
    Holm's correction over the family it was tested in. value: of the label, where only its photos were asked.
    """

    entry: Entry
    against: Entry
    label: str
    difference: Difference
    adjusted: float
    value: str | None = None

    @property
    def better(self) -> bool | None:
        """True or False where the test can tell, None where it cannot."""
        d = self.difference
        if not d.products or self.adjusted >= LEVEL or d.low <= 0.0 <= d.high:
            return None
        return d.mean > 0.0

    @property
    def words(self) -> str:
        """For people."""
        d = self.difference
        return f"{d.mean:+.3f} [{d.low:+.3f}, {d.high:+.3f}], adjusted p = {self.adjusted:.2g}"


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """p-values adjusted so that the chance of any false alarm among them stays at the level (Holm, 1979)."""
    order = np.argsort(np.asarray(values, np.float64), kind="stable")
    adjusted = np.empty(len(values))
    highest = 0.0
    for rank, place in enumerate(order.tolist()):
        highest = max(highest, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = highest
    return tuple(adjusted.tolist())


def against_frozen(design: Design, scores: Scores) -> tuple[Paired, ...]:
    """Every other entry against the frozen embedder, on every learnt label: one family."""
    frozen = Entry(FROZEN)
    others = [entry for entry in entries(design, scores) if entry != frozen]
    return family(scores, [(entry, frozen) for entry in others], design.labels)


def against_scratch(design: Design, scores: Scores) -> tuple[Paired, ...]:
    """Every fine-tuning from pre-trained weights against the same share from random ones: one family."""
    pairs = [
        (entry, Entry(SCRATCH, entry.share))
        for entry in entries(design, scores)
        if entry.method in TRANSFERRED
    ]
    return family(scores, pairs, design.labels)


def elsewhere(design: Design, scores: Scores) -> tuple[Paired, ...]:
    """Every fine-tuning against the frozen embedder, on the labels that nothing was taught: one family."""
    pairs = [(entry, Entry(FROZEN)) for entry in entries(design, scores) if entry.method in TRANSFERRED]
    return family(scores, pairs, design.also)


def by_class(scores: Scores, entry: Entry, task: Task) -> tuple[Paired, ...]:
    """An entry against the frozen embedder on the test photos of each value of a label: one family."""
    frozen = Entry(FROZEN)
    tuned, before = _values(scores, entry, frozen, task.name)
    asked = ~np.isnan(tuned)
    numbers = np.unique(task.targets[asked & (task.targets >= 0)]).tolist()
    gaps = []
    for number in numbers:
        rows = np.flatnonzero(asked & (task.targets == number))
        gaps.append(paired_difference(tuned[rows], before[rows], scores.groups[rows]))
    adjusted = holm([gap.p for gap in gaps])
    return tuple(
        Paired(entry, frozen, task.name, gap, p, task.classes[number])
        for number, gap, p in zip(numbers, gaps, adjusted, strict=True)
    )


def family(scores: Scores, pairs: Sequence[tuple[Entry, Entry]], labels: Sequence[str]) -> tuple[Paired, ...]:
    """All pairs of entries on all labels, corrected together; those without a common photo are left out."""
    found = list(_differences(scores, pairs, labels))
    adjusted = holm([gap.p for _, _, _, gap in found])
    return tuple(
        Paired(entry, against, label, gap, p)
        for (entry, against, label, gap), p in zip(found, adjusted, strict=True)
    )


def _differences(
    scores: Scores, pairs: Sequence[tuple[Entry, Entry]], labels: Sequence[str]
) -> Iterator[tuple[Entry, Entry, str, Difference]]:
    for entry, against in pairs:
        for label in labels:
            first, second = _values(scores, entry, against, label)
            gap = paired_difference(first, second, scores.groups)
            if gap.products:
                yield entry, against, label, gap


def _values(
    scores: Scores, entry: Entry, against: Entry, label: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """mAP@R of both by photo, over the seeds that both have."""
    seeds = scores.common_seeds(entry, against)
    first = scores.by_photo(entry, label, MAP, seeds)
    return first, scores.by_photo(against, label, MAP, seeds)
