"""The inner product of two vectors is the weighted mean of their aspects' cosines, for any weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.aspects import LARGEST_WEIGHT, AspectLayout
from data.errors import UsageError

LAYOUT = AspectLayout(("shape", "texture", "colour"), (5, 3, 4), (0.5, 0.1, 0.4))
weight = st.floats(0.0, 10.0, allow_nan=False)


def _blocks(n: int, seed: int, layout: AspectLayout = LAYOUT) -> np.ndarray:
    raw = np.random.default_rng(seed).normal(size=(n, layout.d)).astype(np.float32)
    for where in layout.slices:
        raw[:, where] /= np.linalg.norm(raw[:, where], axis=1, keepdims=True)
    return raw


def test_scaled_vectors_are_unit_and_scaling_is_undone() -> None:
    blocks = _blocks(20, 1)
    vectors = LAYOUT.scale(blocks)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(LAYOUT.unit_blocks(vectors), blocks, atol=1e-6)


@given(st.integers(0, 1000), st.tuples(weight, weight, weight).filter(lambda w: sum(w) > 1e-3))
def test_a_reweighed_query_scores_the_weighted_mean_of_cosines(seed: int, weights: tuple[float, ...]) -> None:
    blocks = _blocks(7, seed)
    vectors = LAYOUT.scale(blocks)
    named = dict(zip(LAYOUT.names, weights, strict=True))
    scores = vectors @ LAYOUT.reweigh(vectors[:1], named)[0]
    cosines = np.stack([blocks[:, w] @ blocks[0, w] for w in LAYOUT.slices], axis=1)
    np.testing.assert_allclose(scores, cosines @ np.asarray(weights) / sum(weights), atol=2e-5)
    np.testing.assert_allclose(LAYOUT.cosines(vectors[0], vectors), cosines, atol=2e-5)


def test_unnamed_aspects_keep_their_share() -> None:
    np.testing.assert_allclose(LAYOUT.chosen({"colour": 0.0}), [0.5 / 0.6, 0.1 / 0.6, 0.0], atol=1e-6)
    np.testing.assert_allclose(LAYOUT.chosen(None), [0.5, 0.1, 0.4], atol=1e-6)


@pytest.mark.parametrize(
    "weights", [{"taste": 1.0}, {"shape": -1.0}, {"shape": float("nan")}, dict.fromkeys(LAYOUT.names, 0.0)]
)
def test_impossible_weights_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        LAYOUT.reweigh(LAYOUT.scale(_blocks(1, 0)), weights)


@pytest.mark.parametrize("weight", [LARGEST_WEIGHT * 1.01, 1e308, float("inf")])
def test_a_weight_that_is_too_large_is_said_to_be(weight: float) -> None:
    with pytest.raises(UsageError, match="at most 1,000,000"):
        LAYOUT.chosen({"shape": weight, "colour": weight})
    np.testing.assert_allclose(LAYOUT.chosen(dict.fromkeys(LAYOUT.names, LARGEST_WEIGHT)), 1 / 3, atol=1e-6)


@pytest.mark.parametrize(
    ("names", "dims", "weights"),
    [
        ((), (), ()),
        (("a",), (1, 2), (1.0,)),
        (("a", "a"), (1, 2), (1.0, 1.0)),
        (("a",), (0,), (1.0,)),
        (("a",), (3,), (0.0,)),
        (("a",), (3,), (float("inf"),)),
    ],
)
def test_a_layout_checks_itself(
    names: tuple[str, ...], dims: tuple[int, ...], weights: tuple[float, ...]
) -> None:
    with pytest.raises(UsageError):
        AspectLayout(names, dims, weights)


def test_a_layout_survives_json() -> None:
    assert AspectLayout.from_json(LAYOUT.as_json()) == LAYOUT


def test_a_missing_block_stays_zero() -> None:
    blocks = _blocks(1, 3)
    blocks[:, LAYOUT.slices[2]] = 0
    vectors = LAYOUT.scale(blocks)
    assert LAYOUT.cosines(vectors[0], vectors)[0, 2] == 0
