"""What the hot paths cost: calls, memory and statements, which a busy machine does not change.

A time can regress unseen on a noisy machine; these counts cannot. A change that makes a path dearer fails
here, and whoever means it raises the budget in the same commit; a change that halves a cost fails too, so
that the budget follows. Budgets have a tenth to spare, for other versions of Python and of the libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from service.engine import Engine
from service.requests import IndexRequest, Look, RecommendRequest, SimilarRequest
from tests.costing import Cost, cost_of
from tests.service.training import install

Action = Callable[[], object]


def similar(engine: Engine) -> Action:
    return lambda: engine.similar(SimilarRequest((Look("disc-red"),), k=10))


def filtered(engine: Engine) -> Action:
    where = "in_stock = true and category in ('disc', 'bar')"
    return lambda: engine.similar(SimilarRequest((Look("disc-red"),), k=10, where=where))


def explained(engine: Engine) -> Action:
    return lambda: engine.similar(SimilarRequest((Look("disc-red"),), k=10, explain=True))


def recommended(engine: Engine) -> Action:
    return lambda: engine.recommend(RecommendRequest("c3", k=5))


def indexed_again(engine: Engine) -> Action:
    catalogue = engine.shop.photo_path(engine.shop.photos_of("disc-red")[0]).parent / "catalogue.csv"
    return lambda: engine.index_catalogue(IndexRequest(catalogue))


BUDGETS = {
    similar: Cost(320, 20, 0),
    filtered: Cost(420, 20, 0),
    explained: Cost(620, 37, 0),
    recommended: Cost(2_060, 42, 4),
    indexed_again: Cost(12_800, 320, 56),
}


@pytest.mark.parametrize("path", BUDGETS, ids=lambda path: path.__name__)
def test_a_hot_path_costs_no_more_than_it_did(
    engine: Engine, trainings: tuple[Path, Path], path: Callable[[Engine], Action]
) -> None:
    install(trainings[0], engine.shop.directory)
    cost, budget = cost_of(path(engine)), BUDGETS[path]
    assert cost.within(budget), f"{cost} is above {budget}"
    assert cost.fills(budget), f"{cost} is less than half of {budget}: lower it"
