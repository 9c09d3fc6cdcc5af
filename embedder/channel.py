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
    """At most ``room`` items wait in it: who puts more waits, so memory stays bounded."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._items: deque[Item] = deque()
        self._closed = False
        self._broken = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Adds an item, waiting for room; Broken where nobody will take it."""
        with self._changed:
            while len(self._items) >= self._room and not self._broken:
                self._changed.wait()
            if self._broken:
                raise Broken
            self._items.append(item)
            self._changed.notify_all()

    def get(self) -> Item | None:
        """The next item, waiting for it; None when the channel is closed and empty. Broken where it was
        broken."""
        with self._changed:
            while not self._items and not self._closed and not self._broken:
                self._changed.wait()
            if self._broken:
                raise Broken
            if not self._items:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def __iter__(self) -> Iterator[Item]:
        while (item := self.get()) is not None:
            yield item

    def close(self) -> None:
        """No more items will come; those inside can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def fail(self) -> None:
        """Wakes everybody with Broken."""
        with self._changed:
            self._broken = True
            self._changed.notify_all()
