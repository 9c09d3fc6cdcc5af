"""Parts of the customers and of what they chose, measured on their own: cold and warm, long histories and
short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recommender.evaluation.bootstrap import intervals
from recommender.evaluation.exam import Exam
from recommender.evaluation.metrics import accuracy
from recommender.evaluation.ranking import Ranking
from recommender.evaluation.result import Slice
from recommender.items import Bools, Doubles, Ints

HISTORY = {"history_0": (0, 0), "history_1_2": (1, 2), "history_3_9": (3, 9), "history_10_plus": (10, 2**31)}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """customers: bool (c,), who is in it. products: bool (n,), which choices count; None: all."""

    customers: Bools
    products: Bools | None


def parts(exam: Exam, counts: Ints) -> dict[str, Part]:
    """The slices of an exam; counts: int64 (n,), how many customers chose each product in what was learnt.

    A cold product was chosen by nobody before; a cold customer has liked nothing before. In a slice of
    products the whole catalogue is still ranked, only the other choices do not count.
    """
    cold, liked = counts == 0, exam.histories.liked()
    found = {
        "cold_items": Part(_having(exam, cold) > 0, cold),
        "warm_items": Part(_having(exam, ~cold) > 0, ~cold),
        "cold_customers": Part(liked == 0, None),
        "warm_customers": Part(liked > 0, None),
    }
    for name, (low, high) in HISTORY.items():
        found[name] = Part((liked >= low) & (liked <= high), None)
    return found


def values_in(part: Part, exam: Exam, ranking: Ranking) -> dict[str, Doubles]:
    """Every accuracy metric for the customers of a part, one value each."""
    wanted = exam.wanted_counts if part.products is None else _having(exam, part.products)
    hits = ranking.hits
    if part.products is not None:
        hits = hits & part.products[np.maximum(ranking.top, 0)]
    return accuracy(hits[part.customers], wanted[part.customers])


def measure(part: Part, exam: Exam, values: Mapping[str, Doubles], seed: int) -> Slice:
    """Means and intervals of a part's values."""
    wanted = exam.wanted_counts if part.products is None else _having(exam, part.products)
    count = int(part.customers.sum())
    return Slice(
        customers=count,
        wanted=int(wanted[part.customers].sum()),
        metrics={name: float(v.mean()) for name, v in values.items()} if count else {},
        intervals=intervals(values, seed) if count else {},
    )


def _having(exam: Exam, products: Bools) -> Ints:
    """int64 (c,): how many of some products each customer chose."""
    found: Ints = np.asarray(exam.wanted.astype(np.int64) @ products.astype(np.int64), np.int64)
    return found
