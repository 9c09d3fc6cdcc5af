"""Full rankings: every product of the catalogue is scored for every customer of an exam, none is sampled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.cores import cores
from data.errors import UsageError
from recommender.evaluation.exam import Exam
from recommender.items import Bools, Doubles, Floats, Ints
from recommender.models.base import Fitted
from recommender.topk import CELLS as SMALL
from recommender.topk import top_k

DEPTH = 50
CELLS = 2_000_000  # scores held at once, per source and thread
WORKERS = 8  # at most: every one holds a batch of scores

Measure = Callable[[Floats, sparse.csr_array], Doubles]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """top: int64 (c, depth), rows of ``Items``, -1 where there was nothing more; hits: bool (c, depth).

    measured: float64 (c,), what was measured on the scores; None where nothing was asked for.
    """

    top: Ints
    hits: Bools
    measured: Doubles | None = None


def batches(count: int, n: int) -> Iterator[tuple[int, int]]:
    """Ranges of customers whose score matrix stays within ``CELLS``."""
    size = max(1, min(1024, CELLS // max(n, 1)))
    for first in range(0, count, size):
        yield first, min(first + size, count)


def rank(model: Fitted, exam: Exam, depth: int = DEPTH, measure: Measure | None = None) -> Ranking:
    """The best ``depth`` products for every customer, without those that are barred.

    measure: what else to compute of every customer, such as ``auc_of``: from scores (c, n), -inf where they
    are barred, and the CSR table (c, n) of what was chosen, one number each.

    Equal scores keep the tie order of ``Items``. Batches of customers are answered by one thread per core,
    each of them with one BLAS thread (in the whole process, until all are answered); the batches, and so the
    answer, do not depend on how many cores there are. Raises UsageError when a score is not finite.
    """
    desk = _Desk(model, exam, _Barred.of(exam), measure)
    count = len(exam)
    ranking = Ranking(
        np.full((count, depth), -1, np.int64),
        np.zeros((count, depth), np.bool_),
        None if measure is None else np.full(count, np.nan),
    )
    parts = list(batches(count, len(exam.items)))
    workers = min(cores(), WORKERS, len(parts))
    if workers < 2:
        for part in parts:
            desk.answer(ranking, *part)
        return ranking
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        pool = ThreadPoolExecutor(workers)
        try:
            for _ in pool.map(lambda part: desk.answer(ranking, *part), parts):
                pass
        finally:
            pool.shutdown(cancel_futures=True)
    return ranking


@dataclass(frozen=True, slots=True, eq=False)
class _Barred:
    """What each customer of an exam is not shown (see ``Exam.barred``), as positions: histories are short.

    late: int64, products by falling date of arrival. ahead: int64 (c,), how many of them had not arrived
    when each customer was asked.
    """

    exam: Exam
    late: Ints
    ahead: Ints

    @classmethod
    def of(cls, exam: Exam) -> _Barred:
        rising = np.argsort(exam.items.arrived)
        there = np.searchsorted(exam.items.arrived[rising], exam.histories.now, side="right")
        return cls(exam, rising[::-1].astype(np.int64), (len(rising) - there).astype(np.int64))

    def put(self, value: Any, table: NDArray[Any], first: int, last: int) -> None:
        """Write ``value`` into the barred cells of a table (last - first, n) of these customers."""
        if not self.exam.repeat:
            part = self.exam.histories.part(first, last)
            table[part.owners, part.items] = value
        ahead = self.ahead[first:last]
        for row in np.flatnonzero(ahead):
            table[row, self.late[: ahead[row]]] = value


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    """Where the questions of an exam are answered, by one model."""

    model: Fitted
    exam: Exam
    barred: _Barred
    measure: Measure | None

    def answer(self, ranking: Ranking, first: int, last: int) -> None:
        """Fill in the rows of these customers."""
        marks = np.zeros((last - first, len(self.exam.items)), np.bool_)
        self.barred.put(True, marks, first, last)
        scores = self.model.score(self.exam.histories.part(first, last), marks)
        size = max(1, SMALL // max(marks.shape[1], 1))
        for low in range(first, last, size):
            high = min(low + size, last)
            block = scores[low - first : high - first]
            self._check(block)
            self.barred.put(-np.inf, block, low, high)
            ranking.top[low:high] = top_k(block, ranking.top.shape[1])
            if self.measure is not None and ranking.measured is not None:
                ranking.measured[low:high] = self.measure(block, self.exam.wanted[low:high])
        top, wanted = ranking.top[first:last], self.exam.wanted[first:last]
        # What is barred stays marked and is never in the list, so the marks that are found there are wanted.
        marks[np.repeat(np.arange(last - first), np.diff(wanted.indptr)), wanted.indices] = wanted.data
        ranking.hits[first:last] = np.take_along_axis(marks, np.maximum(top, 0), 1) & (top >= 0)

    def _check(self, scores: Floats) -> None:
        """Squares cannot cancel one another, so where their sum is finite, all scores are; one pass is
        enough.
        """
        if not (np.isfinite(np.vdot(scores, scores)) or np.isfinite(scores).all()):
            raise UsageError(f"the model {self.model.name!r} gave a score that is not a finite number")
