"""Parts of the customers and of what they chose, measured on their own: cold and warm, long histories and
short, rare products and common ones, categories, months.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.evaluation.bootstrap import intervals
from recommender.evaluation.exam import Exam
from recommender.evaluation.metrics import KS, accuracy
from recommender.evaluation.ranking import Ranking
from recommender.evaluation.result import Slice
from recommender.items import Bools, Doubles, Ints

HISTORY = {"history_0": (0, 0), "history_1_2": (1, 2), "history_3_9": (3, 9), "history_10_plus": (10, 2**31)}
COUNTS = {"count_0": (0, 0), "count_1_4": (1, 4), "count_5_19": (5, 19), "count_20_plus": (20, 2**31)}
CATEGORY, MONTH = "category: ", "month: "
OTHER, NONE = f"{CATEGORY}other", f"{CATEGORY}none"
LARGEST = 12


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
        "cold_items": _choosing(exam, cold),
        "warm_items": _choosing(exam, ~cold),
        "cold_customers": Part(liked == 0, None),
        "warm_customers": Part(liked > 0, None),
    }
    for name, (low, high) in HISTORY.items():
        found[name] = Part((liked >= low) & (liked <= high), None)
    return found


def finer_parts(exam: Exam, counts: Ints) -> dict[str, Part]:
    """Further slices: ``COUNTS`` by how many customers chose a product in what was learnt, the category of
    the chosen product, and the month (UTC) of the question.

    The ``LARGEST`` categories by choices are slices of their own, the rest is ``OTHER``; products without a
    category are ``NONE``. Choices are parted once by count and once by category, customers once by month.
    Categories and months in which nobody is asked do not appear.
    """
    found = {
        name: _choosing(exam, (counts >= low) & (counts <= high)) for name, (low, high) in COUNTS.items()
    }
    return {**found, **_categories(exam), **_months(exam)}


def values_in(part: Part, exam: Exam, ranking: Ranking, ks: Sequence[int] = KS) -> dict[str, Doubles]:
    """Every accuracy metric for the customers of a part, one value each."""
    wanted = wanted_in(part, exam)
    hits = ranking.hits
    if part.products is not None:
        hits = hits & part.products[np.maximum(ranking.top, 0)]
    return accuracy(hits[part.customers], wanted[part.customers], ks)


def wanted_in(part: Part, exam: Exam) -> Ints:
    """int64 (c,): how many of each customer's choices count in a part."""
    return exam.wanted_counts if part.products is None else _having(exam, part.products)


def measure(part: Part, exam: Exam, values: Mapping[str, Doubles], seed: int) -> Slice:
    """Means and intervals of a part's values."""
    wanted = wanted_in(part, exam)
    count = int(part.customers.sum())
    return Slice(
        customers=count,
        wanted=int(wanted[part.customers].sum()),
        metrics={name: float(v.mean()) for name, v in values.items()} if count else {},
        intervals=intervals(values, seed) if count else {},
    )


def _categories(exam: Exam) -> dict[str, Part]:
    items = exam.items
    chosen = np.bincount(exam.wanted.indices, minlength=len(items))
    labelled = items.categories >= 0
    sizes = np.bincount(
        items.categories[labelled], chosen[labelled], minlength=len(items.category_names)
    ).astype(np.int64)
    largest = [int(code) for code in np.argsort(-sizes, kind="stable")[:LARGEST]]
    masks = {f"{CATEGORY}{items.category_names[code]}": items.categories == code for code in largest}
    rest = labelled & ~np.isin(items.categories, largest)
    # A category may itself be called "other" or "none": then its choices and the rest's are one slice.
    for name, mask in ((OTHER, rest), (NONE, ~labelled)):
        masks[name] = masks.get(name, False) | mask
    return {name: part for name, mask in masks.items() if (part := _choosing(exam, mask)).customers.any()}


def _months(exam: Exam) -> dict[str, Part]:
    months = exam.histories.now.astype("datetime64[s]").astype("datetime64[M]")
    return {f"{MONTH}{month}": Part(months == month, None) for month in np.unique(months)}


def _choosing(exam: Exam, products: Bools) -> Part:
    return Part(_having(exam, products) > 0, products)


def _having(exam: Exam, products: Bools) -> Ints:
    """int64 (c,): how many of some products each customer chose."""
    found: Ints = np.asarray(exam.wanted.astype(np.int64) @ products.astype(np.int64), np.int64)
    return found
