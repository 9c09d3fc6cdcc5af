"""Choosing on drawn products and two tiny sets: what is asked for wins."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from embedder.training.choose import JUDGED, Bench, blocks_of, trials, weight_trials
from embedder.training.photos import PhotoRecord
from embedder.training.shopfront import DrawnShop, draw_shop


def tiny_bench() -> Bench:
    rng = np.random.default_rng(0)
    kinds, colours = ["a", "b"] * 8, ["red"] * 8 + ["blue"] * 8
    records = [PhotoRecord(Path("x"), k, f"sender-{i}", "clothing") for i, k in enumerate(kinds)]
    records += [
        PhotoRecord(Path("x"), f"g{i % 2}", "iconic" if i < 2 else "shelf", "grocery") for i in range(6)
    ]
    names = kinds + [f"g{i % 2}" for i in range(6)] + kinds
    number = np.unique(names, return_inverse=True)[1]
    shape = (np.eye(4)[number] * 5 + rng.normal(size=(len(names), 4))).astype(np.float32)
    texture = rng.normal(size=(len(names), 4)).astype(np.float32)
    colour = np.abs(rng.normal(size=(len(names), 3))).astype(np.float32)
    colour[22:] = np.eye(3, dtype=np.float32)[[0] * 8 + [1] * 8]
    shop = DrawnShop(np.empty((16, 4, 4, 3), np.uint8), kinds, colours)
    return Bench(records, shop, {"shape": shape, "texture": texture}, colour)


def test_each_aspect_wins_what_it_says() -> None:
    bench = tiny_bench()
    blocks = blocks_of(bench, (4, 4), (0.0, 0.0))
    shape = dict(zip(JUDGED, bench.judge(blocks, {"shape": 1.0}), strict=True))
    colour = dict(zip(JUDGED, bench.judge(blocks, {"colour": 1.0}), strict=True))
    assert shape["clothing R@1"] > 0.9
    assert shape["shelf R@1"] > 0.9
    assert colour["drawn colour R@1"] == 1 > shape["drawn colour R@1"]


def test_trials_are_named_once() -> None:
    bench = tiny_bench()
    names = [name for name, _ in [*trials(bench), *weight_trials(bench, (4, 4), (0.5, 0.5))]]
    assert len(names) == len(set(names)) > 40


def test_a_drawn_shop_repeats() -> None:
    shop = draw_shop(4, 64, 1)
    assert shop.pixels.shape == (4, 64, 64, 3)
    assert len(shop.categories) == len(shop.colours) == 4
    assert np.array_equal(shop.pixels, draw_shop(4, 64, 1).pixels)
