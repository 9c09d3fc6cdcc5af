"""What the ranker adds, apart from what its candidates hold: their recall, and the order of the trees against
that of the blend on the same customers.
"""

from __future__ import annotations

from dataclasses import dataclass

from recommender.evaluation.exam import Exam
from recommender.evaluation.metrics import accuracy, candidate_recall
from recommender.evaluation.ranking import rank
from recommender.evaluation.result import Values
from recommender.evaluation.significance import PairedTest, compared
from recommender.evaluation.verdict import PRIMARY
from recommender.items import Doubles
from recommender.models.base import Fitted
from recommender.ranker.vitrine import FittedVitrine

DEPTH = 200
BLEND = "the blend alone"
TREES = "the trees"


@dataclass(frozen=True, slots=True)
class Lift:
    """candidates: candidate recall at several depths, in the order of the blend; empty without a ranker.

    test: the list with trees against the blend's own, by NDCG@10; None where there are no trees.
    """

    candidates: Values
    test: PairedTest | None


def lift_of(model: Fitted | None, exam: Exam, ranked: Doubles | None, seed: int) -> Lift:
    """Of the fitted ``vitrine``; ranked: its NDCG@10 for every customer (c,), as it answered the test."""
    if not isinstance(model, FittedVitrine) or ranked is None or not len(exam):
        return Lift({}, None)
    own = rank(model.blend, exam, DEPTH)
    held = {name: float(values.mean()) for name, values in candidate_recall(own.top, exam).items()}
    if model.trees is None:
        return Lift(held, None)
    blended = accuracy(own.hits, exam.wanted_counts, (10,))[PRIMARY]
    values = {TREES: ranked, BLEND: blended}
    about = "the order of the trees against that of the blend"
    return Lift(held, compared(values, [(TREES, BLEND)], PRIMARY, seed, about).tests[0])
