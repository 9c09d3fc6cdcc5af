from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from recommender.models.ease import Ease
from recommender.models.likes import everyones_likes
from recommender.models.silence import SILENT
from tests.recommender.makers import by_id, data_of, history_of, items_of, shop_like

NEVER = float("inf")
ITEMS = items_of({}, more=["a", "b", "c"])
DATA = data_of(ITEMS, [("u", "a", 1, 1), ("u", "b", 1, 1), ("v", "a", 1, 1)])


def test_two_products_by_hand() -> None:
    """XᵀX + I = [[3, 1], [1, 2]], its inverse [[2, −1], [−1, 3]] / 5, so B_ab = 1/3 and B_ba = 1/2."""
    fitted = Ease(1.0, NEVER).fit(DATA)
    of_a = by_id(ITEMS, fitted.score(history_of(ITEMS, [("a", 1.0, 1)]))[0].tolist())
    assert of_a == pytest.approx({"a": 0.0, "b": 1 / 3, "c": SILENT})
    of_b = by_id(ITEMS, fitted.score(history_of(ITEMS, [("b", 1.0, 1)]))[0].tolist())
    assert of_b == pytest.approx({"a": 1 / 2, "b": 0.0, "c": SILENT})


@pytest.mark.parametrize("products", [30, 520])
def test_the_published_formula_in_plain_numpy_agrees(products: int) -> None:
    """520 products are more than are worked on at once."""
    data = shop_like(150, products)
    x = (everyones_likes(data).toarray() > 0).astype(np.float64)
    inverse = np.linalg.inv(x.T @ x + 20.0 * np.eye(products))
    table = inverse / -np.diag(inverse)
    np.fill_diagonal(table, 0.0)
    histories = data.histories(np.arange(20), np.full(20, data.asof))
    found = Ease(20.0, NEVER).fit(data).score(histories)
    known = x.any(axis=0)
    assert found[:, known] == pytest.approx(
        (everyones_likes(data).toarray()[:20] @ table)[:, known], abs=1e-5
    )
    assert (found[:, ~known] == SILENT).all()


def test_customers_of_whom_nothing_is_known_get_nothing() -> None:
    fitted = Ease().fit(DATA)
    for events in ([], [("c", 1.0, 1)]):
        assert (fitted.score(history_of(ITEMS, events)) == SILENT).all()


def test_too_many_products_are_refused_with_the_size_and_the_setting() -> None:
    with pytest.raises(UsageError, match=r"2 × 2 take 0\.0 GB.*`most` allows 1"):
        Ease(most=1).fit(DATA)
    assert Ease(most=2).fit(DATA).table.shape == (2, 2)  # c, which nobody likes, does not count
    assert 12 * Ease().most ** 2 < 4e9


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan")])
def test_settings_that_make_no_model_are_refused(bad: float) -> None:
    with pytest.raises(UsageError, match="regularisation"):
        Ease(bad)
