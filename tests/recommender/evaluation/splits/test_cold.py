"""Products of which nothing is known: as they came, and as they were removed."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation.exam import ONLY_WARM
from recommender.evaluation.splits import HELD_OUT_ITEMS, hashed_shares, split
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
