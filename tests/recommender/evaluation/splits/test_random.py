"""The split by chance, which is for conformance only."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation.splits import TEST_SHARE, split
from tests.recommender.makers import data_of, items_of, shop_like

DATA = shop_like()


def test_it_says_that_it_is_not_for_conclusions() -> None:
    fold = split(DATA, "random")
    assert not fold.conclusive
    assert "not_for_conclusions" in fold.described
    assert fold.as_json()["conclusive"] is False
    assert split(DATA, "time").conclusive


def test_all_events_of_a_pair_are_on_one_side() -> None:
    fold, n = split(DATA, "random"), len(DATA.items)
    learnt, tested = (e.customers * n + e.items for e in (fold.fit.events, fold.tested))
    assert not set(learnt.tolist()) & set(tested.tolist())
    distinct = len(np.unique(tested)) / len(np.unique(DATA.events.customers * n + DATA.events.items))
    assert distinct == pytest.approx(TEST_SHARE, abs=0.04)


def test_a_pair_is_drawn_by_its_ids_whatever_else_is_there() -> None:
    more = data_of(
        items_of(),
        [(f"c{i:02d}", name, 1.0, float(i)) for i in range(40) for name in ("shoe1", "hat1", "hat2")],
    )
    fewer = data_of(items_of(), [(f"c{i:02d}", "hat1", 1.0, float(i)) for i in range(40)])
    tested = [
        {
            fold.fit.customers[c]
            for c in fold.tested.customers[fold.tested.items == fold.test.items.row_of["hat1"]]
        }
        for fold in (split(more, "random"), split(fewer, "random"))
    ]
    assert tested[0] == tested[1]
    assert 2 <= len(tested[0]) <= 16


def test_everybody_is_asked_after_the_last_interaction() -> None:
    fold = split(DATA, "random")
    assert (fold.test.histories.now > DATA.events.times[-1]).all()
