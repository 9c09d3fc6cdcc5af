"""Many probes compared with all rows, block by block, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.compared import compared
from tests.index.shops import LAYOUT, drawn

MATRIX = LAYOUT.scale(drawn(300)).astype(np.float16)
PROBES = LAYOUT.scale(drawn(20, seed=9))
SCORES = PROBES @ MATRIX.astype(np.float32).T


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.sampled_from([7, 64, 300, 2048]), st.sampled_from([1.0, 0.6, 0.05]), st.data())
def test_the_largest_of_all_or_of_some_rows(
    fetch: int, block: int, share: float, data: st.DataObject
) -> None:
    seed = data.draw(st.integers(0, 100))
    some = np.flatnonzero(np.random.default_rng(seed).random(len(MATRIX)) < share)
    picked = None if share == 1.0 else some
    rows = np.arange(len(MATRIX)) if picked is None else picked
    fetch = min(fetch, len(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.compared.BLOCK", block)
        scores, found = compared(MATRIX, PROBES, fetch, picked)
    assert scores.shape == found.shape == (len(PROBES), fetch)
    for probe in range(len(PROBES)):
        assert len(set(found[probe].tolist())) == fetch
        assert np.isin(found[probe], rows).all()
        np.testing.assert_allclose(scores[probe], SCORES[probe, found[probe]], atol=1e-6)
        np.testing.assert_allclose(
            np.sort(scores[probe])[::-1], np.sort(SCORES[probe, rows])[::-1][:fetch], atol=1e-6
        )
