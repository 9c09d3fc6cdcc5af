"""Popularity, novelty and spread on lists that one can work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recommender.evaluation.exam import Exam, hold_exam
from recommender.evaluation.metrics import (
    exposure,
    head,
    long_tail,
    novelty,
    popular_lists,
    popularity_lift,
    serendipity,
)
from recommender.histories import DAY
from recommender.topk import top_k
from tests.recommender.makers import data_of, items_of, shop_like


def test_novelty_is_the_information_of_a_choice() -> None:
    top = np.asarray([[0, 1], [1, -1]])
    got = novelty(top, np.asarray([7, 0]), 7, (1, 2))
    assert got["novelty@1"].tolist() == [0.0, 3.0]
    assert got["novelty@2"].tolist() == [1.5, 3.0]


def test_exposure_by_hand() -> None:
    even = exposure(np.asarray([[0, 1], [2, 3]]), 4, (2,))
    assert even == {"coverage@2": 1.0, "gini@2": pytest.approx(0.0)}
    one = exposure(np.asarray([[0], [0]]), 4, (1,))
    assert one["coverage@1"] == 0.25
    assert one["gini@1"] == pytest.approx(0.75)  # (n - 1) / n


def test_a_list_as_popular_as_a_like_has_a_lift_of_one() -> None:
    counts = np.asarray([6, 2, 0])  # a like drawn at random falls on a product with (36 + 4) / 8 = 5 likes
    got = popularity_lift(np.asarray([[0, 1], [2, -1], [-1, -1]]), counts, (1, 2))
    assert got["popularity_lift@1"][:2].tolist() == [6 / 5, 0]
    assert got["popularity_lift@2"][:2].tolist() == [pytest.approx(4 / 5), 0]
    assert math.isnan(got["popularity_lift@1"][2])
    assert np.isnan(
        popularity_lift(np.asarray([[0]]), np.zeros(3, np.int64), (1,))["popularity_lift@1"]
    ).all()


def test_the_head_is_the_fewest_products_with_four_fifths_of_the_likes() -> None:
    assert head(np.asarray([1, 7, 1, 1])).tolist() == [True, True, False, False]
    assert head(np.asarray([8, 1, 1])).tolist() == [True, False, False]
    assert not head(np.zeros(3, np.int64)).any()


def test_the_long_tail_is_the_rest() -> None:
    got = long_tail(np.asarray([[1, 2, 3], [0, -1, -1]]), np.asarray([1, 7, 1, 1]), (1, 3))
    assert got["long_tail@1"].tolist() == [0, 0]
    assert got["long_tail@3"].tolist() == [pytest.approx(2 / 3), 0]
    assert np.isnan(long_tail(np.asarray([[0]]), np.zeros(2, np.int64), (1,))["long_tail@1"]).all()


def test_a_hit_that_popularity_has_too_is_not_serendipitous() -> None:
    top, hits = np.asarray([[4, 0, 5, -1]]), np.asarray([[True, True, True, False]])
    popular = np.asarray([[0, 1, 5, 2]])
    got = serendipity(top, hits, popular, (1, 2, 4))
    assert got["serendipity@1"].tolist() == [1]
    assert got["serendipity@2"].tolist() == [1 / 2]  # 5 is not shown yet, 0 is the most popular
    assert got["serendipity@4"].tolist() == [1 / 4]
    assert serendipity(top, ~hits & False, popular, (4,))["serendipity@4"].tolist() == [0]


def asked(arrived: dict[str, float] | None = None) -> Exam:
    items = items_of(arrived=arrived)
    events = [("a", "shoe1", 1.0, 1.0), ("a", "hat1", 1.0, 60.0), ("b", "hat2", 1.0, 61.0)]
    data = data_of(items, events)
    return hold_exam(data.until(50 * DAY), data.events.where(data.events.times >= 50 * DAY))


def test_popular_products_are_those_that_the_customer_could_be_shown() -> None:
    exam = asked({"shoe3": 90.0})
    likes = {"shoe1": 5, "shoe3": 9, "shoe2": 3, "hat1": 1, "hat2": 0}
    counts = np.asarray([likes[name] for name in exam.items.ids])
    names = [[exam.items.ids[i] if i >= 0 else "" for i in row] for row in popular_lists(exam, counts, 3)]
    assert names == [["shoe2", "hat1", ""], ["shoe1", "shoe2", "hat1"]]


def test_popular_lists_agree_with_ranking_everything() -> None:
    data = shop_like()
    cut = float(np.quantile(data.events.times, 0.8))
    exam = hold_exam(data.until(cut), data.events.where(data.events.times >= cut))
    counts = data.until(cut).item_counts()
    scores = np.repeat(counts[None, :].astype(np.float32), len(exam), axis=0)
    scores[exam.barred(0, len(exam)) | (scores == 0)] = -np.inf
    assert np.array_equal(popular_lists(exam, counts, 20), top_k(scores, 20))
