"""Alignment and uniformity against the formulas of the paper on SciPy's distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from embedder.measures import alignment, uniformity


def test_uniformity_is_the_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 8))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    told = np.log(np.exp(-2 * pdist(unit) ** 2).mean())
    assert uniformity(vectors) == pytest.approx(told, abs=1e-6)
    monkeypatch.setattr("embedder.measures.similarity._MOST_ROWS", 7)
    assert uniformity(vectors) == pytest.approx(told, abs=1e-6)
    assert uniformity(vectors, rows=range(10)) == pytest.approx(
        np.log(np.exp(-2 * pdist(unit[:10]) ** 2).mean()), abs=1e-6
    )


def test_one_point_is_not_spread_at_all() -> None:
    assert uniformity(np.ones((5, 3))) == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(ValueError, match="two vectors"):
        uniformity(np.ones((1, 3)))


def test_alignment_is_the_mean_squared_distance() -> None:
    rng = np.random.default_rng(1)
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in rng.normal(size=(2, 50, 6)))
    told = (np.linalg.norm(x - y, axis=1) ** 2).mean()
    assert alignment((x * y).sum(axis=1)) == pytest.approx(told)
    assert alignment([1.0, 1.0000001]) == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(ValueError, match="one pair"):
        alignment([])
