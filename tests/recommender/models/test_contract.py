"""One contract for all models and sources."""

from __future__ import annotations

import json
from dataclasses import is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from recommender.dataset import Dataset
from recommender.items import Items
from recommender.models.base import Fitted, Recipe, factors_of
from recommender.models.kinds import BY_NAME
from recommender.settings import MODELS, SOURCES, Settings
from tests.recommender.makers import history_of, shop_like

# So that models that are trained in rounds take a moment; the contract does not ask how good they are.
SMALL = {"epochs": 2, "iterations": 5, "factors": 8, "dims": 8, "visual_dims": 4}


def small(recipe: Recipe) -> Recipe:
    """The same recipe with the settings that cost time turned down, where it has such."""
    assert is_dataclass(recipe)
    assert not isinstance(recipe, type)
    cheap: dict[str, Any] = {name: value for name, value in SMALL.items() if hasattr(recipe, name)}
    return replace(recipe, **cheap)


RECIPES: dict[str, Recipe] = {
    **{f"model {name}": Settings().model(name) for name in MODELS},
    **{f"source {name}": Settings().source(name) for name in SOURCES},
    **{f"kind {name}": small(kind.make(7)) for name, kind in BY_NAME.items()},
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
    assert recipe.name in {*MODELS, *SOURCES, *BY_NAME}


KEEPERS = [name for name, recipe in RECIPES.items() if hasattr(recipe, "restored")]


def test_every_kind_can_be_kept() -> None:
    assert {f"kind {name}" for name in BY_NAME} <= set(KEEPERS)


def test_what_is_kept_scores_as_what_was_fitted(recipe: Any, fitted: Any, data: Dataset) -> None:
    if not hasattr(recipe, "restored"):
        pytest.skip("is made anew from what the shop keeps")
    kept = fitted.kept()
    again = recipe.restored(kept.over(data.items), data.items)
    told = data.histories(np.arange(20), np.full(20, data.asof))
    assert np.array_equal(again.score(told), fitted.score(told))
    assert (again.name, again.silence) == (fitted.name, fitted.silence)
    assert json.loads(json.dumps(dict(kept.facts))) == dict(kept.facts)
    assert kept.ids == data.items.ids
    for values in kept.per_item.values():
        assert len(values) == len(data.items)
    for table in kept.pairs.values():
        assert table.shape == (len(data.items), len(data.items))


def test_what_is_kept_fits_the_catalogue_of_another_day(recipe: Any, fitted: Any, data: Dataset) -> None:
    if not hasattr(recipe, "restored"):
        pytest.skip("is made anew from what the shop keeps")
    stay = [name for name in data.items.ids if name not in ("p003", "p010")]
    looks = {name: data.items.vectors[data.items.row_of[name]] for name in stay}
    today = Items.build([*stay, "fresh"], vectors=looks)
    again = recipe.restored(fitted.kept().over(today), today)
    for told in (history_of(today, [("p001", 1.0, 5), ("fresh", 1.0, 6)]), history_of(today, [])):
        scores = again.score(told)
        assert scores.shape == (1, len(today))
        assert np.isfinite(scores).all()


def test_the_vectors_of_a_model_multiply_to_its_scores(fitted: Fitted, data: Dataset) -> None:
    factored = factors_of(fitted)
    if factored is None:
        pytest.skip("has no vectors")
    told = data.histories(np.arange(20), np.full(20, data.asof))
    asked, vectors = factored.customer_factors(told)
    items = factored.item_factors()
    assert len(asked)
    assert items.dtype == vectors.dtype == np.float32
    assert vectors @ items.T == pytest.approx(fitted.score(told)[asked], rel=1e-4, abs=1e-4)


def test_customers_of_whom_nothing_is_known_have_no_vector(fitted: Fitted, data: Dataset) -> None:
    factored = factors_of(fitted)
    if factored is None:
        pytest.skip("has no vectors")
    asked, vectors = factored.customer_factors(history_of(data.items, []))
    assert (len(asked), len(vectors)) == (0, 0)
