"""float16 to float32 by bits, against numpy's own conversion."""

from __future__ import annotations

import numpy as np

from index.halves import widened

EVERY = np.arange(65536, dtype=np.uint16).view(np.float16)


def test_every_finite_number_is_the_same() -> None:
    finite = EVERY[np.isfinite(EVERY)]
    ours = widened(finite)
    np.testing.assert_array_equal(ours, finite.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(ours), np.signbit(finite))
    assert ours.dtype == np.float32


def test_the_shape_stays_and_the_original_too() -> None:
    halves = EVERY[:24].reshape(2, 3, 4)
    before = halves.copy()
    assert widened(halves).shape == (2, 3, 4)
    np.testing.assert_array_equal(halves, before)
    assert widened(np.empty((0, 5), np.float16)).shape == (0, 5)
