"""Arrays that grow: nobody's part ever changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.growing import Growing


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 400)), min_size=1, max_size=30))
def test_every_holder_sees_what_it_was_given(steps: list[tuple[int, int]]) -> None:
    first = Growing.of(np.zeros((3, 2)))
    held = [(first, np.zeros((3, 2)))]
    for number, (which, count) in enumerate(steps):
        older, rows = held[which % len(held)]
        more = np.full((count, 2), float(number + 1))
        held.append((older.plus(more), np.concatenate([rows, more])))
    for growing, rows in held:
        np.testing.assert_array_equal(growing.rows, rows)


def test_what_fits_is_not_copied() -> None:
    first = Growing.of(np.arange(10))
    second = first.plus(np.arange(5))
    assert np.shares_memory(first.rows, second.rows)
    assert not np.shares_memory(second.rows, first.plus(np.arange(5)).rows), "the place was taken"
