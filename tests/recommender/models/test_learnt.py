"""What all models that learn from likes and photos have in common."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data.errors import SpaceMismatch, UsageError
from recommender.dataset import Dataset
from recommender.items import Items
from recommender.models.cold_map import ColdMap
from recommender.models.item_graph import ItemGraph
from recommender.models.kinds import BY_NAME
from recommender.models.popularity import Popularity
from recommender.models.sequence import SequenceModel
from recommender.models.silence import SILENT
from recommender.models.vbpr import Vbpr
from tests.recommender.makers import by_id, history_of
from tests.recommender.models.planted import GROUPS, asker, found, planted

READING: dict[str, Any] = {
    "dims": 16,
    "negatives": 16,
    "rate": 0.01,
    "forget": 0.6,
    "batch": 12,
    "epochs": 30,
    "patience": 30,
    "device": "cpu",
}
RECIPES: dict[str, Any] = {
    "vbpr": Vbpr(dims=8, visual_dims=8, epochs=20, batch=64, device="cpu"),
    "item-graph": ItemGraph(dims=16, neighbours=5, epochs=30, batch=128, rate=0.02, device="cpu"),
    "cold-map": ColdMap(factors=8, regularisation=1.0, ridge=0.5, trust=2.0),
    "gru": SequenceModel("gru", **READING, name="gru"),
    "sasrec": SequenceModel("sasrec", **READING),
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return planted()


@pytest.fixture(scope="module", params=RECIPES)
def recipe(request: pytest.FixtureRequest) -> Any:
    return RECIPES[request.param]


@pytest.fixture(scope="module")
def fitted(recipe: Any, data: Dataset) -> Any:
    return recipe.fit(data)


def test_a_planted_taste_is_found_where_popularity_cannot(fitted: Any, data: Dataset) -> None:
    plain = Popularity().fit(data)
    ours, theirs = [], []
    for group in range(GROUPS):
        told = asker(data.items, group)
        ours.append(found(data.items, fitted.score(told)[0], group))
        theirs.append(found(data.items, plain.score(told)[0], group))
    assert np.mean(ours) > 0.9
    assert np.mean(theirs) < 0.7


def test_a_cold_product_is_ranked_by_what_it_looks_like(fitted: Any, data: Dataset) -> None:
    for group in range(GROUPS):
        got = by_id(data.items, fitted.score(asker(data.items, group))[0].tolist())
        own = got[f"new{group}"]
        assert own > max(got[f"new{other}"] for other in range(GROUPS) if other != group)
        assert own > got["odd"]


def test_a_product_without_a_photo_is_ranked_by_its_likes(fitted: Any, data: Dataset) -> None:
    near, far = (
        by_id(data.items, fitted.score(asker(data.items, group))[0].tolist())["blind"] for group in (0, 1)
    )
    assert near > far


def test_it_is_silent_of_what_it_cannot_know(fitted: Any, data: Dataset) -> None:
    assert by_id(data.items, fitted.score(asker(data.items, 0))[0].tolist())["unknown"] == SILENT
    assert (fitted.score(history_of(data.items, [("g0-1", -1.0, 5)])) == SILENT).all()


def test_a_history_of_cold_products_alone_is_a_taste(fitted: Any, data: Dataset) -> None:
    got = [
        found(data.items, fitted.score(history_of(data.items, [(f"new{group}", 1.0, 50)]))[0], group)
        for group in range(GROUPS)
    ]
    assert np.mean(got) > 0.75


def test_the_seed_decides_and_nothing_else_is_touched(recipe: Any, fitted: Any, data: Dataset) -> None:
    told = asker(data.items, 2)
    before = torch.random.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    threads = torch.get_num_threads()
    again = recipe.fit(data).score(told)
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()  # noqa: NPY002
    assert torch.get_num_threads() == threads
    assert np.array_equal(again, fitted.score(told))
    assert not np.array_equal(again, replace(recipe, seed=8).fit(data).score(told))


def test_a_new_product_is_ranked_after_the_training(recipe: Any, fitted: Any, data: Dataset) -> None:
    names = [name for name in data.items.ids if name not in ("new0", "new1", "g2-7")]
    rows = {name: data.items.row_of[name] for name in names}
    looks = {name: data.items.vectors[row] for name, row in rows.items() if data.items.has_vector[row]}
    looks["late"] = data.items.vectors[data.items.row_of["new3"]]
    today = Items.build([*names, "late"], vectors=looks, space="toy")
    again = recipe.restored(fitted.kept().over(today), today)
    got = {group: by_id(today, again.score(asker(today, group))[0].tolist()) for group in (0, 3)}
    assert got[3]["late"] > got[0]["late"]
    assert got[3]["late"] > got[3]["new2"]


def test_vectors_of_another_embedder_are_refused(recipe: Any, fitted: Any, data: Dataset) -> None:
    other = replace(data.items, space="another")
    with pytest.raises(SpaceMismatch, match="train it again"):
        recipe.restored(fitted.kept(), other)


def test_progress_is_told_of_every_epoch(recipe: Any, data: Dataset) -> None:
    if not hasattr(recipe, "epochs"):
        pytest.skip("has no epochs")
    told: list[str] = []
    replace(recipe, epochs=2).fit(data, told.append)
    assert [line.split(":")[0] for line in told] == ["epoch 1 of at most 2", "epoch 2 of at most 2"]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Vbpr, {"decay": 0.0}),
        (Vbpr, {"dims": 0}),
        (ItemGraph, {"visible": 1.0}),
        (ColdMap, {"trust": 0.0}),
        (SequenceModel, {"dims": 9}),
        (SequenceModel, {"dropout": 1.0}),
    ],
)
def test_settings_that_make_no_model_are_refused(kind: Any, wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        kind(**wrong)


def test_a_shop_without_photos_can_be_learnt_from(recipe: Any) -> None:
    whole = planted(customers=16)
    bare = replace(
        whole.items,
        vectors=np.zeros((len(whole.items), 1), np.float32),
        has_vector=np.zeros(len(whole.items), np.bool_),
    )
    fitted = recipe.fit(replace(whole, items=bare))
    assert np.isfinite(fitted.score(asker(bare, 1))).all()


def test_choosing_a_model_loads_no_torch() -> None:
    names = [name for name in RECIPES if name in BY_NAME]
    assert names == list(RECIPES)
    code = (
        "import sys\nfrom recommender.models.kinds import kind\n"
        f"made = [kind(name).make(3) for name in {names!r}]\n"
        "assert [m.name for m in made] == "
        f"{names!r}\nassert [m.seed for m in made] == [3] * {len(names)}\nassert 'torch' not in sys.modules"
    )
    root = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
