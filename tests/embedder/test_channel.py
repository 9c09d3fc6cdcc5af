"""Channels between threads: nothing is lost, nobody waits for ever, memory stays bounded."""

from __future__ import annotations

import threading

import pytest

from embedder.channel import Broken, Channel
from embedder.waiting import Work


def test_what_many_put_in_lists_one_takes_in_portions() -> None:
    channel: Channel[int] = Channel(5)

    def put(first: int) -> None:
        for start in range(first, first + 300, 3):
            channel.put(start, start + 1, start + 2)

    threads = [Work(lambda first=first: put(first), "vitrine-test") for first in (0, 300, 600, 900)]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    taken: list[int] = []
    while len(taken) < 1200:
        some = channel.get_some(7)
        assert 1 <= len(some) <= 7
        taken.extend(some)
    for thread in threads:
        thread.wait(30)
    assert sorted(taken) == list(range(1200))
    channel.close()
    assert channel.get_some(7) == []
    assert channel.get() is None


def test_who_finds_no_room_waits_until_there_is_some_or_the_channel_is_broken() -> None:
    channel: Channel[int] = Channel(2)
    channel.put(1, 2, 3)
    done = threading.Event()

    def put() -> None:
        channel.put(4, 5)
        done.set()
        with pytest.raises(Broken):
            channel.put(6)

    thread = Work(put, "vitrine-test")
    thread.start()
    assert not done.wait(0.05)
    assert channel.get() == 1
    assert not done.wait(0.05)  # two are left, as many as there is room for
    assert channel.get_some(9) == [2, 3]
    assert done.wait(30)
    channel.fail()
    thread.wait(30)
    assert thread.ended
    with pytest.raises(Broken):
        channel.get()
