from __future__ import annotations

import numpy as np
import pytest

from recommender.distinct import among, count_of, distinct


@pytest.mark.parametrize("size", [0, 1, 2, 300])
@pytest.mark.parametrize("most", [1, 5, 10**15])
def test_as_sets_have_it(size: int, most: int) -> None:
    rng = np.random.default_rng(size)
    values, others = (rng.integers(0, most, count) for count in (size, size // 2))
    assert distinct(values).tolist() == sorted(set(values.tolist()))
    assert among(values, others).tolist() == [value in set(others.tolist()) for value in values.tolist()]
    assert count_of(values % 50) == len(set((values % 50).tolist()))
