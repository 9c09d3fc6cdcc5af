from __future__ import annotations

import numpy as np
import pytest

from data.errors import NotReady, UsageError
from recommender.dataset import Dataset
from recommender.evaluation.splits import (
    SPLITS,
    TEST_SHARE,
    WINDOWS,
    Fold,
    hashed_shares,
    split,
    window_edges,
)
from tests.recommender.evaluation.shops import shop_with_arrivals
from tests.recommender.makers import data_of, items_of


@pytest.fixture(scope="module")
def data() -> Dataset:
    return shop_with_arrivals()


@pytest.fixture(params=SPLITS)
def fold(request: pytest.FixtureRequest, data: Dataset) -> Fold:
    return split(data, request.param)


def keys(events: object, n: int) -> set[tuple[int, int, float]]:
    return set(zip(events.customers.tolist(), events.items.tolist(), events.times.tolist(), strict=True))  # type: ignore[attr-defined]


def test_no_split_learns_what_it_asks(fold: Fold) -> None:
    n = len(fold.test.items)
    assert not keys(fold.fit.events, n) & keys(fold.tested, n)
    for lesson in fold.lessons:
        assert not keys(lesson.known.events, n) & keys(fold.tested, n)
        assert keys(lesson.known.events, n) < keys(fold.fit.events, n) | keys(lesson.known.events, n)


def test_every_split_asks_and_can_be_tuned(fold: Fold) -> None:
    assert len(fold.test) >= 8
    assert all(len(lesson.exam) for lesson in fold.lessons)


def test_the_same_split_twice_is_the_same(fold: Fold, data: Dataset) -> None:
    again = split(data, fold.split)
    assert np.array_equal(fold.test.who, again.test.who)
    assert np.array_equal(fold.test.wanted.toarray(), again.test.wanted.toarray())
    assert fold.as_json() == again.as_json()


def test_every_customer_is_asked_or_counted(fold: Fold, data: Dataset) -> None:
    assert len(fold.test) + sum(fold.test.excluded.values()) == len(data.customers)


def test_time_is_cut_once_for_all(data: Dataset) -> None:
    fold = split(data, "time")
    assert fold.until is not None
    assert fold.fit.events.times.max() < fold.until <= fold.tested.times.min()
    assert len(fold.tested) / len(data.events) == pytest.approx(TEST_SHARE, abs=0.01)
    assert len(fold.fit.events) + len(fold.tested) == len(data.events)
    assert len(fold.lessons) == WINDOWS
    for lesson in fold.lessons:
        assert lesson.known.events.times.max() < lesson.exam.histories.now.min() < fold.until
    assert [len(x.known.events) for x in fold.lessons] == sorted(len(x.known.events) for x in fold.lessons)


def test_last_asks_the_last_moment_of_each() -> None:
    data = data_of(
        items_of(),
        [
            ("a", "shoe1", 1, 1),
            ("a", "shoe2", 1, 2),
            ("a", "shoe3", 1, 3),
            ("a", "hat1", 1, 3),
            ("b", "hat2", 1, 9),
        ],
    )
    fold = split(data, "last")
    names = [data.items.ids[i] for i in fold.test.wanted[[0]].indices]
    assert sorted(names) == ["hat1", "shoe3"]  # one moment, one basket
    assert [data.items.ids[i] for i in fold.lessons[0].exam.wanted.indices] == ["shoe2"]


def test_held_out_customers_are_not_learnt_from(data: Dataset) -> None:
    fold = split(data, "user")
    assert not set(fold.test.who) & set(fold.fit.events.customers)
    held_out = fold.described["customers_held_out"]
    assert fold.test.excluded["not_held_out"] == len(data.customers) - held_out  # type: ignore[operator]
    assert not set(fold.lessons[0].exam.who) & set(fold.lessons[0].known.events.customers)
    early = fold.test.histories
    assert (early.times < early.now[early.owners]).all()
    assert (np.diff(early.starts) > 0).mean() > 0.9


def test_hash_shares_are_fair_and_stable() -> None:
    shares = hashed_shares([f"c{i}" for i in range(5000)], "customer")
    assert (shares < 0.2).mean() == pytest.approx(0.2, abs=0.02)
    assert not np.array_equal(shares, hashed_shares([f"c{i}" for i in range(5000)], "product"))
    assert hashed_shares(["c1"], "customer")[0] == hashed_shares(["x", "c1"], "customer")[1]


def test_edges_rise_and_have_something_before_them() -> None:
    times = np.arange(100, dtype=np.float64)
    assert window_edges(times, 80.0) == [20.0, 32.0, 44.0, 56.0, 68.0, 80.0]
    assert window_edges(np.full(10, 5.0), 80.0) == [80.0]
    assert window_edges(np.zeros(0), 80.0) == [80.0]


def test_what_cannot_be_split_says_so() -> None:
    items = items_of()
    with pytest.raises(NotReady, match="same timestamp"):
        split(data_of(items, [("a", "shoe1", 1, 5), ("b", "hat1", 1, 5)]), "time")
    with pytest.raises(NotReady, match="vitrine interactions"):
        split(data_of(items, []), "time")
    with pytest.raises(UsageError, match="rolling makes several"):
        split(data_of(items, [("a", "shoe1", 1, 5)]), "rolling")
    with pytest.raises(UsageError, match="no split"):
        split(data_of(items, [("a", "shoe1", 1, 5)]), "weekly")


@pytest.mark.parametrize("name", SPLITS)
def test_choices_may_repeat(data: Dataset, name: str) -> None:
    once, again = split(data, name), split(data, name, repeat=True)
    assert again.test.repeat
    assert not once.test.repeat
    assert all(lesson.exam.repeat for lesson in again.lessons)
    assert "only_products_seen_before" not in again.test.excluded
    assert again.test.dropped["seen_before"] == 0
    assert again.test.wanted.nnz == once.test.wanted.nnz + once.test.dropped["seen_before"]
    assert np.array_equal(again.fit.events.times, once.fit.events.times)
    assert again.digest != once.digest
