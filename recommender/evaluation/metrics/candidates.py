"""How many of the chosen products are among the candidates at all: what no ranker behind them can exceed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recommender.evaluation.exam import Exam
from recommender.items import Bools, Doubles, Ints

CANDIDATE_KS = (100, 200)


def candidate_recall(
    candidates: Ints | Bools, exam: Exam, ks: Sequence[int] = CANDIDATE_KS
) -> dict[str, Doubles]:
    """Σ h / n over the first k candidates, one value per customer, apart from how a ranker orders them.

    candidates: int64 (c, depth), rows of ``Items`` in the order in which the sources propose them, -1 as
    padding; where depth < k, all there are. Or bool (c, n), a union without an order: then the one value is
    ``candidate_recall``, and ``candidates`` says how many there were.
    """
    wanted = exam.wanted_counts
    if candidates.dtype == np.bool_:
        rows, columns = exam.wanted.nonzero()
        found = np.bincount(rows, candidates[rows, columns], minlength=len(wanted))
        return {"candidate_recall": found / wanted, "candidates": candidates.sum(axis=1).astype(np.float64)}
    hits = hits_in(candidates.astype(np.int64), exam)
    return {f"candidate_recall@{k}": hits[:, :k].sum(axis=1) / wanted for k in ks}


def hits_in(lists: Ints, exam: Exam) -> Bools:
    """bool (c, depth): which entries of the lists (c, depth), -1 as padding, each customer chose."""
    n = np.int64(len(exam.items))
    rows, columns = exam.wanted.nonzero()
    asked = rows * n + columns
    keys = np.arange(len(lists), dtype=np.int64)[:, None] * n + lists
    found: Bools = np.isin(keys, asked) & (lists >= 0)
    return found
