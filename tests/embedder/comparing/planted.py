"""Finished cells with planted values, so that what a comparison must say of them can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from embedder.comparing.answers import MAP, RECALL, Answers, CellResult, Point
from embedder.comparing.grid import Cell, Design, Entry, design_of
from embedder.comparing.judging import against_frozen
from embedder.comparing.scores import Scores
from embedder.comparing.shipping import Evidence
from embedder.comparing.summary import means

N = 60
Values = Mapping[Cell, Mapping[str, Sequence[float]]]


def design(
    methods: tuple[str, ...], shares: tuple[float, ...] = (100.0,), seeds: int = 1, also: tuple[str, ...] = ()
) -> Design:
    """A design on the label ``kind``; the first seed is 7."""
    return replace(design_of(("kind",), "shape"), methods=methods, shares=shares, seeds=seeds, also=also)


def noisy(mean: float, seed: int = 0, n: int = N) -> list[float]:
    """Values about a mean, the same for the same seed: two of one seed differ by a constant."""
    return list(mean + np.random.default_rng(seed).uniform(-0.05, 0.05, n))


def scored(values: Values, n: int = N, course: Mapping[Cell, Sequence[float]] | None = None) -> Scores:
    """Scores of cells whose every photo, each a product of its own, is tested by every seed.

    values: cell → label → mAP@R by photo; recall@1 is half of it.
    """
    seeds = sorted({cell.seed for cell in values if cell.seed is not None} | {7})
    results = {}
    for cell, by_label in values.items():
        answers = {
            label: Answers({MAP: np.asarray(v, np.float64), RECALL: np.asarray(v, np.float64) / 2})
            for label, v in by_label.items()
        }
        own = [cell.seed] if cell.seed is not None else seeds
        points = tuple(
            Point(i + 1, value, value - 0.1, value + 0.1, 1.0, 2.0 * (i + 1))
            for i, value in enumerate((course or {}).get(cell, []))
        )
        size = 0 if cell.share is None else int(cell.share)
        results[cell] = CellResult(cell, 8, size, size, dict.fromkeys(own, answers), points)
    rows = np.arange(n, dtype=np.int64)
    return Scores(results, dict.fromkeys(seeds, rows), rows)


def evidence(wanted: Design, scores: Scores) -> Evidence:
    """What a verdict rests on."""
    return Evidence(wanted, scores, means(wanted, scores), against_frozen(wanted, scores))


FROZEN = Cell("frozen")
FIXED, PARTIAL, FULL, SCRATCH = (Cell(m, 100.0, 7) for m in ("fixed", "partial", "full", "scratch"))


def entry(cell: Cell) -> Entry:
    """Over all seeds."""
    return Entry(cell.method, cell.share)
