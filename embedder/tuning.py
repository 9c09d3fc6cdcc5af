"""What a fine-tuning brought: measured on held-out products, told as a report and on a model card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedder.embedder import Floats
from embedder.measures import Interval, bootstrap, map_at_r, recall_at_k


@dataclass(frozen=True, slots=True)
class Measured:
    """Retrieval among held-out photos, a product's own other photos left out.

    recall_at_1: share of photos whose nearest photo bears their label. map_at_r: mean average precision at R.
    Each with its 95 % bootstrap interval over photos.
    """

    recall_at_1: Interval
    map_at_r: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """Before and after: the tuned aspect's block alone, and whole vectors under the default aspect
    weights."""

    frozen: Measured
    tuned: Measured
    frozen_vector: Measured
    tuned_vector: Measured


@dataclass(frozen=True, slots=True)
class FinetuneReport:
    """What a fine-tuning did, where it lies, and what it brought.

    unlabelled, rare: photos left out (see ``Labelled``). measured_photos: held-out photos that were measured.
    """

    name: str
    space: str
    folder: Path
    strategy: str
    aspect: str
    label: str
    classes: int
    train_photos: int
    held_out_photos: int
    measured_photos: int
    unlabelled: int
    rare: int
    epochs: int
    seed: int
    comparison: Comparison
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self) | {"folder": str(self.folder)}


def measure(vectors: Floats, labels: Sequence[str], groups: NDArray[np.int64], seed: int = 0) -> Measured:
    """Recall@1 and mAP@R of photos (n, d) with labels; photos of one group are never each other's answer."""
    recalls = recall_at_k(vectors, labels, [1], groups)[1]
    precisions = map_at_r(vectors, labels, groups)
    return Measured(bootstrap(recalls, seed=seed), bootstrap(precisions, seed=seed))


def card(report: FinetuneReport, base: str, base_space: str, licence: str) -> str:
    """The model card, Markdown."""
    shown = report.comparison
    lines = [
        f"# {report.name}",
        "",
        f"Fine-tuned from `{base}` (space `{base_space}`) with strategy `{report.strategy}`: a projection of "
        f"the aspect `{report.aspect}` trained towards `{report.label}` with a normalised softmax; the "
        "backbone is unchanged.",
        "",
        f"- trained on {report.train_photos} photos of {report.classes} labels, {report.epochs} epochs, "
        f"seed {report.seed}",
        f"- left out: {report.unlabelled} photos without a label, {report.rare} of labels with one product",
        f"- measured on {report.measured_photos} of {report.held_out_photos} photos of held-out products",
        f"- licence of the backbone's weights: {licence}",
        "",
        f"| on held-out products, label `{report.label}` | recall@1 | mAP@R |",
        "|---|---|---|",
        _row(f"`{report.aspect}` alone, frozen", shown.frozen),
        _row(f"`{report.aspect}` alone, fine-tuned", shown.tuned),
        _row("whole vector, frozen", shown.frozen_vector),
        _row("whole vector, fine-tuned", shown.tuned_vector),
        "",
        "95 % bootstrap intervals over photos. What was not asked for may have got worse: compare the "
        "embedders on what matters to you before switching.",
        "",
    ]
    return "\n".join(lines)


def _row(what: str, measured: Measured) -> str:
    return f"| {what} | {_told(measured.recall_at_1)} | {_told(measured.map_at_r)} |"


def _told(interval: Interval) -> str:
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
