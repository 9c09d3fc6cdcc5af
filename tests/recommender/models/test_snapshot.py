"""A training that was stopped goes on where it was, and comes to what one that was not stopped comes to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommender.dataset import Dataset
from recommender.models.item_graph import ItemGraph
from recommender.models.kept import Kept
from recommender.models.sequence import SequenceModel
from recommender.models.vbpr import Vbpr
from recommender.unfinished import kept_in
from tests.recommender.models.planted import planted

READING: dict[str, Any] = {"dims": 8, "negatives": 8, "rate": 0.01, "batch": 12, "epochs": 6, "patience": 6}
RECIPES: dict[str, Any] = {
    "vbpr": Vbpr(dims=4, visual_dims=4, epochs=6, patience=6, batch=64, device="cpu"),
    "item-graph": ItemGraph(dims=8, neighbours=5, epochs=6, patience=6, batch=128, device="cpu"),
    "gru": SequenceModel("gru", **READING, device="cpu", name="gru"),
    "sasrec": SequenceModel("sasrec", **READING, device="cpu"),
}
STOP = 3


class Stopped(Exception):
    """What a test ends a training with."""


def stops(words: str) -> None:
    """Ends a training when it tells of its third epoch."""
    if f"epoch {STOP} of" in words:
        raise Stopped


@pytest.fixture(scope="module")
def data() -> Dataset:
    return planted(24)


@pytest.fixture(params=RECIPES)
def recipe(request: pytest.FixtureRequest) -> Any:
    return RECIPES[request.param]


def stopped(recipe: Any, data: Dataset, folder: Path) -> None:
    with pytest.raises(Stopped), kept_in(folder, stops):
        recipe.fit(data)


def went_on(recipe: Any, data: Dataset, folder: Path) -> tuple[Kept, list[str]]:
    told: list[str] = []
    with kept_in(folder, told.append):
        return recipe.fit(data).kept(), told


def same(first: Kept, second: Kept) -> bool:
    return all(
        a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
        for a, b in ((first.per_item, second.per_item), (first.other, second.other))
    )


def test_a_stopped_training_comes_to_the_same_weights(recipe: Any, data: Dataset, tmp_path: Path) -> None:
    whole, epochs = went_on(recipe, data, tmp_path / "whole")
    stopped(recipe, data, tmp_path / "states")
    assert len(list((tmp_path / "states").iterdir())) == 1
    kept, told = went_on(recipe, data, tmp_path / "states")
    assert told[0] == f"{recipe.name}: going on after epoch {STOP} of a stopped training"
    assert told[1:] == epochs[STOP:], "losses and qualities are the same"
    assert len(told) > 1
    assert same(kept, whole)
    assert not (tmp_path / "states").exists(), "nothing is left of a training that ended"


def test_early_stopping_remembers_the_best_epoch(data: Dataset, tmp_path: Path) -> None:
    """At a rate this high the quality falls at once, so that the best lies before the stop."""
    recipe = Vbpr(dims=4, visual_dims=4, rate=2.0, epochs=30, patience=4, batch=8, device="cpu")
    told: list[str] = []
    with kept_in(tmp_path / "whole", told.append):
        whole = recipe.fit(data).kept()
    assert STOP < len(told) < 30
    stopped(recipe, data, tmp_path / "states")
    kept, further = went_on(recipe, data, tmp_path / "states")
    assert further[1:] == told[STOP:]
    assert same(kept, whole)


@pytest.mark.parametrize(
    "change", [lambda recipe: replace(recipe, seed=8), lambda recipe: replace(recipe, rate=0.003)]
)
def test_other_settings_begin_anew(
    recipe: Any, data: Dataset, tmp_path: Path, change: Callable[[Any], Any]
) -> None:
    stopped(recipe, data, tmp_path)
    other = change(recipe)
    kept, told = went_on(other, data, tmp_path)
    assert told[0].startswith(f"{recipe.name}: epoch 1 of")
    assert same(kept, other.fit(data).kept())
    assert len(list(tmp_path.iterdir())) == 1, "the first training can still go on"


def test_other_data_begin_anew(recipe: Any, data: Dataset, tmp_path: Path) -> None:
    stopped(recipe, data, tmp_path)
    fewer = data.with_events(data.events.where(np.arange(len(data.events)) != 5))
    turned = data.items.vectors.copy()
    turned[0] = np.roll(turned[0], 1)
    for other in (fewer, replace(data, items=replace(data.items, vectors=turned))):
        _, told = went_on(recipe, other, tmp_path)
        assert told[0].startswith(f"{recipe.name}: epoch 1 of")


def test_a_damaged_state_is_told_and_not_used(recipe: Any, data: Dataset, tmp_path: Path) -> None:
    stopped(recipe, data, tmp_path)
    (state,) = tmp_path.iterdir()
    state.write_bytes(state.read_bytes()[:-9])
    kept, told = went_on(recipe, data, tmp_path)
    assert "cannot be used" in told[0]
    assert "beginning anew" in told[0]
    assert told[1].startswith(f"{recipe.name}: epoch 1 of")
    assert same(kept, recipe.fit(data).kept())


def test_a_finished_training_is_not_repeated_while_the_command_goes_on(
    recipe: Any, data: Dataset, tmp_path: Path
) -> None:
    with suppress(Stopped), kept_in(tmp_path):
        whole = recipe.fit(data).kept()
        raise Stopped  # another model's training, say
    kept, told = went_on(recipe, data, tmp_path)
    assert told == []
    assert same(kept, whole)


KILLED = """
import os, sys
from pathlib import Path
from recommender.unfinished import kept_in
from tests.recommender.models.planted import planted
from tests.recommender.models.test_snapshot import RECIPES

def killed(words):
    if "epoch 2 of" in words:
        os.kill(os.getpid(), 9)

with kept_in(Path(sys.argv[1]), killed):
    RECIPES["sasrec"].fit(planted(24))
"""


def test_a_killed_process_leaves_a_state_to_go_on_from(data: Dataset, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=120)
    assert done.returncode != 0
    kept, told = went_on(RECIPES["sasrec"], data, tmp_path)
    assert told[0] == "sasrec: going on after epoch 2 of a stopped training"
    assert same(kept, RECIPES["sasrec"].fit(data).kept())
