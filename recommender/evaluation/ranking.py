"""Full rankings: every product of the catalogue is scored for every customer of an exam, none is sampled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.cores import cores
from data.errors import UsageError
from recommender.evaluation.exam import Exam
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Floats, Ints
from recommender.models.base import Factored, Fitted, factors_of
from recommender.shortlist import Shortlist, has_bfloat16, usable
from recommender.topk import CELLS as SMALL
from recommender.topk import top_k

DEPTH = 50
CELLS = 2_000_000  # scores held at once, per source and thread
FEWEST_TOGETHER, MOST_TOGETHER = 128, 256  # customers of one batch of a model that is ``Factored``
BOUNDS = 12_800_000  # bounds held at once by a thread, 2 bytes each, where that is not less than the fewest
FEWEST = 2_000  # products below which all scores are computed at once
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


def batch_size(n: int) -> int:
    """Of how many customers the scores of n products stay within ``CELLS``."""
    return max(1, min(1024, CELLS // max(n, 1)))


def together(n: int) -> int:
    """How many customers of a model that is ``Factored`` are asked together about n products.

    Two threads wait for one another between the steps of a batch, so that few and large ones are quicker
    (measured: 20,000 products, two cores, 256 customers instead of 128: 1.3 times), as long as they fit.
    """
    return min(MOST_TOGETHER, max(FEWEST_TOGETHER, BOUNDS // max(n, 1)))


def batches(count: int, n: int) -> Iterator[tuple[int, int]]:
    """Ranges of customers whose score matrix stays within ``CELLS``."""
    return ranges(count, batch_size(n))


def ranges(count: int, size: int) -> Iterator[tuple[int, int]]:
    """From 0 to ``count`` in parts of ``size``, the last one smaller where they do not fit."""
    for first in range(0, count, size):
        yield first, min(first + size, count)


def rank(model: Fitted, exam: Exam, depth: int = DEPTH, measure: Measure | None = None) -> Ranking:
    """The best ``depth`` products for every customer, without those that are barred.

    measure: what else to compute of every customer, such as ``auc_of``: from scores (c, n), -inf where they
    are barred, and the CSR table (c, n) of what was chosen, one number each.

    Equal scores keep the tie order of ``Items``. Where nothing is measured on them, the scores of models that
    are ``Factored`` are not all computed (see ``shortlist``): their lists are those of inner products in
    double precision, rounded to float32.

    Batches of customers are answered by one thread per core, each of them with one BLAS thread (in the whole
    process, until all are answered); the batches, and so the answer, do not depend on how many cores there
    are. Raises UsageError when a score is not finite.
    """
    factors = _Factors.of(model, exam, depth) if measure is None else None
    desk = _Desk(model, exam, _Barred.of(exam), measure, factors)
    count = len(exam)
    ranking = Ranking(
        np.full((count, depth), -1, np.int64),
        np.zeros((count, depth), np.bool_),
        None if measure is None else np.full(count, np.nan),
    )
    size = batch_size(len(exam.items)) if factors is None else together(len(exam.items))
    parts = list(ranges(count, size))
    with _torch_in_one_thread() if factors else nullcontext():
        _answer_all(desk, ranking, parts)
    return ranking


@contextmanager
def _torch_in_one_thread() -> Iterator[None]:
    """In the whole process, and in threads that begin meanwhile."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _answer_all(desk: _Desk, ranking: Ranking, parts: list[tuple[int, int]]) -> None:
    workers = min(cores(), WORKERS, len(parts))
    if workers < 2:
        for part in parts:
            desk.answer(ranking, *part)
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        pool = ThreadPoolExecutor(workers)
        try:
            for _ in pool.map(lambda part: desk.answer(ranking, *part), parts):
                pass
        finally:
            pool.shutdown(cancel_futures=True)


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

    def put(self, value: Any, table: NDArray[Any], asked: _Asked) -> None:
        """Write ``value`` into the barred cells of a table (c, n) of these customers."""
        if not self.exam.repeat:
            table[asked.histories.owners, asked.histories.items] = value
            if self.exam.untold is not None:
                untold = self.exam.untold[asked.rows]
                table[np.repeat(np.arange(len(asked)), np.diff(untold.indptr)), untold.indices] = value
        ahead = self.ahead[asked.rows]
        for row in np.flatnonzero(ahead):
            table[row, self.late[: ahead[row]]] = value


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Some customers of an exam. rows: int64 (c,), their places in it; histories: theirs."""

    rows: Ints
    histories: Histories

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, low: int, high: int) -> _Asked:
        """Customers from ``low`` to ``high`` of these."""
        return _Asked(self.rows[low:high], self.histories.part(low, high))

    def of(self, places: Ints) -> _Asked:
        """Some of these."""
        return _Asked(self.rows[places], self.histories.of(places))


@dataclass(frozen=True, slots=True, eq=False)
class _Factors:
    """A model by its vectors."""

    model: Factored
    shortlist: Shortlist

    @classmethod
    def of(cls, model: Fitted, exam: Exam, depth: int) -> _Factors | None:
        """None where all scores have to be computed: the model has no vectors, they are out of bounds, or
        too few products are ranked, or the processor is no faster that way.
        """
        factored = factors_of(model)
        if factored is None or len(exam.items) < FEWEST or not has_bfloat16():
            return None
        vectors = factored.item_factors()
        shortlist = Shortlist.of(vectors) if usable(vectors) else None
        return None if shortlist is None or not shortlist.suits(depth) else cls(factored, shortlist)


@dataclass(frozen=True, slots=True, eq=False)
class _Desk:
    """Where the questions of an exam are answered, by one model; factors: where lists alone are asked for."""

    model: Fitted
    exam: Exam
    barred: _Barred
    measure: Measure | None
    factors: _Factors | None

    def answer(self, ranking: Ranking, first: int, last: int) -> None:
        """Fill in the rows of these customers."""
        asked = _Asked(np.arange(first, last, dtype=np.int64), self.exam.histories.part(first, last))
        if self.factors is not None:
            asked = self._listed(self.factors, ranking, asked)
        for low, high in batches(len(asked), len(self.exam.items)):
            self._scored(ranking, asked.part(low, high))

    def _listed(self, factors: _Factors, ranking: Ranking, asked: _Asked) -> _Asked:
        """Fill in the rows of customers who have a vector; returns the others."""
        places, vectors = factors.model.customer_factors(asked.histories)
        if not usable(vectors):
            return asked
        told = asked if len(places) == len(asked) else asked.of(places)
        depth = ranking.top.shape[1]
        ranking.top[told.rows] = factors.shortlist.best(
            vectors, depth, lambda value, table: self.barred.put(value, table, told)
        )
        self._mark(ranking, told)
        return asked.of(np.delete(np.arange(len(asked)), places))

    def _scored(self, ranking: Ranking, asked: _Asked) -> None:
        """Fill in rows from all scores."""
        marks = np.zeros((len(asked), len(self.exam.items)), np.bool_)
        self.barred.put(True, marks, asked)
        scores = self.model.score(asked.histories, marks)
        size = max(1, SMALL // max(marks.shape[1], 1))
        for low, high in ranges(len(asked), size):
            block, some = scores[low:high], asked.part(low, high)
            self._check(block)
            self.barred.put(-np.inf, block, some)
            ranking.top[some.rows] = top_k(block, ranking.top.shape[1])
            if self.measure is not None and ranking.measured is not None:
                ranking.measured[some.rows] = self.measure(block, self.exam.wanted[some.rows])
        self._mark(ranking, asked)

    def _mark(self, ranking: Ranking, asked: _Asked) -> None:
        """Say which entries of the lists were wanted."""
        starts = self.exam.wanted.indptr
        sizes = (starts[1:] - starts[:-1])[asked.rows]
        owners = np.repeat(asked.rows, sizes)
        ends = np.cumsum(sizes)
        places = np.arange(len(owners)) + np.repeat(starts[asked.rows] - (ends - sizes), sizes)
        wanted = self.exam.wanted.indices[places]
        found, rank = np.nonzero(ranking.top[owners] == wanted[:, None])
        ranking.hits[owners[found], rank] = self.exam.wanted.data[places[found]]

    def _check(self, scores: Floats) -> None:
        """Squares cannot cancel one another, so where their sum is finite, all scores are; one pass is
        enough.
        """
        if not (np.isfinite(np.vdot(scores, scores)) or np.isfinite(scores).all()):
            raise UsageError(f"the model {self.model.name!r} gave a score that is not a finite number")
