"""Figures of true preference on lists whose answers one can see."""

from __future__ import annotations

import numpy as np

from data.demo.satisfaction import list_percentile, true_ndcg

LIKING = np.array([[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0]])
ALL = np.ones((2, 5), np.bool_)


def test_the_percentile_of_the_best_the_middle_and_the_worst() -> None:
    top = np.array([[0, 1], [2, 0]])
    np.testing.assert_allclose(list_percentile(LIKING, top, ALL, k=2), [87.5, 25.0])


def test_percentiles_are_among_what_could_have_been_listed() -> None:
    allowed = ALL.copy()
    allowed[0, :2] = False
    np.testing.assert_allclose(list_percentile(LIKING, np.array([[2], [4]]), allowed, k=1), [100.0, 100.0])


def test_a_random_list_has_the_middle_percentile() -> None:
    rng = np.random.default_rng(0)
    liking = rng.standard_normal((400, 50))
    top = np.argsort(rng.random((400, 50)), axis=1)[:, :10]
    found = list_percentile(liking, top, np.ones((400, 50), np.bool_))
    assert abs(found.mean() - 50) < 1.5


def test_ndcg_of_the_truly_best_is_one_and_of_none_of_them_zero() -> None:
    top = np.array([[1, 0], [0, 1]])
    np.testing.assert_allclose(true_ndcg(LIKING, top, ALL, k=2), [1.0, 0.0])


def test_ndcg_discounts_by_rank() -> None:
    top = np.array([[3, 0], [4, 0]])
    ideal = 1 + 1 / np.log2(3)
    np.testing.assert_allclose(true_ndcg(LIKING, top, ALL, k=2), [1 / np.log2(3) / ideal, 1 / ideal])


def test_padding_and_unknown_likings_count_nothing() -> None:
    liking = LIKING.copy()
    liking[0] = np.nan
    top = np.array([[0, 1], [4, -1]])
    percentile, ndcg = list_percentile(liking, top, ALL, k=2), true_ndcg(liking, top, ALL, k=2)
    assert np.isnan(percentile[0])
    assert np.isnan(ndcg[0])
    assert percentile[1] == 100.0
    np.testing.assert_allclose(ndcg[1], 1 / (1 + 1 / np.log2(3)))


def test_where_fewer_than_k_can_be_listed_all_of_them_are_the_best() -> None:
    np.testing.assert_allclose(true_ndcg(LIKING, np.argsort(-LIKING, axis=1), ALL, k=10), [1.0, 1.0])
