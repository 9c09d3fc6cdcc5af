"""Work shared with helpers: all of it is done, once each, whatever the helpers do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from index import sharing
from index.sharing import shared


def test_results_come_in_order_and_every_task_is_done() -> None:
    done: list[int] = []

    def task(number: int) -> int:
        done.append(number)
        return number * number

    assert shared(200, task) == [number * number for number in range(200)]
    assert set(done) == set(range(200))
    assert shared(0, task) == []


def test_what_a_task_raises_is_raised() -> None:
    def task(number: int) -> int:
        if number == 7:
            raise ValueError("seven")
        return number

    with pytest.raises(ValueError, match="seven"):
        shared(20, task)


def test_busy_helpers_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(sharing, "_helpers", lambda: pool)
        monkeypatch.setattr(sharing, "cores", lambda: 2)
        pool.submit(release.wait)
        try:
            assert shared(5, lambda number: number) == [0, 1, 2, 3, 4]
        finally:
            release.set()


def test_a_helper_that_is_stuck_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release = threading.Event(), threading.Event()
    here = threading.current_thread()

    def task(number: int) -> int:
        if threading.current_thread() is not here:
            begun.set()
            release.wait(20)
        elif number == 0:
            begun.wait(20)  # so that the helper has taken one
        return number

    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(sharing, "_helpers", lambda: pool)
        monkeypatch.setattr(sharing, "cores", lambda: 2)
        try:
            assert shared(6, task) == [0, 1, 2, 3, 4, 5]
            assert not release.is_set()
        finally:
            release.set()


def test_a_helper_takes_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    both, names = threading.Barrier(2, timeout=20), dict[int, str]()

    def task(number: int) -> int:
        if number not in names:
            names[number] = threading.current_thread().name
            both.wait()
        return number

    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(sharing, "_helpers", lambda: pool)
        monkeypatch.setattr(sharing, "cores", lambda: 2)
        assert shared(2, task) == [0, 1]
    assert len(set(names.values())) == 2
