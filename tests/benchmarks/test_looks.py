"""Drawn vectors: unit blocks, as spread as those of photos; and the measure of it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.looks import intrinsic_dimension, layout_of, looks


@pytest.mark.parametrize("dimension", [2, 8])
def test_the_dimension_of_a_plane_bent_into_many_is_found(dimension: int) -> None:
    rng = np.random.default_rng(0)
    flat = rng.random((1500, dimension)).astype(np.float32) / 4
    wide = np.concatenate([flat, np.ones((1500, 1), np.float32)], axis=1) @ np.linalg.qr(
        rng.standard_normal((40, dimension + 1))
    )[0].T.astype(np.float32)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    assert intrinsic_dimension(wide) == pytest.approx(dimension, rel=0.15)


def test_too_few_to_tell_is_an_error() -> None:
    with pytest.raises(ValueError, match="fewer than 20"):
        intrinsic_dimension(np.ones((30, 4), np.float32) / 2)


def test_drawn_looks_are_like_those_of_photos() -> None:
    layout = layout_of(128)
    blocks = looks(3000, layout)
    for where in layout.slices:
        np.testing.assert_allclose(np.linalg.norm(blocks[:, where], axis=1), 1, atol=1e-5)
    vectors = layout.scale(blocks)
    cosines = vectors @ vectors.T
    assert 9 < intrinsic_dimension(vectors) < 15
    assert 0.15 < np.median(cosines) < 0.45
    np.fill_diagonal(cosines, -1)
    assert 0.8 < np.median(cosines.max(axis=1)) < 0.93
