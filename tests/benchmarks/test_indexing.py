"""The parts of the indexing benchmarks that are plain arithmetic, and the files that they draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.drawn_photos import draw_photos
from benchmarks.framework import Spread
from benchmarks.indexing import K, accuracy, limit_of, neighbours
from benchmarks.million import LAYOUT, blocks
from benchmarks.reindexing import drawn_blocks


def unit(n: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((n, 16), np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_same_vectors_agree_and_others_do_not() -> None:
    rows = unit(40, 1)
    told = accuracy(rows, rows)
    assert (told["same top 10"], told["overlap@10"]) == (1.0, 1.0)
    assert abs(told["lowest cosine"] - 1) < 1e-5
    other = accuracy(unit(40, 2), rows)
    assert other["lowest cosine"] < 0.5
    assert other["overlap@10"] < 0.6


def test_one_changed_vector_is_seen_in_the_lowest_cosine() -> None:
    rows = unit(40, 1)
    changed = rows.copy()
    changed[7] = -changed[7]
    assert accuracy(changed, rows)["lowest cosine"] < -0.99


def test_the_limit_is_both_stages_in_turn_or_the_slower_where_each_has_its_own_processor() -> None:
    decode, encode = Spread(60, 30, 120, 3), Spread(30, 15, 40, 3)
    assert limit_of(decode, encode, apart=False) == Spread(20, 10, 30, 3)
    assert limit_of(decode, encode, apart=True) == Spread(30, 15, 40, 3)


def test_nobody_is_a_neighbour_of_its_own() -> None:
    found = neighbours(unit(30, 3))
    assert found.shape == (30, K)
    assert not (found == np.arange(30)[:, None]).any()


def test_drawn_photos_are_whole_and_all_different(tmp_path: Path) -> None:
    paths = draw_photos(tmp_path / "photos", 4, 48)
    assert len({path.read_bytes() for path in paths}) == 4
    assert {Image.open(path).size for path in paths} == {(48, 48)}


def test_drawn_vectors_are_unit_blocks() -> None:
    for rows in (blocks(np.random.default_rng(1), 9), drawn_blocks(np.random.default_rng(1), LAYOUT, 9)):
        assert rows.shape == (9, LAYOUT.d)
        at = 0
        for d in LAYOUT.dims:
            np.testing.assert_allclose(np.linalg.norm(rows[:, at : at + d], axis=1), 1, atol=1e-5)
            at += d
