"""Finished cells on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from embedder.comparing.answers import MAP, Answers, CellResult, Point
from embedder.comparing.grid import Cell
from embedder.comparing.store import Store

CELL = Cell("full", 2.5, 7)
VALUES = np.asarray([0.25, np.nan, 1.0])
ANSWERS = Answers({MAP: VALUES, "recall_at_1": VALUES})
RESULT = CellResult(CELL, 8, 20, 10, {7: {"kind": ANSWERS}}, (Point(1, 0.5, 0.4, 0.6, 1.5, 2.0),), 1, 2.0)


def test_a_result_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path / "cells")
    store.keep_cell(RESULT, "a" * 64)
    found = store.cell(CELL, "a" * 64)
    assert found is not None
    assert (found.cell, found.dims, found.photos, found.products) == (CELL, 8, 20, 10)
    assert (found.course, found.best, found.seconds) == (RESULT.course, 1, 2.0)
    np.testing.assert_array_equal(found.answers[7]["kind"].values[MAP], VALUES)
    assert [path.name for path in (tmp_path / "cells").iterdir()] == [f"full-2.5-seed7-{'a' * 16}.json"]


def test_another_digest_is_another_result_even_with_the_same_beginning(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep_cell(RESULT, "a" * 64)
    assert store.cell(CELL, "b" * 64) is None
    assert store.cell(CELL, "a" * 32 + "b" * 32) is None


def test_a_broken_file_is_as_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep_cell(RESULT, "a" * 64)
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text()[:50])
    assert store.cell(CELL, "a" * 64) is None
    path.write_text('{"digest": "' + "a" * 64 + '", "found": {"method": "full"}}')
    assert store.cell(CELL, "a" * 64) is None


def test_a_result_of_an_earlier_version_is_still_one(tmp_path: Path) -> None:
    found = replace(RESULT, members=("partial", "full")).as_json()
    assert CellResult.from_json(found).members == ("partial", "full")
    del found["members"]
    assert CellResult.from_json(found).members == ()


def test_weights_come_back_as_they_were_until_they_are_dropped(tmp_path: Path) -> None:
    store, digest = Store(tmp_path / "cells"), "a" * 64
    state = {"a": torch.arange(6.0).view(2, 3).T, "n": torch.tensor(3)}
    assert store.weights(CELL, digest) is None
    store.keep_weights(CELL, digest, state)
    found = store.weights(CELL, digest)
    assert found is not None
    assert set(found) == {"a", "n"}
    assert all(torch.equal(found[name], state[name]) for name in state)
    assert store.weights(CELL, "a" * 32 + "b" * 32) is None
    (path,) = store.folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    assert store.weights(CELL, digest) is None
    store.drop_weights(CELL, digest)
    store.drop_weights(CELL, digest)
    assert not list(store.folder.iterdir())


def test_an_array_is_made_once(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> np.ndarray:
        made.append(1)
        return np.arange(6, dtype=np.float16).reshape(2, 3)

    for _ in range(2):
        found = Store(tmp_path).array("features", "a" * 64, make)
        np.testing.assert_array_equal(found, [[0, 1, 2], [3, 4, 5]])
    assert made == [1]
