"""What the sources propose, before any ranker."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation.metrics import accuracy, candidate_recall, hits_in
from recommender.evaluation.ranking import rank
from recommender.evaluation.splits import split
from recommender.models.popularity import Popularity
from tests.recommender.makers import shop_like

FOLD = split(shop_like(), "time")
RANKING = rank(Popularity().fit(FOLD.fit), FOLD.test)


def test_hits_are_those_of_the_ranking() -> None:
    assert RANKING.hits.any()
    assert np.array_equal(hits_in(RANKING.top, FOLD.test), RANKING.hits)


def test_the_recall_of_candidates_is_that_of_their_list() -> None:
    got = candidate_recall(RANKING.top, FOLD.test, (20, 200))
    expected = accuracy(RANKING.hits, FOLD.test.wanted_counts)
    assert np.allclose(got["candidate_recall@20"], expected["recall@20"])
    assert np.allclose(got["candidate_recall@200"], expected["recall@50"])  # there are only 50


def test_a_union_without_an_order_has_one_recall_and_a_size() -> None:
    mask = FOLD.test.wanted_mask(0, len(FOLD.test))
    first = mask.argmax(axis=1)
    mask[np.arange(len(mask)), first] = False
    got = candidate_recall(mask, FOLD.test)
    wanted = FOLD.test.wanted_counts
    assert got["candidate_recall"] == pytest.approx((wanted - 1) / wanted)
    assert got["candidates"].tolist() == (wanted - 1).tolist()
