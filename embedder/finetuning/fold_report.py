"""What the folds of a fine-tuning found, one by one, and how far they lie apart: values and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from embedder.finetuning.knobs import Value
from embedder.finetuning.space import told

MOST_LISTED = 20
"""A card lists so many folds; the report has all of them."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold's training.

    number: from 1. train, validation, test: photos. epochs: how many there were; best: the one that was
    measured. frozen, tuned: label → mean mAP@R of the aspect over the fold's own photos, None where none has
    another one to find. settings: what the search in this fold found; None without one.
    """

    number: int
    train: int
    validation: int
    test: int
    epochs: int
    best: int
    seconds: float
    frozen: Mapping[str, float | None]
    tuned: Mapping[str, float | None]
    settings: Mapping[str, Value] | None = None

    def gain(self, label: str) -> float | None:
        """Tuned minus frozen."""
        before, after = self.frozen[label], self.tuned[label]
        return None if before is None or after is None else after - before


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the folds' values: standard deviation (n - 1; None for one value), lowest and highest."""

    deviation: float | None
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread | None:
        """None where no fold has a value."""
        known = [value for value in values if value is not None]
        if not known:
            return None
        deviation = float(np.std(known, ddof=1)) if len(known) > 1 else None
        return cls(deviation, min(known), max(known))

    @property
    def words(self) -> str:
        """For people."""
        deviation = "" if self.deviation is None else f", standard deviation {self.deviation:.3f}"
        return f"{self.low:+.3f} to {self.high:+.3f}{deviation}"


@dataclass(frozen=True, slots=True)
class FoldedProof:
    """The trainings that a report's figures are of; the embedder that is kept comes from another one.

    kind: of the split. nested: whether the settings were searched anew in every fold. folds: each fold's
    training. gains: label → spread of tuned minus frozen over the folds.
    """

    kind: str
    nested: bool
    folds: tuple[Fold, ...]
    gains: Mapping[str, Spread | None]

    @classmethod
    def of(cls, kind: str, nested: bool, folds: Sequence[Fold]) -> FoldedProof:
        """With the spreads."""
        gains = {label: Spread.of([fold.gain(label) for fold in folds]) for label in folds[0].tuned}
        return cls(kind, nested, tuple(folds), gains)

    def text(self) -> str:
        """What the figures are of."""
        among = (
            "those that its own fold tests"
            if self.kind == "k-fold"
            else "all others, those that its fold learnt from included"
        )
        searched = (
            " Nested: in each fold the settings were searched anew, on photos that the fold does not test, "
            "and measured once."
            if self.nested
            else ""
        )
        return (
            f"All figures are of the {len(self.folds)} trainings of the split {self.kind}, not of the "
            "weights that are kept: each photo was tested once, by the training of the fold that had not "
            f"seen it, and looked among {among}.{searched}"
        )

    def spread_text(self) -> str:
        """How far the folds lie apart."""
        return "; ".join(
            f"mAP@R of {label}, tuned minus frozen, fold by fold: {spread.words}"
            for label, spread in self.gains.items()
            if spread is not None
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, and both texts."""
        return asdict(self) | {"text": self.text(), "spread_text": self.spread_text()}

    def card_section(self) -> str:
        """The folds, Markdown."""
        lines = ["## The folds", "", f"{self.spread_text()}.", ""]
        if len(self.folds) > MOST_LISTED:
            return "\n".join([*lines, f"All {len(self.folds)} folds are in `finetuning.json`.", ""])
        heads = [f"`{label}`, frozen → fine-tuned" for label in self.gains]
        settings = ["settings found"] if self.nested else []
        columns = ["fold", "learnt from", "validated on", "tested", "best epoch", *heads, *settings]
        lines += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
        lines += [f"| {' | '.join(self._row(fold))} |" for fold in self.folds]
        return "\n".join([*lines, ""])

    def _row(self, fold: Fold) -> list[str]:
        numbers = [fold.number, fold.train, fold.validation, fold.test, fold.best]
        values = [f"{_shown(fold.frozen[label])} → {_shown(fold.tuned[label])}" for label in self.gains]
        settings = [] if fold.settings is None else [told(fold.settings)]
        return [*map(str, numbers), *values, *settings]


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
