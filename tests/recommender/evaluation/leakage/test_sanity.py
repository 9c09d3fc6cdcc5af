"""What chance must give, and faults that make it give something else."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from recommender.evaluation.exam import Exam
from recommender.evaluation.leakage import random_check, shuffled_check
from recommender.evaluation.ranking import Ranking, rank
from recommender.evaluation.splits import SPLITS, split
from recommender.models.random import Random
from recommender.settings import MODELS, Settings
from recommender.topk import top_k
from tests.recommender.makers import shop_like

DATA = shop_like(customers=300)
FOLD = split(DATA, "time")
RANDOM = Random().fit(FOLD.fit)


@pytest.mark.parametrize("name", MODELS)
def test_shuffled_labels_fall_to_random(name: str) -> None:
    fitted = Settings().model(name).fit(FOLD.fit)
    assert shuffled_check(name, partial(rank, fitted), FOLD.test).status == "passed"


def test_a_way_that_reads_the_answers_stays_high() -> None:
    def reading(exam: Exam) -> Ranking:
        scores = exam.wanted_mask(0, len(exam)).astype(np.float32) + RANDOM.score(exam.histories)
        scores[exam.barred(0, len(exam))] = -np.inf
        top = top_k(scores, 10)
        return Ranking(top, np.take_along_axis(exam.wanted_mask(0, len(exam)), top, 1))

    found = shuffled_check("reading", reading, FOLD.test)
    assert found.status == "failed"
    assert "still has recall@10" in found.words


def test_hits_that_are_not_those_of_the_answers_at_hand_are_found() -> None:
    real = rank(Settings().model("looks").fit(FOLD.fit), FOLD.test)
    assert shuffled_check("stale", lambda _: real, FOLD.test).status == "failed"


def test_few_customers_prove_nothing() -> None:
    few = FOLD.test.first(49)
    assert shuffled_check("random", partial(rank, RANDOM), few).status == "not possible"
    assert random_check(rank(RANDOM, few), few).status == "not possible"


@pytest.mark.parametrize("name", [name for name in SPLITS if not name.startswith("cold")])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_lists_meet_their_expected_recall(name: str, seed: int) -> None:
    exam = split(DATA, name).test
    found = random_check(rank(Random(seed).fit(FOLD.fit), exam), exam)
    assert found.status == "passed"


def test_lists_that_are_random_in_name_only_are_found() -> None:
    looks = rank(Settings().model("looks").fit(FOLD.fit), FOLD.test)
    assert random_check(looks, FOLD.test).status == "failed"


def test_random_lists_that_never_hit_are_found() -> None:
    lists = rank(RANDOM, FOLD.test, 10).top
    found = random_check(Ranking(lists, np.zeros(lists.shape, np.bool_)), FOLD.test)
    assert found.status == "failed"
    assert "is 0.0000, expected" in found.words


def test_few_hits_are_judged_by_poisson() -> None:
    exam = FOLD.test.first(60)
    ranking = rank(RANDOM, exam, 1)
    assert random_check(ranking, exam, 1).status == "passed"
    every = Ranking(ranking.top, np.ones_like(ranking.hits))
    assert random_check(every, exam, 1).status == "failed"
