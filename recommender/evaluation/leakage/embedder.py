"""The embedder: where it was fine-tuned on the shop's products, it must not know those from after the cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.evaluation.leakage.finding import Finding
from recommender.evaluation.splits import Fold

NAME = "fine-tuning of the embedder from before the cut"
ADVICE = (
    "evaluate with an embedder that never saw them: one fine-tuned with --split time, which holds out the "
    "newest products, or one that was not fine-tuned"
)


@dataclass(frozen=True, slots=True)
class EmbedderTraining:
    """What is known of an embedder's training.

    finetuned: whether it learnt from the shop's photos; None: not known. until: UTC seconds of the newest
    photo or interaction that it learnt from; products: the ids that it learnt from; None: not known.
    complete: False where it may have learnt from others besides.
    """

    name: str
    finetuned: bool | None = None
    until: float | None = None
    products: tuple[str, ...] | None = None
    complete: bool = True


def check_embedder(training: EmbedderTraining | None, fold: Fold) -> Finding:
    """Products and dates of the fine-tuning against the cut, as far as they are known."""
    if training is None:
        return Finding(NAME, "not possible", 0, "not known: nothing says how the embedder was trained")
    if training.finetuned is False:
        words = f"the embedder {training.name!r} was not fine-tuned on the shop's photos"
        return Finding(NAME, "passed", 0, words)
    if fold.until is None:
        return Finding(NAME, "not possible", 0, f"the split {fold.split!r} has no cut in time")
    if training.products is not None:
        return _by_products(training, fold, fold.until)
    if training.until is not None:
        if training.until < fold.until:
            return Finding(NAME, "passed", 1, f"the fine-tuning of {training.name!r} ended before the cut")
        words = (
            f"{training.name!r} was fine-tuned after the cut, and it is not known on which products; {ADVICE}"
        )
        return Finding(NAME, "flagged", 1, words)
    words = f"not known: nothing says when and on what {training.name!r} was fine-tuned"
    return Finding(NAME, "not possible", 0, words)


def _by_products(training: EmbedderTraining, fold: Fold, until: float) -> Finding:
    """Products that came after the cut fail; cold products whose arrival is not known, or which the split
    removed, are flagged.
    """
    items, ids = fold.test.items, training.products or ()
    rows = items.rows(ids)
    rows = rows[rows >= 0]
    late = rows[items.arrived[rows] >= until]
    names = tuple(items.ids[row] for row in late[:5])
    if len(late):
        words = f"{training.name!r} was fine-tuned on {len(late)} products that came after the cut; {ADVICE}"
        return Finding(NAME, "failed", len(ids), words, names)
    cold = np.setdiff1d(fold.test.wanted.indices, fold.fit.events.items)
    met = np.intersect1d(rows, cold)
    if len(met):
        words = (
            f"{training.name!r} was fine-tuned on {len(met)} of the {len(cold)} cold products asked for; "
            "nothing says that they came after the cut, but it has seen their photos"
        )
        return Finding(NAME, "flagged", len(ids), words, tuple(items.ids[row] for row in met[:5]))
    words = f"none of the products that {training.name!r} was fine-tuned on came after the cut"
    if not training.complete:
        words += "; what the embedder that it began from had learnt is not known"
        return Finding(NAME, "not possible", len(ids), words)
    return Finding(NAME, "passed", len(ids), words)
