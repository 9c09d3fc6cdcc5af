"""BLAS has one thread while anybody is inside, whichever threads come and go."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from data.blas import blas_in_one_thread


def threads() -> int:
    """Of the BLAS that numpy calls."""
    np.ones((2, 2)) @ np.ones((2, 2))
    return max(int(one["num_threads"]) for one in threadpool_info() if "numpy" in one["filepath"])


@pytest.fixture
def alone() -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor]]:
    """Two other threads, each of which does one thing after another."""
    if threads() < 2:
        pytest.skip("BLAS has one thread here in any case")
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        yield one, other


def inside() -> int:
    with blas_in_one_thread():
        return threads()


def test_every_thread_can_set_the_limit_and_lift_it(
    alone: tuple[ThreadPoolExecutor, ThreadPoolExecutor],
) -> None:
    before = threads()
    for _ in range(2):
        for pool in alone:
            assert pool.submit(inside).result() == 1
            assert threads() == before
        assert inside() == 1
        assert threads() == before


def test_the_last_one_out_lifts_it_in_whichever_thread(
    alone: tuple[ThreadPoolExecutor, ThreadPoolExecutor],
) -> None:
    before, (one, other) = threads(), alone
    for first, last in ((one, other), (other, one)):
        held = [blas_in_one_thread(), blas_in_one_thread()]
        first.submit(held[0].__enter__).result()
        last.submit(held[1].__enter__).result()
        assert threads() == 1
        first.submit(held[0].__exit__, None, None, None).result()
        assert threads() == 1
        last.submit(held[1].__exit__, None, None, None).result()
        assert threads() == before
