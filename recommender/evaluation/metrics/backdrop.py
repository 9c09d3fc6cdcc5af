"""What lists are held against beyond the choices: what was popular, what looks alike, whose taste it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import sparse

from recommender.dataset import Dataset
from recommender.distinct import count_of
from recommender.evaluation.exam import Exam
from recommender.evaluation.metrics.accuracy import KS
from recommender.evaluation.metrics.diversity import (
    calibration,
    category_diversity,
    category_tastes,
    intra_list_diversity,
)
from recommender.evaluation.metrics.exposure import (
    long_tail,
    novelty,
    popular_lists,
    popularity_lift,
    serendipity,
)
from recommender.items import Bools, Doubles, Ints, Items

DEPTH = 50


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """The same for all models of one evaluation.

    looks: n products whose vectors and categories measure diversity, whatever vectors a model sees.
    counts: int64 (n,), customers who liked each product in what was learnt. customers: how many were learnt
    from. popular: int64 (c, depth), see ``popular_lists``. tastes: CSR (c, g), see ``category_tastes``.
    """

    looks: Items
    counts: Ints
    customers: int
    popular: Ints
    tastes: sparse.csr_array

    @classmethod
    def of(cls, fit: Dataset, exam: Exam, looks: Items | None = None, depth: int = DEPTH) -> Backdrop:
        """From what was learnt and who is asked.

        looks: the exam's products with the vectors of the evaluation, where those of the exam were changed
        (the image ablation).
        """
        counts = fit.item_counts()
        return cls(
            looks=looks or exam.items,
            counts=counts,
            customers=count_of(fit.events.customers),
            popular=popular_lists(exam, counts, depth),
            tastes=category_tastes(exam.histories, exam.items),
        )

    def values(self, top: Ints, hits: Bools, ks: Sequence[int] = KS) -> dict[str, Doubles]:
        """Everything beyond accuracy that has one value per customer; top, hits: (c, depth) of a ranking."""
        looks = self.looks
        return {
            **novelty(top, self.counts, self.customers, ks),
            **popularity_lift(top, self.counts, ks),
            **long_tail(top, self.counts, ks),
            **serendipity(top, hits, self.popular, ks),
            **intra_list_diversity(top, looks.vectors, looks.has_vector, ks),
            **category_diversity(top, looks.categories, ks),
            **calibration(top, looks.categories, self.tastes, ks),
        }
