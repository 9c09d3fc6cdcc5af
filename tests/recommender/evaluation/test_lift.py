"""What the trees add to the blend's order, on the same customers, apart from what the candidates hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.evaluation.exam import Exam
from recommender.evaluation.lift import lift_of
from recommender.evaluation.metrics import accuracy
from recommender.evaluation.ranking import rank
from recommender.evaluation.splits import split
from recommender.items import Doubles
from recommender.models.base import Fitted
from recommender.ranker.trees import Lessons, Trees, grow
from recommender.ranker.vitrine import FittedVitrine
from recommender.settings import Settings
from tests.recommender.makers import shop_like


@pytest.fixture(scope="module")
def made() -> tuple[FittedVitrine, Exam]:
    fold = split(shop_like(60), "time")
    return Settings().vitrine().fit(fold.fit), fold.test


def trees(sign: float) -> Trees:
    """Trees that know one thing: that a product with more likes is better, or worse."""
    rng = np.random.default_rng(1)
    likes = rng.random(6000)
    chosen = rng.random(6000) < 0.5 * (likes if sign > 0 else 1 - likes)
    lessons = Lessons(
        np.log1p(20 * likes[:, None]).astype(np.float32), np.zeros(6000, np.float32), chosen, np.full(60, 100)
    )
    return grow(lessons, ("item: likes",), 60, 7)


def ndcg(model: Fitted, exam: Exam) -> Doubles:
    return accuracy(rank(model, exam).hits, exam.wanted_counts, (10,))["ndcg@10"]


def test_the_lift_is_the_difference_to_the_blend_s_own_order(made: tuple[FittedVitrine, Exam]) -> None:
    fitted, exam = made
    own = float(ndcg(fitted, exam).mean())
    for sign in (1.0, -1.0):
        ranked = ndcg(with_trees := replace(fitted, trees=trees(sign)), exam)
        found = lift_of(with_trees, exam, ranked, 7)
        assert found.test is not None
        assert found.test.theirs == pytest.approx(own)
        assert found.test.ours == pytest.approx(float(ranked.mean()))
        assert found.test.difference == pytest.approx(float(ranked.mean()) - own)
        assert found.test.customers == len(exam)
        assert found.candidates == lift_of(fitted, exam, ranked, 7).candidates, "the order changes them not"
        assert found.test.difference != 0
    assert own < found.candidates["candidate_recall@100"] <= found.candidates["candidate_recall@200"] <= 1


def test_without_trees_or_without_a_ranker_there_is_none(made: tuple[FittedVitrine, Exam]) -> None:
    fitted, exam = made
    assert lift_of(fitted, exam, ndcg(fitted, exam), 7).test is None
    for nothing in (lift_of(None, exam, None, 7), lift_of(fitted.blend, exam, ndcg(fitted, exam), 7)):
        assert (nothing.candidates, nothing.test) == ({}, None)
