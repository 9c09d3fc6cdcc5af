from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from recommender.models.likes import everyones_likes
from recommender.models.rp3beta import Rp3beta, p3alpha
from tests.recommender.makers import by_id, data_of, history_of, items_of, shop_like

NEVER = float("inf")
ITEMS = items_of({}, more=["a", "b", "c", "d"])
# u1 likes a and b, u2 likes a, b and c, u3 likes c; nobody likes d.
DATA = data_of(
    ITEMS,
    [("u1", "a", 1, 1), ("u1", "b", 1, 1)]
    + [("u2", name, 1, 1) for name in ("a", "b", "c")]
    + [("u3", "c", 1, 1)],
)


def scores(recipe: Rp3beta, *liked: str) -> dict[str, float]:
    asked = history_of(ITEMS, [(name, 1.0, 1) for name in liked])
    return by_id(ITEMS, recipe.fit(DATA).score(asked)[0].tolist())


def test_the_walk_by_hand() -> None:
    """From a to u1 or u2 with 1/2 each; from u1 to b with 1/2, from u2 to b or c with 1/3."""
    got = scores(Rp3beta(beta=0.0, normalise=False, half_life=NEVER), "a")
    assert got == pytest.approx({"a": 0, "b": 1 / 4 + 1 / 6, "c": 1 / 6, "d": 0})
    onto = scores(Rp3beta(beta=1.0, normalise=False, half_life=NEVER), "c")
    assert onto == pytest.approx({"a": 1 / 6 / 2, "b": 1 / 6 / 2, "c": 0, "d": 0})


def test_normalised_rows_add_up_to_one() -> None:
    got = scores(Rp3beta(beta=0.0, half_life=NEVER), "a")
    assert got == pytest.approx({"a": 0, "b": (5 / 12) / (7 / 12), "c": (2 / 12) / (7 / 12), "d": 0})


@pytest.mark.parametrize("k", [3, 1000])
@pytest.mark.parametrize("normalise", [True, False])
def test_a_dense_naive_computation_agrees(k: int, normalise: bool) -> None:
    data = shop_like(60, 30)
    x = (everyones_likes(data).toarray() > 0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_customer = np.nan_to_num(x.T / x.T.sum(axis=1, keepdims=True)) ** 0.7
        to_product = np.nan_to_num(x / x.sum(axis=1, keepdims=True)) ** 0.7
    walk = to_customer @ to_product * np.maximum(x.sum(axis=0), 1.0) ** -0.4
    np.fill_diagonal(walk, 0.0)
    walk = cut(walk, k)
    if normalise:
        walk /= np.maximum(walk.sum(axis=1, keepdims=True), 1e-300)
    walk = cut(walk.T.copy(), k).T
    found = Rp3beta(0.7, 0.4, k, normalise, NEVER).fit(data).similarity.toarray()
    assert found == pytest.approx(walk, abs=1e-6)


def cut(table: np.ndarray, k: int) -> np.ndarray:  # type: ignore[type-arg]
    """The k largest of every row, the first of equal ones; ties of float noise are taken as ties."""
    for row in table:
        row[np.argsort(-row.round(12), kind="stable")[k:]] = 0.0
    return table


def test_p3alpha_is_the_walk_without_damping() -> None:
    assert (p3alpha().beta, p3alpha().name) == (0.0, "p3alpha")
    assert p3alpha().fit(DATA).name == "p3alpha"


@pytest.mark.parametrize("bad", [{"alpha": -1.0}, {"beta": -0.1}, {"neighbours": 0}, {"recency": 0.0}])
def test_settings_that_make_no_model_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Rp3beta(**bad)  # type: ignore[arg-type]
