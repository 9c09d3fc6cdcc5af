"""Full rankings: every product of the catalogue is scored for every customer of an exam, none is sampled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data.errors import UsageError
from recommender.evaluation.exam import Exam
from recommender.items import Bools, Ints
from recommender.models.base import Fitted
from recommender.topk import top_k

DEPTH = 50
CELLS = 4_000_000  # scores held at once, per source


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """top: int64 (c, depth), rows of ``Items``, -1 where there was nothing more; hits: bool (c, depth)."""

    top: Ints
    hits: Bools


def batches(count: int, n: int) -> Iterator[tuple[int, int]]:
    """Ranges of customers whose score matrix stays within ``CELLS``."""
    size = max(1, min(1024, CELLS // max(n, 1)))
    for first in range(0, count, size):
        yield first, min(first + size, count)


def rank(model: Fitted, exam: Exam, depth: int = DEPTH) -> Ranking:
    """The best ``depth`` products for every customer, without those that are barred.

    Equal scores keep the tie order of ``Items``. Raises UsageError when a score is not finite.
    """
    n = len(exam.items)
    top = np.full((len(exam), depth), -1, np.int64)
    hits = np.zeros((len(exam), depth), np.bool_)
    for first, last in batches(len(exam), n):
        barred = exam.barred(first, last)
        scores = model.score(exam.histories.part(first, last), barred)
        if not np.isfinite(scores).all():
            raise UsageError(f"the model {model.name!r} gave a score that is not a finite number")
        scores[barred] = -np.inf
        best = top_k(scores, depth)
        wanted = exam.wanted_mask(first, last)
        top[first:last] = best
        hits[first:last] = np.take_along_axis(wanted, np.maximum(best, 0), 1) & (best >= 0)
    return Ranking(top, hits)
