from __future__ import annotations

import numpy as np
import pytest

from recommender.histories import DAY, Histories
from tests.recommender.makers import data_of, history_of, items_of

ITEMS = items_of()


def test_half_life_counts_back_from_the_customers_own_last_event() -> None:
    history = history_of(ITEMS, [("shoe1", 1.0, 10), ("hat1", 1.0, 40), ("hat2", 2.0, 70)], now=1000)
    assert history.faded(30).tolist() == pytest.approx([0.25, 0.5, 2.0])
    assert history.faded(float("inf")).tolist() == [1.0, 1.0, 2.0]


def test_bought_and_returned_is_liked_on_balance_only_if_more_was_liked() -> None:
    history = history_of(ITEMS, [("shoe1", 1.0, 1), ("shoe1", -0.6, 2), ("hat1", 0.2, 1), ("hat1", -0.6, 2)])
    wanted, unwanted = history.wanted(5).toarray()[0], history.unwanted(5).toarray()[0]
    assert wanted[ITEMS.row_of["shoe1"]] == pytest.approx(0.4)
    assert wanted[ITEMS.row_of["hat1"]] == 0
    assert unwanted[ITEMS.row_of["hat1"]] == pytest.approx(0.4)
    assert history.liked().tolist() == [1]
    assert history.met(5).sum() == 2


def test_a_part_of_a_batch_is_the_same_as_those_customers_alone() -> None:
    data = data_of(
        ITEMS, [("a", "shoe1", 1, 1), ("b", "hat1", 1, 2), ("b", "hat2", 1, 3), ("c", "shoe2", 1, 4)]
    )
    whole = data.histories(np.asarray([0, 1, 2]), np.asarray([9.0, 8.0, 7.0]))
    part = whole.part(1, 3)
    assert len(part) == 2
    assert part.starts.tolist() == [0, 2, 3]
    assert part.items.tolist() == whole.items[1:].tolist()
    assert part.now.tolist() == [8.0, 7.0]
    assert part.owners.tolist() == [0, 0, 1]


def test_events_of_one_customer_are_brought_into_order_of_time() -> None:
    history = Histories.single([4, 2], [1.0, 1.0], [20 * DAY, 10 * DAY], 30 * DAY)
    assert history.items.tolist() == [2, 4]


def test_no_events_at_all() -> None:
    history = history_of(ITEMS, [])
    assert history.faded(30).tolist() == []
    assert history.liked().tolist() == [0]
    assert not history.met(5).any()
