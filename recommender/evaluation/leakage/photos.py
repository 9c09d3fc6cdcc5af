"""Cold products that look the same as something learnt: a re-listed article is not really new."""

from __future__ import annotations

import numpy as np

from recommender.evaluation.leakage.finding import Finding
from recommender.evaluation.splits import Fold
from recommender.items import Doubles, Ints, Items

NAME = "near-duplicates of cold products among those learnt"
SAME = 0.98
CELLS = 4_000_000  # cosines held at once
SHOWN = 5


def check_photos(fold: Fold, threshold: float = SAME, looks: Items | None = None) -> Finding:
    """Cold products asked for whose looks have a cosine of ``threshold`` or more with a product learnt.

    A warning, not a failure: the product may be the same article under a new id, and then what was learnt
    of the old one answers for the new one. looks: the same products with other vectors to compare by.
    """
    items = looks or fold.test.items
    learnt = np.unique(fold.fit.events.items)
    cold = np.setdiff1d(fold.test.wanted.indices, learnt)
    cold, learnt = cold[items.has_vector[cold]], learnt[items.has_vector[learnt]]
    if not len(cold) or not len(learnt):
        return Finding(NAME, "not possible", 0, "no cold product that was asked for has a photo to compare")
    nearest, cosines = closest(items, cold, learnt)
    same = np.flatnonzero(cosines >= threshold)
    if not len(same):
        words = f"the closest pair has a cosine of {cosines.max():.3f}, below {threshold}"
        return Finding(NAME, "passed", len(cold), words)
    order = same[np.argsort(-cosines[same], kind="stable")][:SHOWN]
    examples = tuple(f"{items.ids[cold[i]]} ~ {items.ids[nearest[i]]} ({cosines[i]:.3f})" for i in order)
    words = (
        f"{len(same)} of {len(cold)} cold products look the same as a product learnt (cosine of {threshold} "
        "or more): they may be the same article under a new id"
    )
    return Finding(NAME, "flagged", len(cold), words, examples)


def closest(items: Items, rows: Ints, others: Ints) -> tuple[Ints, Doubles]:
    """For every row the nearest of ``others`` by cosine, and that cosine, in blocks of a bounded size."""
    nearest, cosines = np.empty(len(rows), np.int64), np.empty(len(rows), np.float64)
    pool = items.vectors[others]
    size = max(1, CELLS // max(len(others), 1))
    for start in range(0, len(rows), size):
        block = items.vectors[rows[start : start + size]] @ pool.T
        at = block.argmax(axis=1)
        nearest[start : start + size] = others[at]
        cosines[start : start + size] = block[np.arange(len(at)), at]
    return nearest, cosines
