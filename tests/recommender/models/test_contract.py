"""One contract for all models and sources."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.dataset import Dataset
from recommender.models.base import Fitted, Recipe
from recommender.settings import MODELS, SOURCES, Settings
from tests.recommender.makers import history_of, shop_like

RECIPES: dict[str, Recipe] = {
    **{f"model {name}": Settings().model(name) for name in MODELS},
    **{f"source {name}": Settings().source(name) for name in SOURCES},
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return shop_like(customers=40, products=30)


@pytest.fixture(scope="module", params=RECIPES, ids=lambda name: name.replace(" ", "-"))
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return RECIPES[request.param]


@pytest.fixture(scope="module")
def fitted(recipe: Recipe, data: Dataset) -> Fitted:
    return recipe.fit(data)


def test_scores_every_product_for_every_customer(fitted: Fitted, data: Dataset) -> None:
    told = data.histories(np.arange(20), np.full(20, data.asof))
    scores = fitted.score(told)
    assert scores.shape == (20, len(data.items))
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


def test_fitting_and_scoring_twice_gives_the_same(recipe: Recipe, fitted: Fitted, data: Dataset) -> None:
    told = data.histories(np.arange(20), np.full(20, data.asof))
    first = fitted.score(told).copy()
    assert np.array_equal(first, fitted.score(told))
    assert np.array_equal(first, recipe.fit(data).score(told))


def test_a_customer_alone_gets_the_same_as_in_a_batch(fitted: Fitted, data: Dataset) -> None:
    told = data.histories(np.arange(12), np.full(12, data.asof))
    whole = fitted.score(told)
    for row in range(12):
        assert fitted.score(told.part(row, row + 1))[0] == pytest.approx(whole[row], abs=2e-5)


def test_a_customer_who_was_never_seen_in_training_is_scored(fitted: Fitted, data: Dataset) -> None:
    items = data.items
    told = history_of(items, [("p003", 1.0, 199), ("p009", -0.5, 200)])
    assert np.isfinite(fitted.score(told)).all()


def test_a_customer_without_history_is_scored(fitted: Fitted, data: Dataset) -> None:
    assert np.isfinite(fitted.score(history_of(data.items, []))).all()


def test_nobody_at_all_is_no_error(fitted: Fitted, data: Dataset) -> None:
    nobody = data.histories(np.zeros(0, np.int64), np.zeros(0))
    assert fitted.score(nobody).shape == (0, len(data.items))


def test_scoring_changes_nothing_in_the_model(fitted: Fitted, data: Dataset) -> None:
    told = data.histories(np.arange(5), np.full(5, data.asof))
    fitted.score(told)[:] = -99
    assert (fitted.score(told) != -99).any()


def test_training_without_any_interaction_works(recipe: Recipe, data: Dataset) -> None:
    empty = data.with_events(data.events.where(np.zeros(len(data.events), np.bool_)))
    assert np.isfinite(recipe.fit(empty).score(history_of(data.items, [("p001", 1.0, 5)]))).all()


def test_names_are_known(recipe: Recipe, fitted: Fitted) -> None:
    assert recipe.name == fitted.name
    assert recipe.name in {*MODELS, *SOURCES}
