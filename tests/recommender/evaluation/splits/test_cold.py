"""Products of which nothing is known: as they came, and as they were removed."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation.exam import ONLY_WARM
from recommender.evaluation.ranking import rank
from recommender.evaluation.splits import HELD_OUT_ITEMS, hashed_shares, split
from recommender.models.random import Random
from tests.recommender.evaluation.shops import shop_with_arrivals
from tests.recommender.makers import shop_like

DATA = shop_with_arrivals()


@pytest.mark.parametrize("name", ["cold-items", "cold-natural"])
def test_cold_products_were_never_learnt_and_only_they_are_asked_for(name: str) -> None:
    fold = split(DATA, name)
    assert not set(fold.fit.events.items.tolist()) & set(fold.test.wanted.indices.tolist())
    assert fold.test.items is DATA.items  # the whole catalogue is ranked
    for lesson in fold.lessons:
        assert not set(lesson.known.events.items.tolist()) & set(lesson.exam.wanted.indices.tolist())


def test_a_tenth_of_the_products_is_removed_and_asked_for() -> None:
    fold = split(DATA, "cold-items")
    draw = hashed_shares(DATA.items.ids, "product")
    out = set(np.flatnonzero(draw < HELD_OUT_ITEMS).tolist())
    assert HELD_OUT_ITEMS == 0.1
    assert fold.described["products_removed"] == len(out)
    assert set(fold.tested.items.tolist()) <= out
    before = DATA.events.where(DATA.events.times < fold.until)
    assert len(fold.fit.events) == (~np.isin(before.items, list(out))).sum()


def test_tuning_is_on_other_products() -> None:
    fold = split(DATA, "cold-items")
    tuned = set(np.concatenate([lesson.exam.wanted.indices for lesson in fold.lessons]).tolist())
    assert tuned
    assert not tuned & set(fold.test.wanted.indices.tolist())
    for lesson in fold.lessons:
        assert not set(lesson.known.events.items.tolist()) & (tuned | set(fold.test.wanted.indices.tolist()))


def test_what_was_met_before_its_removal_is_not_ranked() -> None:
    data = shop_like(customers=200)
    fold = split(data, "cold-items")
    past, n = data.until(fold.until or 0.0).events, len(data.items)
    met = np.zeros((len(data.customers), n), np.bool_)
    met[past.customers, past.items] = True
    for exam in (fold.test, fold.test.first(len(fold.test) - 1)):
        own = met[exam.who]
        assert own[:, np.setdiff1d(np.arange(n), fold.fit.events.items)].any(), "of removed products too"
        assert np.array_equal(exam.barred(0, len(exam)), own)
        top = rank(Random(1).fit(fold.fit), exam, n).top
        shown = [set(row[row >= 0].tolist()) for row in top]
        assert shown == [set(np.flatnonzero(~mine).tolist()) for mine in own]
    order = np.arange(len(fold.test))[::-1].copy()
    exchanged = fold.test.with_histories(fold.test.histories.of(order), order)
    assert np.array_equal(exchanged.barred(0, len(order)), met[fold.test.who][order])
    again = split(data, "cold-items", repeat=True).test
    assert not again.barred(0, len(again)).any()


def test_natural_is_what_was_first_bought_after_the_cut_and_nothing_is_removed() -> None:
    fold = split(DATA, "cold-natural")
    first = np.full(len(DATA.items), np.inf)
    np.minimum.at(first, DATA.events.items, DATA.events.times)
    late = set(np.flatnonzero((first >= fold.until) & np.isfinite(first)).tolist())
    assert set(fold.tested.items.tolist()) == late
    assert fold.described["products_asked_for"] == len(late)
    assert len(fold.fit.events) == len(split(DATA, "time").fit.events)


def test_customers_of_other_products_are_counted_apart() -> None:
    fold = split(DATA, "cold-natural")
    after = DATA.events.where(DATA.events.times >= fold.until)
    silent = len(DATA.customers) - len(np.unique(after.customers))
    assert fold.test.excluded["no_event_in_window"] == silent
    assert fold.test.excluded[ONLY_WARM] == len(np.unique(after.customers)) - len(
        np.unique(fold.tested.customers)
    )


def test_a_shop_without_new_products_asks_nobody_and_says_why() -> None:
    fold = split(shop_like(), "cold-natural")
    assert len(fold.test) == 0
    assert fold.described["products_asked_for"] == 0
    assert fold.test.excluded[ONLY_WARM] > 0
