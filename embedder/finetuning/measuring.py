"""What a fine-tuning brought, measured on held-out photos, the frozen embedder beside the tuned one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from embedder.embedder import Floats
from embedder.finetuning.examples import NONE, Task
from embedder.finetuning.verdict import Difference, Verdict, judged, paired_difference
from embedder.measures import Interval, bootstrap, map_at_r, retrieve

MOST_MEASURED = 4000
VECTORS = ("frozen", "tuned", "frozen_vector", "tuned_vector")
MEASURES = ("recall_at_1", "map_at_r")


@dataclass(frozen=True, slots=True)
class Measured:
    """Retrieval among held-out photos; for every label but ``product`` a product's own other photos are left
    out.

    recall_at_1: share of photos whose nearest photo bears their label. map_at_r: mean average precision at R.
    Each with its 95 % bootstrap interval over photos.
    """

    recall_at_1: Interval
    map_at_r: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """One label: the aspect that learnt it alone, and whole vectors under the default aspect weights.

    difference: tuned minus frozen mAP@R of the aspect alone, paired by photo.
    """

    label: str
    aspect: str
    frozen: Measured
    tuned: Measured
    frozen_vector: Measured
    tuned_vector: Measured
    difference: Difference


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One label's values of every query, photo by photo.

    aspect: what learnt it. values: float64 (4, 2, q), by ``VECTORS`` and ``MEASURES``; NaN for a query
    without a value, or with no other product of its value to be found.
    """

    label: str
    aspect: str
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Unit blocks of some photos, float32 (n, d), and how they are laid out."""

    blocks: Floats
    layout: AspectLayout

    def block(self, aspect: str) -> Floats:
        """One aspect's block (n, d_i)."""
        return self.blocks[:, self.layout.slices[self.layout.names.index(aspect)]]

    def whole(self) -> Floats:
        """Vectors under the default weights."""
        return self.layout.scale(self.blocks)


def scored(
    tasks: Sequence[Task],
    groups: NDArray[np.int64],
    vectors: tuple[Vectors, Vectors],
    aspects: Mapping[str, tuple[str, str]],
    queries: NDArray[np.int64] | None = None,
) -> tuple[Scores, ...]:
    """Both embedders asked on the same photos, each among all the others.

    tasks, groups: labels and groups (n,) of those photos. vectors: of them, by the frozen and by the tuned
    embedder. aspects: label → (the frozen aspect it is compared with, the aspect that learnt it). queries:
    the places (q,) of those that ask; None: all do.
    """
    frozen, tuned = vectors
    asking = np.arange(len(groups)) if queries is None else queries
    found = []
    for task in tasks:
        rows = np.flatnonzero(task.targets != NONE)
        places = np.flatnonzero(task.targets[asking] != NONE)
        asked = np.searchsorted(rows, asking[places])
        before, after = aspects[task.name]
        blocks = (frozen.block(before), tuned.block(after), frozen.whole(), tuned.whole())
        parted = None if task.is_identity else groups[rows]
        values = np.full((len(VECTORS), len(MEASURES), len(asking)), np.nan)
        if len(asked):
            for own, block in zip(values, blocks, strict=True):
                answers = retrieve(block[rows], task.targets[rows], parted, asked)
                own[:, places] = answers.recall(1), answers.map_at_r
        found.append(Scores(task.name, after, values))
    return tuple(found)


def pooled(parts: Sequence[tuple[Scores, ...]]) -> tuple[Scores, ...]:
    """The scores of several measurements of the same labels, their queries one after the other."""
    return tuple(
        Scores(same[0].label, same[0].aspect, np.concatenate([one.values for one in same], axis=2))
        for same in zip(*parts, strict=True)
    )


def compared(scores: Sequence[Scores], groups: NDArray[np.int64]) -> tuple[Comparison, ...]:
    """Means with intervals, and the paired test; groups: of the queries (q,)."""
    found = []
    for one in scores:
        shown = [Measured(bootstrap(recall), bootstrap(precision)) for recall, precision in one.values]
        frozen, tuned = one.values[:2, 1]
        gap = paired_difference(tuned, frozen, groups)
        found.append(Comparison(one.label, one.aspect, shown[0], shown[1], shown[2], shown[3], gap))
    return tuple(found)


def mean_map_at_r(tasks: Sequence[Task], groups: NDArray[np.int64], blocks: Sequence[Floats]) -> float:
    """What a training is judged by: mAP@R of each label's block (n, dims), averaged over the labels."""
    values = []
    for task, block in zip(tasks, blocks, strict=True):
        rows = np.flatnonzero(task.targets != NONE)
        found = _map(block[rows], task, rows, None if task.is_identity else groups[rows])
        values.append(float(np.nanmean(found)) if np.isfinite(found).any() else 0.0)
    return float(np.mean(values))


def verdict_of(comparisons: Sequence[Comparison], name: str) -> Verdict:
    """Over all labels: better only if better on at least one and worse on none."""
    single = [judged(c.difference, name, f"mAP@R of {c.label}, tuned minus frozen") for c in comparisons]
    text = "; ".join(verdict.text for verdict in single)
    if any(verdict.better is False for verdict in single):
        return Verdict(False, text)
    return Verdict(True if any(verdict.better for verdict in single) else None, text)


def sampled(rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """All rows, or so many that comparing each with each stays cheap."""
    if len(rows) <= MOST_MEASURED:
        return rows
    return np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_MEASURED])


def _map(
    block: Floats, task: Task, rows: NDArray[np.int64], groups: NDArray[np.int64] | None
) -> NDArray[np.float64]:
    return map_at_r(block, task.targets[rows], groups)
