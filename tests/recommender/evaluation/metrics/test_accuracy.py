"""Each metric on lists that one can work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import roc_auc_score

from recommender.evaluation.metrics import ACCURACY, KS, accuracy, auc, auc_of, positions_of
from tests.recommender.evaluation.metrics.runs import random_runs


def test_accuracy_by_hand() -> None:
    # Hits at ranks 2 and 5 of a list of 5; the customer chose 4 products.
    got = {
        k: v[0] for k, v in accuracy(np.asarray([[0, 1, 0, 0, 1]], np.bool_), np.asarray([4]), (5,)).items()
    }
    ideal = sum(1 / math.log2(i + 1) for i in (1, 2, 3, 4))
    assert got["recall@5"] == 2 / 4
    assert got["recall_min@5"] == 2 / 4
    assert got["precision@5"] == 2 / 5
    assert got["hit_rate@5"] == 1
    assert got["mrr@5"] == 1 / 2
    assert got["map@5"] == pytest.approx((1 / 2 + 2 / 5) / 4)
    assert got["map_min@5"] == pytest.approx((1 / 2 + 2 / 5) / 4)
    assert got["ndcg@5"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(6)) / ideal)


def test_a_cut_off_forgets_what_comes_after() -> None:
    hits = np.zeros((1, 50), np.bool_)
    hits[0, 5] = True
    got = accuracy(hits, np.asarray([1]))
    assert [got[f"hit_rate@{k}"][0] for k in (5, 10, 20, 50)] == [0, 1, 1, 1]
    assert [got[f"mrr@{k}"][0] for k in (5, 10)] == [0, pytest.approx(1 / 6)]


def test_the_perfect_list_has_ndcg_one_also_when_more_was_chosen_than_fits() -> None:
    hits = np.ones((1, 50), np.bool_)
    got = accuracy(hits, np.asarray([80]))
    assert got["ndcg@5"][0] == pytest.approx(1.0)
    assert got["recall@5"][0] == 5 / 80
    assert got["recall_min@5"][0] == got["map_min@5"][0] == got["precision@5"][0] == 1
    assert got["map@5"][0] == pytest.approx(5 / 80)


def test_no_hit_is_nought_everywhere() -> None:
    got = accuracy(np.zeros((1, 50), np.bool_), np.asarray([3]))
    assert all(value[0] == 0 for value in got.values())


def test_who_chose_nothing_has_no_metric() -> None:
    got = accuracy(np.zeros((2, 50), np.bool_), np.asarray([0, 1]))
    assert set(got) == {f"{name}@{k}" for name in ACCURACY for k in KS}
    assert all(math.isnan(value[0]) and value[1] == 0 for value in got.values())


def test_auc_by_hand() -> None:
    # Four candidates; the chosen ones rank first and third: 3 of 4 pairs are in order.
    assert auc(np.asarray([0.0, 2.0]), np.asarray([2]), np.asarray([4])).tolist() == [0.75]
    # Nobody chose, and everything was chosen: no pair to order.
    assert np.isnan(auc(np.asarray([0.0, 1.0]), np.asarray([0, 2]), np.asarray([4, 2]))).all()


def test_equal_scores_share_their_mean_rank() -> None:
    scores = np.asarray([[3, 1, 1, 1, -np.inf]], np.float32)
    wanted = sparse.csr_array(np.asarray([[0, 1, 0, 0, 0]], np.bool_))
    assert positions_of(scores, wanted).tolist() == [2.0]
    assert auc_of(scores, wanted).tolist() == [pytest.approx((0 + 0.5 + 0.5) / 3)]


@pytest.mark.parametrize("seed", [0, 1])
def test_auc_agrees_with_scikit_learn_also_with_ties_and_barred_products(seed: int) -> None:
    runs = random_runs(seed)
    scores = runs.scores.copy()
    barred = ~runs.wanted & (np.random.default_rng(seed).random(scores.shape) < 0.2)
    scores[barred] = -np.inf
    got = auc_of(scores, sparse.csr_array(runs.wanted))
    asked = [q for q in range(len(scores)) if runs.counts[q] and np.isfinite(scores[q]).any()]
    assert len(asked) > 50
    for q in asked:
        ranked = np.isfinite(scores[q])
        assert got[q] == pytest.approx(roc_auc_score(runs.wanted[q, ranked], scores[q, ranked]), abs=1e-9)
