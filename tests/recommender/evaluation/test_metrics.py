"""Each metric on lists that one can work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recommender.evaluation.metrics import accuracy, exposure, intra_list_diversity, novelty


def test_accuracy_by_hand() -> None:
    # Hits at ranks 2 and 5 of a list of 5; the customer chose 4 products.
    got = {
        k: v[0] for k, v in accuracy(np.asarray([[0, 1, 0, 0, 1]], np.bool_), np.asarray([4]), (5,)).items()
    }
    ideal = sum(1 / math.log2(i + 1) for i in (1, 2, 3, 4))
    assert got["recall@5"] == 2 / 4
    assert got["hit_rate@5"] == 1
    assert got["mrr@5"] == 1 / 2
    assert got["map@5"] == pytest.approx((1 / 2 + 2 / 5) / 4)
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


def test_no_hit_is_nought_everywhere() -> None:
    got = accuracy(np.zeros((1, 50), np.bool_), np.asarray([3]))
    assert all(value[0] == 0 for value in got.values())


def test_novelty_is_the_information_of_a_choice() -> None:
    top = np.asarray([[0, 1], [1, -1]])
    got = novelty(top, np.asarray([7, 0]), 7, (1, 2))
    assert got["novelty@1"].tolist() == [0.0, 3.0]
    assert got["novelty@2"].tolist() == [1.5, 3.0]


def test_diversity_is_the_mean_over_pairs_with_photos() -> None:
    vectors = np.asarray([[1, 0], [0, 1], [0.6, 0.8], [0, 0]], np.float32)
    has = np.asarray([True, True, True, False])
    got = intra_list_diversity(np.asarray([[0, 1, 2], [0, 3, -1]]), vectors, has, (2, 3))
    assert got["ild@2"][0] == pytest.approx(1.0)
    assert got["ild@3"][0] == pytest.approx(((1 - 0) + (1 - 0.6) + (1 - 0.8)) / 3, abs=1e-6)
    assert math.isnan(got["ild@3"][1])


def test_exposure_by_hand() -> None:
    even = exposure(np.asarray([[0, 1], [2, 3]]), 4, (2,))
    assert even == {"coverage@2": 1.0, "gini@2": pytest.approx(0.0)}
    one = exposure(np.asarray([[0], [0]]), 4, (1,))
    assert one["coverage@1"] == 0.25
    assert one["gini@1"] == pytest.approx(0.75)  # (n - 1) / n
