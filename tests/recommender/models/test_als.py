from __future__ import annotations

import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from data.errors import UsageError
from recommender.models.als import Als, plain
from recommender.models.likes import everyones_likes
from recommender.models.silence import SILENT
from tests.recommender.makers import best, data_of, history_of, items_of, shop_like

SMALL = Als(factors=8, iterations=5)


def test_groups_of_taste_are_found() -> None:
    items = items_of({}, more=["a1", "a2", "a3", "b1", "b2", "b3", "nobody"])
    likes = [
        (f"{g}{i}", f"{g}{p}", 1.0, 1.0) for g in "ab" for i in range(6) for p in (1, 2, 3) if i % 3 != p % 3
    ]
    scores = Als(factors=2).fit(data_of(items, likes)).score(history_of(items, [("a1", 1.0, 1)]))[0].tolist()
    order = best(items, scores, ("a1",))
    assert set(order[:2]) == {"a2", "a3"}
    assert order[-1] == "nobody"


def test_a_fold_in_is_the_closed_form_of_the_paper() -> None:
    data = shop_like(40, 30)
    fitted = Als(factors=6, iterations=3, regularisation=0.5, alpha=4.0).fit(data)
    y = fitted.factors.astype(np.float64)
    told = data.histories(np.arange(10), np.full(10, data.asof))
    for row, weights in enumerate(told.wanted(30).toarray()):
        trust = 1 + 4.0 * weights
        left = (y.T * trust) @ y + 0.5 * np.eye(6)
        wanted = np.linalg.solve(left, y.T @ (trust * (weights > 0))) @ y.T
        known = y.any(axis=1)
        assert fitted.score(told)[row, known] == pytest.approx(wanted[known], abs=1e-4)


def test_a_fold_in_agrees_with_implicit_on_trained_customers() -> None:
    """The same factors, the same history: implicit's own recommendation, list and scores."""
    data = shop_like(60, 40)
    fitted = SMALL.fit(data)
    likes = plain(everyones_likes(data))
    likes.data = 1 + np.float32(SMALL.alpha) * likes.data
    ids, values = fitted.solver.recommend(
        np.arange(60), likes, N=5, filter_already_liked_items=False, recalculate_user=True
    )
    told = data.histories(np.arange(60), np.full(60, data.asof))
    scores = fitted.score(told)
    assert np.take_along_axis(scores, ids, 1) == pytest.approx(values, abs=1e-5)
    assert scores.max(axis=1) == pytest.approx(values[:, 0], abs=1e-5)


def test_trained_customers_keep_about_the_scores_of_the_training() -> None:
    data = shop_like(60, 40)
    with threadpool_limits(1):  # several threads for so little would only wait for one another
        fitted = Als(factors=8, iterations=40).fit(data)
    trained = fitted.solver.user_factors @ fitted.factors.T
    scores = fitted.score(data.histories(np.arange(60), np.full(60, data.asof)))
    known = fitted.factors.any(axis=1)
    assert np.corrcoef(trained[:, known].ravel(), scores[:, known].ravel())[0, 1] > 0.99


def test_the_number_of_threads_changes_nothing_and_nothing_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    data = shop_like(40, 30)
    before = threadpool_info()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        many = SMALL.fit(data).factors
        with threadpool_limits(1):
            one = SMALL.fit(data).factors
    assert np.array_equal(many, one)
    assert threadpool_info() == before
    assert capfd.readouterr() == ("", "")


def test_without_likes_there_is_nothing_to_say() -> None:
    data = shop_like(40, 30)
    fitted = SMALL.fit(data)
    assert (fitted.score(history_of(data.items, [("p001", -1.0, 1)])) == SILENT).all()


@pytest.mark.parametrize("bad", [{"factors": 0}, {"iterations": 0}, {"regularisation": 0.0}, {"alpha": -1.0}])
def test_settings_that_make_no_model_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="als"):
        Als(**bad)  # type: ignore[arg-type]
