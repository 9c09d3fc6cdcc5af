from __future__ import annotations

import numpy as np
import pytest

from recommender.histories import Histories
from recommender.models.likes import everyones_likes, told
from tests.recommender.makers import by_id, data_of, history_of, items_of, shop_like

NEVER = float("inf")
ITEMS = items_of({}, more=["a", "b", "c", "d"])


def ranked(*events: tuple[str, float, float]) -> dict[str, float]:
    return by_id(ITEMS, told(history_of(ITEMS, events), 4, NEVER, 0.5).toarray()[0].tolist())


def test_every_product_liked_later_halves_the_weight() -> None:
    assert ranked(("a", 1, 1), ("b", 1, 2), ("c", 3, 3)) == {"a": 0.25, "b": 0.5, "c": 3.0, "d": 0.0}


def test_a_basket_has_one_rank_and_a_product_the_moment_of_its_last_event() -> None:
    assert ranked(("a", 1, 1), ("b", 1, 2), ("c", 1, 2)) == {"a": 0.25, "b": 1.0, "c": 1.0, "d": 0.0}
    assert ranked(("a", 1, 1), ("b", 1, 2), ("a", 1, 3)) == {"a": 2.0, "b": 0.5, "c": 0.0, "d": 0.0}


def test_dislikes_are_moved_back_by_likes_and_move_back_nothing() -> None:
    assert ranked(("a", -1, 1), ("b", 1, 2), ("c", -1, 3)) == {"a": -0.5, "b": 1.0, "c": -1.0, "d": 0.0}


def test_without_a_factor_it_is_the_faded_history() -> None:
    data = shop_like(20, 30)
    histories = data.histories(np.arange(20), np.full(20, data.asof))
    plain = histories.matrix(histories.faded(30.0), 30).toarray()
    assert np.array_equal(told(histories, 30, 30.0, 1.0).toarray(), plain)
    assert told(histories, 30, 30.0, 1.0 - 1e-12).toarray() == pytest.approx(plain)


def test_customers_in_a_batch_do_not_mix() -> None:
    data = shop_like(20, 30)
    histories = data.histories(np.arange(20), np.full(20, data.asof))
    whole = told(histories, 30, 60.0, 0.7).toarray()
    for row in range(20):
        alone: Histories = histories.part(row, row + 1)
        assert told(alone, 30, 60.0, 0.7).toarray()[0] == pytest.approx(whole[row])


def test_likes_are_balances_above_nought() -> None:
    data = data_of(ITEMS, [("u", "a", 1, 1), ("u", "a", -0.6, 2), ("u", "b", 0.5, 1), ("u", "b", -0.5, 2)])
    assert by_id(ITEMS, everyones_likes(data).toarray()[0].tolist()) == pytest.approx(
        {"a": 0.4, "b": 0, "c": 0, "d": 0}
    )
