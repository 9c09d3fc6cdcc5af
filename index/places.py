"""What the deltas that follow one another share, since it only grows at its end: names of slots, and where
products that changed stand.

An older holder goes on seeing its own part alone. Safe to use from several threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import overload

UNTOUCHED = -1
"""In the chain of what was said of a product: nothing before."""


class Names(Sequence[str]):
    """The first ``length`` names of a list; what lies beyond is nobody's, or a later holder's."""

    __slots__ = ("_length", "_lock", "_names")

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._names = list(names)
        self._length = len(self._names)
        self._lock = Lock()

    def plus(self, more: Sequence[str]) -> Names:
        """These and more, after them: in place where nobody went on from here before, else copied."""
        with self._lock:
            if len(self._names) == self._length:
                after = Names()
                self._names += more
                after._names, after._lock = self._names, self._lock
                after._length = self._length + len(more)
                return after
        return Names([*self, *more])

    def begins(self, later: Sequence[str]) -> bool:
        """Whether a later holder goes on from here, or all names here are its first."""
        if isinstance(later, Names) and later._names is self._names:
            return later._length >= self._length
        return list(islice(later, self._length)) == list(self)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return self._names[: self._length][place]
        if not -self._length <= place < self._length:
            raise IndexError(f"no slot {place} of {self._length}")
        return self._names[place if place >= 0 else place + self._length]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return islice(iter(self._names), self._length)


class Places:
    """Product → what was last said of it up to some moment: a slot, or None, which is as good as nothing.

    Everything that is said has a number and knows what was said of that product before, so that an older
    holder goes back to what it knew.
    """

    __slots__ = ("_before", "_count", "_last", "_length", "_lock", "_said")

    def __init__(self, places: Mapping[str, int] | None = None) -> None:
        places = places or {}
        self._said: list[int | None] = list(places.values())
        self._before = [UNTOUCHED] * len(places)
        self._last = dict(zip(places, range(len(places)), strict=True))
        self._length = self._count = len(places)
        self._lock = Lock()

    def get(self, product: str) -> int | None:
        """The product's slot."""
        number = self._last.get(product, UNTOUCHED)
        while number >= self._length:
            number = self._before[number]
        return None if number == UNTOUCHED else self._said[number]

    def plus(self, places: Mapping[str, int | None]) -> Places:
        """With what is said now: in place where nobody went on from here before, else copied."""
        with self._lock:
            if len(self._said) == self._length:
                return self._going_on(places)
        return Places(dict(self.items())).plus(places)

    def _going_on(self, places: Mapping[str, int | None]) -> Places:
        after = Places()
        after._count = self._count
        for product, place in places.items():
            before = self.get(product)
            if place == before:
                continue
            after._count += (place is not None) - (before is not None)
            # Who looks a product up meanwhile finds all that its last number leads to.
            self._said.append(place)
            self._before.append(self._last.get(product, UNTOUCHED))
            self._last[product] = len(self._said) - 1
        after._said, after._before, after._last = self._said, self._before, self._last
        after._lock, after._length = self._lock, len(self._said)
        return after

    def items(self) -> Iterator[tuple[str, int]]:
        """Every product that has a slot here, and it."""
        for product in list(self._last):
            place = self.get(product)
            if place is not None:
                yield product, place

    def __len__(self) -> int:
        return self._count
