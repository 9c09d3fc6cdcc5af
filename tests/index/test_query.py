"""A request that cannot be answered is refused before it reaches FAISS."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from index.query import MAX_K, Example, Query

ONE = (Example("p"),)


@pytest.mark.parametrize(
    "vector",
    [
        np.full(4, np.nan, np.float32),
        np.asarray([1, np.inf, 0, 0], np.float32),
        np.zeros(4, np.float32),
        np.ones((2, 4), np.float32),
    ],
    ids=["nan", "infinite", "zero", "matrix"],
)
def test_a_vector_that_is_no_direction_is_refused(vector: np.ndarray) -> None:
    with pytest.raises(UsageError):
        Example(vector=vector)


def test_an_example_is_one_thing() -> None:
    with pytest.raises(UsageError, match="exactly one"):
        Example()
    with pytest.raises(UsageError, match="exactly one"):
        Example("p", np.ones(4, np.float32))


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_weights_are_above_zero(weight: float) -> None:
    with pytest.raises(UsageError, match="weight"):
        Example("p", weight=weight)


@pytest.mark.parametrize("k", [0, -1, MAX_K + 1, 2.5, True])
def test_k_is_a_sensible_number(k: int) -> None:
    with pytest.raises(UsageError, match="k must be"):
        Query(ONE, k=k)


def test_other_fields_are_checked() -> None:
    with pytest.raises(UsageError, match="at least one example"):
        Query(())
    with pytest.raises(UsageError, match="average, best, sum"):
        Query(ONE, strategy="worst")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="keep or suppress"):
        Query(ONE, near_duplicates="maybe")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="diversity"):
        Query(ONE, diversity=1.5)
    with pytest.raises(UsageError, match="diversity"):
        Query(ONE, diversity=float("nan"))
    with pytest.raises(UsageError, match="min_score"):
        Query(ONE, min_score=float("nan"))
    with pytest.raises(UsageError, match="duplicate_cosine"):
        Query(ONE, duplicate_cosine=0.0)
    with pytest.raises(UsageError, match="1000 examples"):
        Query(ONE * 600, negatives=ONE * 600)
