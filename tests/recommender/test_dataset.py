from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from recommender.dataset import Events
from recommender.histories import DAY
from tests.recommender.makers import data_of, items_of

ITEMS = items_of()
DATA = data_of(
    ITEMS,
    [
        ("b", "hat1", 1, 5),
        ("a", "shoe1", 1, 1),
        ("a", "shoe1", 1, 2),
        ("b", "shoe1", 1, 3),
        ("a", "hat2", -1, 4),
    ],
)


def test_events_are_in_order_of_time() -> None:
    assert (np.diff(DATA.events.times) >= 0).all()


def test_until_knows_nothing_from_the_moment_on() -> None:
    early = DATA.until(3 * DAY)
    assert len(early.events) == 2
    assert early.asof == 3 * DAY


def test_counts_are_of_customers_who_liked_not_of_events() -> None:
    counts = dict(zip(ITEMS.ids, DATA.item_counts().tolist(), strict=True))
    assert counts == {"shoe1": 2, "hat1": 1, "hat2": 0, "shoe2": 0, "shoe3": 0}


def test_histories_are_told_per_customer_oldest_first() -> None:
    told = DATA.histories(np.asarray([1, 0]), np.asarray([9.0, 9.0]))
    names = [ITEMS.ids[i] for i in told.items]
    assert names == ["shoe1", "hat1", "shoe1", "shoe1", "hat2"]
    assert told.starts.tolist() == [0, 2, 5]


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(UsageError, match="not a finite number"):
        Events.build([0], [0], [float("nan")], [1.0])
