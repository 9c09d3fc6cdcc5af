"""Projections: by hand, and PCA against numpy's singular values."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import Damaged, UsageError
from embedder.projection import Projection, fit_pca, unit


def test_by_hand() -> None:
    projection = Projection(np.array([1, 1, 1], np.float32), np.array([[1, 0], [0, 2], [0, 0]], np.float32))
    got = projection.apply(np.array([[4, 3, 9], [1, 1, 5]], np.float32))
    np.testing.assert_allclose(got, [[0.6, 0.8], [0, 0]], atol=1e-6)
    assert projection.d_out(3) == 2


def test_widths_that_do_not_fit() -> None:
    with pytest.raises(Damaged, match="made for 3 activations was given 2"):
        Projection(None, np.ones((3, 2), np.float32)).apply(np.ones((1, 2), np.float32))
    with pytest.raises(Damaged, match="does not fit"):
        Projection(np.ones(2, np.float32), np.ones((3, 2), np.float32))
    with pytest.raises(Damaged, match="not finite"):
        Projection(np.array([np.nan], np.float32))


def test_a_matrix_after_a_projection_is_their_product() -> None:
    draw = np.random.default_rng(0)
    first = Projection(draw.normal(size=5).astype(np.float32), draw.normal(size=(5, 4)).astype(np.float32))
    second = draw.normal(size=(4, 3)).astype(np.float32)
    pooled = draw.normal(size=(6, 5)).astype(np.float32)
    np.testing.assert_allclose(
        first.then(second).apply(pooled), unit(first.apply(pooled) @ second), atol=1e-5
    )


def test_pca_keeps_the_largest_directions() -> None:
    draw = np.random.default_rng(0)
    pooled = (draw.normal(size=(400, 8)) * [9, 7, 5, 1, 1, 1, 0.5, 0.1] + 3).astype(np.float32)
    fitted = fit_pca(pooled, 3)
    assert fitted.mean is not None
    assert fitted.matrix is not None
    scores = (pooled - fitted.mean) @ fitted.matrix
    singular = np.linalg.svd(pooled - pooled.mean(0), compute_uv=False)
    np.testing.assert_allclose(scores.std(0), singular[:3] / np.sqrt(400), rtol=1e-3)
    np.testing.assert_allclose(np.corrcoef(scores, rowvar=False), np.eye(3), atol=1e-3)


def test_whitening_makes_variances_equal_and_shrinking_keeps_some_order() -> None:
    draw = np.random.default_rng(1)
    pooled = (draw.normal(size=(500, 4)) * [8, 4, 2, 1]).astype(np.float32)
    for shrink, largest in ((0.0, 1.01), (0.5, 5.0)):
        fitted = fit_pca(pooled, 4, whiten=True, shrink=shrink)
        deviations = ((pooled - fitted.mean) @ fitted.matrix).std(0)
        assert deviations[0] / deviations[-1] <= largest
    assert deviations[0] / deviations[-1] > 1.5


def test_too_few_photos_or_impossible_widths() -> None:
    pooled = np.zeros((10, 4), np.float32)
    with pytest.raises(UsageError, match="between 1 and 4"):
        fit_pca(pooled, 5)
    with pytest.raises(UsageError, match="too few"):
        fit_pca(pooled[:3], 3)
