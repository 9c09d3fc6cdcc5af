"""A bounded queue between threads that can be closed (no more is coming) or broken (stop at once)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Broken(Exception):
    """The other side has given up; what was in the channel is lost."""


class Channel(Generic[Item]):
    """Who puts more while ``room`` items wait in it waits, so memory stays bounded."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._items: deque[Item] = deque()
        self._closed = False
        self._broken = False
        lock = threading.Lock()
        self._filled = threading.Condition(lock)
        self._freed = threading.Condition(lock)

    def put(self, *items: Item) -> None:
        """Adds items, waiting until there is room for one; Broken where nobody will take them."""
        with self._freed:
            while len(self._items) >= self._room and not self._broken:
                self._freed.wait()
            if self._broken:
                raise Broken
            self._items.extend(items)
            self._filled.notify(len(items))
            if len(self._items) < self._room:
                self._freed.notify()

    def get(self) -> Item | None:
        """The next item, waiting for it; None when the channel is closed and empty. Broken where it was
        broken."""
        items = self.get_some(1)
        return items[0] if items else None

    def get_some(self, most: int) -> list[Item]:
        """What is there, at least one item and at most so many, waiting for it; none when the channel is
        closed and empty. Broken where it was broken."""
        with self._filled:
            while not self._items and not self._closed and not self._broken:
                self._filled.wait()
            if self._broken:
                raise Broken
            taken = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            if len(self._items) < self._room:
                self._freed.notify()
            return taken

    def __iter__(self) -> Iterator[Item]:
        while (item := self.get()) is not None:
            yield item

    def close(self) -> None:
        """No more items will come; those inside can still be taken."""
        with self._filled:
            self._closed = True
            self._filled.notify_all()

    def fail(self) -> None:
        """Wakes everybody with Broken."""
        with self._filled:
            self._broken = True
            self._filled.notify_all()
            self._freed.notify_all()
