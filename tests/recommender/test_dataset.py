from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import UsageError
from recommender.dataset import Events
from recommender.histories import DAY
from recommender.models.popularity import popularity
from recommender.tallies import Tallies
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


def test_what_is_disliked_on_balance_is_no_like() -> None:
    told = [
        ("a", "hat1", 0.2, 1),  # clicked, then disliked
        ("a", "hat1", -0.8, 2),
        ("b", "hat1", -0.6, 1),  # returned, then bought again
        ("b", "hat1", 1.0, 9),
        ("c", "hat2", 0.6, 3),  # liked and returned: in balance
        ("c", "hat2", -0.6, 4),
        ("c", "shoe1", 1.0, 5),
    ]
    data = data_of(ITEMS, told)
    likes = data.likes()
    assert [ITEMS.ids[item] for item in likes.items] == ["shoe1", "hat1"]
    counts = dict(zip(ITEMS.ids, data.item_counts().tolist(), strict=True))
    assert counts == {"shoe1": 1, "hat1": 1, "hat2": 0, "shoe2": 0, "shoe3": 0}
    popular = dict(zip(ITEMS.ids, popularity(data, float("inf")).tolist(), strict=True))
    assert popular == {"shoe1": 1.0, "hat1": 1.0, "hat2": 0, "shoe2": 0, "shoe3": 0}
    first = dict(zip(ITEMS.ids, (Tallies.of(data).first / DAY).tolist(), strict=True))
    assert first == {"shoe1": 5, "hat1": 9, "hat2": np.inf, "shoe2": np.inf, "shoe3": np.inf}


def test_likes_are_those_that_histories_want() -> None:
    rng = np.random.default_rng(0)
    who, what = rng.integers(0, 40, 3000), rng.integers(0, len(ITEMS), 3000)
    weights = rng.choice([1.0, 0.6, 0.1, -0.6, -0.8], 3000)
    names = tuple(f"c{c}" for c in range(40))
    data = replace(DATA, customers=names, events=Events.build(who, what, weights, np.arange(3000.0)))
    wanted = data.histories(np.arange(40), np.full(40, 3000.0)).wanted(len(ITEMS))
    assert data.item_counts().tolist() == np.bincount(wanted.indices, minlength=len(ITEMS)).tolist()


def test_histories_are_told_per_customer_oldest_first() -> None:
    told = DATA.histories(np.asarray([1, 0]), np.asarray([9.0, 9.0]))
    names = [ITEMS.ids[i] for i in told.items]
    assert names == ["shoe1", "hat1", "shoe1", "shoe1", "hat2"]
    assert told.starts.tolist() == [0, 2, 5]


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(UsageError, match="not a finite number"):
        Events.build([0], [0], [float("nan")], [1.0])
