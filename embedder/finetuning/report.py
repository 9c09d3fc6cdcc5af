"""What a fine-tuning did, where it lies, and what it brought: for machines, and as a model card."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from embedder.finetuning.fold_report import FoldedProof
from embedder.finetuning.loop import Epoch
from embedder.finetuning.measuring import Comparison, Measured
from embedder.finetuning.settings import Settings
from embedder.finetuning.verdict import Verdict
from embedder.made import FINETUNED_NAME
from embedder.measures import Interval
from embedder.trained_on import TRAINED_ON_NAME

REPORT_NAME = FINETUNED_NAME
WATTS_OF_A_CORE = 10
WATTS_OF_A_GPU = 350


@dataclass(frozen=True, slots=True)
class Counts:
    """Photos that were learnt from, that the best epoch was chosen on, and that were held out (of which
    ``measured`` were measured); and per label its classes and what was left out."""

    train: int
    validation: int
    test: int
    measured: int
    classes: dict[str, int]
    unlabelled: dict[str, int]
    rare: dict[str, int]


@dataclass(frozen=True, slots=True)
class FinetuneReport:
    """base, base_space: what it began from. split: how photos were held out. best: the epoch that was
    kept. folds: the trainings that were measured in place of this one; None where it was measured itself.
    caution: in words, what ``base`` had learnt of the products measured; None where that is nothing."""

    name: str
    space: str
    folder: Path
    base: str
    base_space: str
    licence: str
    settings: Settings
    split: str
    counts: Counts
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    history: tuple[Epoch, ...]
    best: int
    seconds: float
    hardware: str
    snapshots: tuple[str, ...] = ()
    folds: FoldedProof | None = None
    caution: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        folds = None if self.folds is None else self.folds.as_json()
        own = {"folder": str(self.folder), "settings": self.settings.as_json(), "folds": folds}
        return asdict(self) | own

    def as_text(self) -> str:
        """The content of ``finetuning.json``."""
        kept = {key: value for key, value in self.as_json().items() if key != "folder"}
        return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def hardware(device: str) -> str:
    """The machine in words."""
    return f"{device}, {os.cpu_count() or 1} cores, {platform.system()} {platform.machine()}"


def energy(hardware: str, seconds: float, cores: int | None = None) -> str:
    """A rough estimate in words: nothing is measured, and every core, and a GPU, counts as busy all the
    time."""
    watts = WATTS_OF_A_CORE * (cores or os.cpu_count() or 1)
    gpu = hardware.startswith("cuda")
    if gpu:
        watts += WATTS_OF_A_GPU
    taken = f"{WATTS_OF_A_CORE} W a core" + (f" and {WATTS_OF_A_GPU} W for the GPU" if gpu else "")
    return f"about {watts * seconds / 3600:.1f} Wh (not measured: {taken}, busy all the time)"


def card(report: FinetuneReport) -> str:
    """The model card, Markdown."""
    s, counts = report.settings, report.counts
    goal, transfer = s.goal, s.transfer
    labels = ", ".join(f"`{label}`" for label in goal.labels)
    lines = [
        f"# {report.name}",
        "",
        f"`{report.base}` (space `{report.base_space}`), fine-tuned towards {labels} with strategy "
        f"`{transfer.strategy}` and objective `{goal.objective}`.",
        "",
        f"**{report.verdict.text}.**",
        "",
        "## Data",
        "",
        f"Split `{report.split}`: {counts.train} photos to learn from, {counts.validation} to choose the "
        f"epoch by, {counts.test} held out{_by(report)}, of which {counts.measured} were measured. Photos of "
        "one product, files with the same content and near-duplicates are on one side only. The products "
        f"learnt from or validated on are named in `{TRAINED_ON_NAME}`, which `vitrine evaluate` holds "
        "against its test.",
        "",
        "| label | classes | photos without a value | of values borne once |",
        "|---|---|---|---|",
        *(
            f"| `{label}` | {counts.classes[label]} | {counts.unlabelled[label]} | {counts.rare[label]} |"
            for label in goal.labels
        ),
        "",
        "## What it brought, on products held out",
        "",
        *([] if report.caution is None else [f"Mind: {report.caution}.", ""]),
        *([] if report.folds is None else [report.folds.text(), ""]),
        "| label | | recall@1 | mAP@R |",
        "|---|---|---|---|",
        *(line for comparison in report.comparisons for line in _rows(comparison)),
        "",
        "95 % bootstrap intervals over photos. What was not asked for may have got worse: compare the "
        "embedders on what matters to you (`vitrine embedders evaluate`) before switching.",
        "",
        *([] if report.folds is None else [report.folds.card_section()]),
        "## How",
        "",
        f"{len(report.history)} epochs ({report.best} was best on validation), {report.seconds:.0f} s on "
        f"{report.hardware}; seed {s.seed}. Energy: {energy(report.hardware, report.seconds)}. All settings "
        f"are in `{REPORT_NAME}`, the course of the training in `curves.csv` and `curves.png`.",
        "",
        f"Licence of the weights it began from: {report.licence}. Whether you may pass this model on depends "
        "on that "
        "licence and on the rights in the photos it was trained on.",
        "",
    ]
    return "\n".join(lines)


def _by(report: FinetuneReport) -> str:
    return "" if report.folds is None else f" by the {len(report.folds.folds)} folds, each once"


def _rows(comparison: Comparison) -> list[str]:
    shown = {
        f"`{comparison.aspect}` alone, frozen": comparison.frozen,
        f"`{comparison.aspect}` alone, fine-tuned": comparison.tuned,
        "whole vector, frozen": comparison.frozen_vector,
        "whole vector, fine-tuned": comparison.tuned_vector,
    }
    return [f"| `{comparison.label}` | {what} | {_told(measured)} |" for what, measured in shown.items()]


def _told(measured: Measured) -> str:
    return f"{_range(measured.recall_at_1)} | {_range(measured.map_at_r)}"


def _range(interval: Interval) -> str:
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
