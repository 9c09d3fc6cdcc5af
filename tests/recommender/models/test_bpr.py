from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from recommender.models.bpr import Bpr, _fold_map, _middle
from recommender.models.likes import everyones_likes
from recommender.models.silence import SILENT
from tests.recommender.makers import best, data_of, history_of, items_of, shop_like

SMALL = Bpr(factors=8, iterations=30, learning_rate=0.1)


def test_groups_of_taste_are_found() -> None:
    items = items_of({}, more=["a1", "a2", "a3", "b1", "b2", "b3", "nobody"])
    likes = [
        (f"{g}{i}", f"{g}{p}", 1.0, 1.0) for g in "ab" for i in range(9) for p in (1, 2, 3) if i % 3 != p % 3
    ]
    fitted = Bpr(factors=4, iterations=300, learning_rate=0.1).fit(data_of(items, likes))
    order = best(items, fitted.score(history_of(items, [("a1", 1.0, 1)]))[0].tolist(), ("a1",))
    assert set(order[:2]) == {"a2", "a3"}
    assert order[-1] == "nobody"


def test_the_fold_in_is_a_ridge_regression_on_the_mean_of_the_liked_factors() -> None:
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(30, 5)).astype(np.float32)
    likes = everyones_likes(shop_like(40, 30))
    likes.data[:] = 1.0
    middle = _middle(likes, factors)
    row = likes[[3]].toarray()[0] > 0
    assert middle[3] == pytest.approx(factors[row].sum(axis=0) / np.sqrt(row.sum()), abs=1e-6)
    # Where the trained factors are a linear map of the middle, that map is found.
    truth = rng.normal(size=(5, 5))
    assert _fold_map(middle, (middle @ truth).astype(np.float32)) == pytest.approx(truth, abs=0.1)


def test_customers_folded_in_get_about_what_training_gave_them() -> None:
    data = shop_like(120, 40)
    likes = everyones_likes(data)
    likes.data[:] = 1.0
    users, products = SMALL._train(likes)
    trained = users @ products[:, :-1].T + products[:, -1]
    scores = SMALL.fit(data).score(data.histories(np.arange(120), np.full(120, data.asof)))
    known = products.any(axis=1)
    alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(trained[:, known], scores[:, known], strict=True)]
    assert float(np.mean(alike)) > 0.8


def test_without_likes_there_is_nothing_to_say() -> None:
    data = shop_like(40, 30)
    assert (SMALL.fit(data).score(history_of(data.items, [("p001", -1.0, 1)])) == SILENT).all()


def test_the_seed_decides() -> None:
    data = shop_like(40, 30)
    assert not np.array_equal(SMALL.fit(data).factors, Bpr(8, 0.1, iterations=30, seed=8).fit(data).factors)


@pytest.mark.parametrize(
    "bad", [{"factors": 0}, {"iterations": 0}, {"learning_rate": 0.0}, {"regularisation": -1.0}]
)
def test_settings_that_make_no_model_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="bpr"):
        Bpr(**bad)  # type: ignore[arg-type]
