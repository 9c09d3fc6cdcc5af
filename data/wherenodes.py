"""The parts of a parsed filter, and what each answers for the rows of a table.

An answer is two masks, yes and no. A row whose cell is blank is in neither, whatever the comparison and its
negation; only ``is null`` speaks of it. This is SQL's logic of three values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from data.columns import Column, NumberColumn, TextColumn, TruthColumn
from data.errors import BadFilter

if TYPE_CHECKING:
    from data.table import ProductTable

Mask = NDArray[np.bool_]
Answers = tuple[Mask, Mask]


class Node(Protocol):
    """A part of a filter."""

    def answers(self, table: ProductTable) -> Answers:
        """Rows that match, and rows that do not; blanks are in neither."""

    def names(self) -> Iterator[str]:
        """The columns that are read."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in a filter, and how it was written."""

    value: str | float | bool
    written: str


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part matches."""

    parts: tuple[Node, ...]

    def answers(self, table: ProductTable) -> Answers:
        """See Node."""
        told = [part.answers(table) for part in self.parts]
        return np.logical_or.reduce([t[0] for t in told]), np.logical_and.reduce([t[1] for t in told])

    def names(self) -> Iterator[str]:
        """See Node."""
        return (name for part in self.parts for name in part.names())


@dataclass(frozen=True, slots=True)
class All:
    """Every part matches."""

    parts: tuple[Node, ...]

    def answers(self, table: ProductTable) -> Answers:
        """See Node."""
        told = [part.answers(table) for part in self.parts]
        return np.logical_and.reduce([t[0] for t in told]), np.logical_or.reduce([t[1] for t in told])

    def names(self) -> Iterator[str]:
        """See Node."""
        return (name for part in self.parts for name in part.names())


@dataclass(frozen=True, slots=True)
class Not:
    """The part says no."""

    part: Node

    def answers(self, table: ProductTable) -> Answers:
        """See Node."""
        yes, no = self.part.answers(table)
        return no, yes

    def names(self) -> Iterator[str]:
        """See Node."""
        return self.part.names()


@dataclass(frozen=True, slots=True)
class Null:
    """The cell is blank, or (negated) is not."""

    column: str
    negated: bool

    def answers(self, table: ProductTable) -> Answers:
        """See Node."""
        blank = table.cells(self.column).blank()
        return (~blank, blank) if self.negated else (blank, ~blank)

    def names(self) -> Iterator[str]:
        """See Node."""
        yield self.column


@dataclass(frozen=True, slots=True)
class Truth:
    """A column of truths on its own."""

    column: str

    def answers(self, table: ProductTable) -> Answers:
        """See Node."""
        cells = table.cells(self.column)
        if isinstance(cells, TruthColumn):
            return cells.states == 1, cells.states == 0
        if cells.blank().all():
            nothing = np.zeros(len(cells), np.bool_)
            return nothing, nothing
        raise BadFilter(
            f"column {self.column!r} holds {_content(cells)}, so it needs a comparison, e.g. "
            f"{self.column} = {'1' if cells.kind == 'number' else chr(34) + 'red' + chr(34)}"
        )

    def names(self) -> Iterator[str]:
        """See Node."""
        yield self.column


@dataclass(frozen=True, slots=True)
class Compare:
    """A column against one value."""

    column: str
    op: str
    literal: Literal

    def answers(self, table: ProductTable) -> Answers:
        """See Node."""
        cells = table.cells(self.column)
        return _told(cells, _compared(cells, self.column, self.op, self.literal))

    def names(self) -> Iterator[str]:
        """See Node."""
        yield self.column


@dataclass(frozen=True, slots=True)
class Member:
    """A column's value is one of several."""

    column: str
    literals: tuple[Literal, ...]

    def answers(self, table: ProductTable) -> Answers:
        """See Node."""
        cells = table.cells(self.column)
        yes = np.zeros(len(cells), np.bool_)
        for literal in self.literals:
            yes |= _compared(cells, self.column, "=", literal)
        return _told(cells, yes)

    def names(self) -> Iterator[str]:
        """See Node."""
        yield self.column


@dataclass(frozen=True, slots=True)
class Contains:
    """A text holds another, upper and lower case alike."""

    column: str
    text: str

    def answers(self, table: ProductTable) -> Answers:
        """See Node."""
        cells = table.cells(self.column)
        if not isinstance(cells, TextColumn):
            raise BadFilter(f"column {self.column!r} holds {_content(cells)}; 'contains' is for texts")
        wanted = self.text.casefold()
        return _told(cells, _by_word(cells, lambda word: wanted in word.casefold()))

    def names(self) -> Iterator[str]:
        """See Node."""
        yield self.column


def _told(cells: Column, yes: Mask) -> Answers:
    filled = ~cells.blank()
    return yes & filled, ~yes & filled


def _compared(cells: Column, name: str, op: str, literal: Literal) -> Mask:
    """Rows for which the comparison holds; what it says of blanks does not matter."""
    value = literal.value
    if isinstance(cells, NumberColumn):
        if isinstance(value, bool) or not isinstance(value, float):
            raise BadFilter(f"column {name!r} holds numbers and cannot be compared with {literal.written}")
        return _ordered(cells.values, op, value)
    if isinstance(cells, TruthColumn):
        if not isinstance(value, bool) or op not in ("=", "!="):
            raise BadFilter(
                f"column {name!r} holds true and false: write '{name}', 'not {name}' or '{name} = true'"
            )
        return np.asarray((cells.states == int(value)) == (op == "="))
    if isinstance(cells, TextColumn):
        if not isinstance(value, str) and op not in ("=", "!=") and cells.words:
            raise BadFilter(
                f"column {name!r} holds texts, so {literal.written} cannot be ordered among them; "
                f'for an order of texts write "{literal.written}"'
            )
        wanted = value if isinstance(value, str) else literal.written
        return _by_word(cells, lambda word: _holds(word, op, wanted))
    raise BadFilter(f"column {name!r} cannot be compared")


def _by_word(cells: TextColumn, test: Callable[[str], bool]) -> Mask:
    by_code = np.array([*(test(word) for word in cells.spelled()), False], np.bool_)
    found: Mask = by_code.take(cells.codes)  # code -1, a blank, finds the False at the end
    return found


def _holds(word: str, op: str, wanted: str) -> bool:
    if op in ("=", "!="):
        return (word == wanted) == (op == "=")
    if op in ("<", "<="):
        return word < wanted or (op == "<=" and word == wanted)
    return word > wanted or (op == ">=" and word == wanted)


def _ordered(values: NDArray[np.float64], op: str, value: float) -> Mask:
    if op in ("=", "!="):
        return np.asarray((values == value) == (op == "="))
    if op in ("<", "<="):
        return np.asarray(values < value if op == "<" else values <= value)
    return np.asarray(values > value if op == ">" else values >= value)


def _content(cells: Column) -> str:
    return {"number": "numbers", "truth": "true and false", "text": "texts"}[cells.kind]
