"""Oracles are planted; honest models, however good, are let through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.dataset import Dataset
from recommender.evaluation.leakage import check, oracle_check, other_future, strangers_check
from recommender.evaluation.leakage.oracle import exchanged
from recommender.evaluation.ranking import rank
from recommender.evaluation.splits import SPLITS, Fold, split
from recommender.histories import Histories
from recommender.models.base import Fitted
from recommender.models.popularity import Popularity
from recommender.settings import MODELS, Settings
from tests.recommender.evaluation.leakage.models import ByName, FuturePopularity
from tests.recommender.makers import shop_like

DATA = shop_like(customers=300)
FOLD = split(DATA, "time")
POPULAR = Popularity().fit(FOLD.fit)


@pytest.mark.parametrize("name", MODELS)
def test_honest_models_know_nobody_by_name(name: str) -> None:
    fitted = Settings().model(name).fit(FOLD.fit)
    assert strangers_check(fitted, FOLD.test).status == "passed"


def test_a_good_model_is_good_and_still_honest() -> None:
    fitted = Settings().model("looks").fit(FOLD.fit)
    recall = rank(fitted, FOLD.test, 10).hits.sum() / FOLD.test.wanted.nnz
    assert recall > 0.3  # chance is about 0.12
    assert strangers_check(fitted, FOLD.test).status == "passed"


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_a_model_that_remembers_answers_by_name_is_caught(share: float) -> None:
    found = strangers_check(ByName.of(POPULAR, FOLD, share), FOLD.test)
    assert found.status == "failed"
    assert "without their histories" in found.words


def test_few_customers_prove_nothing() -> None:
    found = strangers_check(ByName.of(POPULAR, FOLD), FOLD.test.first(30))
    assert (found.status, found.compared) == ("not possible", 30)


def test_a_stranger_history_keeps_name_moment_and_ages() -> None:
    told = Histories(
        starts=np.asarray([0, 2, 2, 3]),
        items=np.asarray([7, 8, 9]),
        weights=np.asarray([1.0, 0.5, 0.2]),
        times=np.asarray([10.0, 20.0, 30.0]),
        now=np.asarray([25.0, 40.0, 100.0]),
        keys=np.asarray([1, 2, 3], np.uint64),
    )
    got = exchanged(told, np.asarray([2, 0, 1]))
    assert got.starts.tolist() == [0, 1, 3, 3]
    assert got.items.tolist() == [9, 7, 8]
    assert got.weights.tolist() == [0.2, 1.0, 0.5]
    assert got.times.tolist() == [-45.0, 25.0, 35.0]  # 70 before 25; 15 and 5 before 40
    assert (got.now is told.now, got.keys is told.keys) == (True, True)


@pytest.mark.parametrize("name", [name for name in SPLITS if name != "random"])
def test_another_future_has_the_same_past(name: str) -> None:
    fold = split(DATA, name)
    other = split(other_future(DATA, fold, 1), name)
    assert np.array_equal(other.fit.events.items, fold.fit.events.items)
    assert np.array_equal(other.fit.events.times, fold.fit.events.times)
    if len(fold.tested):
        assert not np.array_equal(np.sort(other.tested.items), np.sort(fold.tested.items))
    for ours, theirs in zip(fold.lessons, other.lessons, strict=True):
        assert np.array_equal(ours.known.events.items, theirs.known.events.items)


def looks(world: Dataset) -> tuple[Fold, Fitted]:
    fold = split(world, "time")
    return fold, Settings().model("looks").fit(fold.fit)


def by_name(world: Dataset) -> tuple[Fold, Fitted]:
    fold = split(world, "time")
    return fold, ByName.of(Popularity().fit(fold.fit), fold, 0.1)


def future(world: Dataset) -> tuple[Fold, Fitted]:
    fold = split(world, "time")
    return fold, FuturePopularity.of(fold.tested, len(world.items))


def fitted_on_all(world: Dataset) -> tuple[Fold, Fitted]:
    return split(world, "time"), Popularity().fit(world)


@pytest.mark.parametrize("name", MODELS)
def test_an_honest_model_is_the_same_whatever_the_future(name: str) -> None:
    def build(world: Dataset) -> tuple[Fold, Fitted]:
        fold = split(world, "time")
        return fold, Settings().model(name).fit(fold.fit)

    found = oracle_check(build(DATA)[1], build, DATA, FOLD)
    assert (found.status, found.compared) == ("passed", len(FOLD.test))


@pytest.mark.parametrize("build", [by_name, future, fitted_on_all])
def test_whoever_reads_the_future_changes_with_it(build) -> None:  # type: ignore[no-untyped-def]
    found = oracle_check(build(DATA)[1], build, DATA, FOLD)
    assert found.status == "failed"
    assert "changed when only the test did" in found.words


def test_popularity_of_the_future_is_not_knowing_by_name() -> None:
    # The cheap check cannot see it, which is why there is the other one.
    assert strangers_check(future(DATA)[1], FOLD.test).status == "passed"


def test_a_split_that_learns_from_the_future_is_caught_too() -> None:
    def careless(world: Dataset) -> tuple[Fold, Fitted]:
        fold = split(world, "time")
        fit = fold.fit.with_events(world.events.where(world.events.items % 2 == 0))
        return replace(fold, fit=fit), POPULAR

    found = oracle_check(POPULAR, careless, DATA, careless(DATA)[0])
    assert found.status == "failed"
    assert "what is learnt" in found.words


def test_a_drawn_split_cannot_be_asked() -> None:
    drawn = split(DATA, "random")
    assert check(drawn)
    assert oracle_check(POPULAR, looks, DATA, drawn).status == "not possible"
