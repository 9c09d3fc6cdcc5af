"""Means and norms of aspect blocks."""

from __future__ import annotations

import numpy as np

from data.aspects import AspectLayout
from index.blocks import group_means, symmetric, unit
from tests.index.shops import LAYOUT, drawn

TWO = AspectLayout(("a", "b"), (2, 1), (3.0, 1.0))


def test_unit_gives_each_block_its_share() -> None:
    made = unit(np.asarray([[3, 4, -2]], np.float32), TWO)
    np.testing.assert_allclose(made, [[0.6 * 0.75**0.5, 0.8 * 0.75**0.5, -(0.25**0.5)]], rtol=1e-6)
    np.testing.assert_allclose((made**2).sum(), 1.0, rtol=1e-6)


def test_a_block_of_zeros_stays_zero() -> None:
    made = unit(np.asarray([[0, 0, 5]], np.float32), TWO)
    np.testing.assert_allclose(made, [[0, 0, 0.5]], rtol=1e-6)


def test_group_means_are_unit_means_of_the_groups() -> None:
    rows = LAYOUT.scale(drawn(7))
    means = group_means(rows, np.asarray([0, 1, 4, 7]), LAYOUT)
    for mean, part in zip(means, (rows[:1], rows[1:4], rows[4:]), strict=True):
        np.testing.assert_allclose(mean, unit(part.mean(axis=0, keepdims=True), LAYOUT)[0], atol=1e-6)


def test_group_means_of_single_photos_are_the_photos() -> None:
    rows = LAYOUT.scale(drawn(5))
    np.testing.assert_allclose(group_means(rows, np.arange(6), LAYOUT), rows, atol=1e-6)


def test_group_means_of_nothing() -> None:
    assert group_means(np.empty((0, LAYOUT.d), np.float32), np.zeros(1, np.int64), LAYOUT).shape == (
        0,
        LAYOUT.d,
    )


def test_symmetric_products_are_means_under_the_chosen_weights() -> None:
    rows = LAYOUT.scale(drawn(4))
    weights = {"shape": 1.0, "texture": 0.0, "colour": 3.0}
    chosen = LAYOUT.chosen(weights)
    alike = symmetric(rows, chosen, LAYOUT)
    np.testing.assert_allclose(alike @ alike.T, LAYOUT.reweigh(rows, weights) @ rows.T, atol=1e-5)
