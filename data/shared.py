"""What tables that follow one another share, since it only grows at its end: rows by id, and words.

An older holder goes on seeing its own part alone. Safe to use from several threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, islice
from threading import Lock

from data.records import Cell


class RowOf(Mapping[str, int]):
    """The row of each of the first ``length`` ids; ids that came later are nobody's, or a later holder's."""

    __slots__ = ("_length", "_lock", "_rows")

    def __init__(self, ids: Iterable[str]) -> None:
        """``ids``: each once, by row."""
        self._rows = dict(zip(ids, count(), strict=False))
        self._length = len(self._rows)
        self._lock = Lock()

    def plus(self, ids: Sequence[str]) -> RowOf:
        """These and more, after them: in place where nobody went on from here before, else copied."""
        after = RowOf(())
        with self._lock:
            if len(self._rows) == self._length:
                self._rows.update(zip(ids, range(self._length, self._length + len(ids)), strict=True))
                after._rows, after._lock = self._rows, self._lock
                after._length = self._length + len(ids)
                return after
            return RowOf([*islice(self._rows, self._length), *ids])

    def __getitem__(self, product_id: str) -> int:
        row = self._rows[product_id]
        if row >= self._length:
            raise KeyError(product_id)
        return row

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(islice(self._rows, self._length)))


class Words:
    """The words of a column of texts, each with its number; numbers are never given anew.

    mixed: whether there were others than texts among the first of them; what is added is always a text.
    """

    __slots__ = ("_lock", "_numbers", "_words", "mixed")

    def __init__(self, words: Iterable[Cell], mixed: bool = True) -> None:
        self._words = list(words)
        self.mixed = mixed
        self._numbers: dict[str, int] | None = None
        self._lock = Lock()

    def number(self, text: str) -> int:
        """Of a text, which is added where it is new."""
        with self._lock:
            if self._numbers is None:
                self._numbers = {w: n for n, w in enumerate(self._words) if isinstance(w, str)}
            number = self._numbers.get(text)
            if number is None:
                number = len(self._words)
                self._words.append(text)
                self._numbers[text] = number
            return number

    def __getitem__(self, number: int) -> Cell:
        return self._words[number]

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._words.copy())
