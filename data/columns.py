"""Columns of a product table: numbers, truths, texts, or a mixture; each knows its blanks.

Texts are kept once each with a code for every row, so that a filter compares codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data.records import Cell
from data.shared import Words

Mask = NDArray[np.bool_]


class Column(Protocol):
    """One column of a table; immutable."""

    @property
    def kind(self) -> str:
        """``number``, ``truth`` or ``text``; a mixture counts as text."""

    def __len__(self) -> int: ...

    def blank(self) -> Mask:
        """Where the column has no value."""

    def value(self, row: int) -> Cell:
        """One cell."""

    def array(self) -> NDArray[np.generic]:
        """The cells: float64 with NaN for blanks, bool, or object with None for blanks."""


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Numbers as float64; a blank is NaN."""

    values: NDArray[np.float64]

    @property
    def kind(self) -> str:
        """See Column."""
        return "number"

    def __len__(self) -> int:
        return len(self.values)

    def blank(self) -> Mask:
        """See Column."""
        return np.isnan(self.values)

    def value(self, row: int) -> Cell:
        """See Column."""
        cell = float(self.values[row])
        return None if np.isnan(cell) else cell

    def array(self) -> NDArray[np.generic]:
        """See Column."""
        return self.values


@dataclass(frozen=True, slots=True)
class TruthColumn:
    """Truths as int8: 0 false, 1 true, -1 blank."""

    states: NDArray[np.int8]

    @property
    def kind(self) -> str:
        """See Column."""
        return "truth"

    def __len__(self) -> int:
        return len(self.states)

    def blank(self) -> Mask:
        """See Column."""
        return self.states < 0

    def value(self, row: int) -> Cell:
        """See Column."""
        state = int(self.states[row])
        return None if state < 0 else bool(state)

    def array(self) -> NDArray[np.generic]:
        """See Column."""
        if not self.blank().any():
            return np.asarray(self.states == 1)
        return np.array([self.value(row) for row in range(len(self))], dtype=object)


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Cells by code: ``words[codes[row]]``, with code -1 for a blank. Words may be of mixed types, and more
    than the cells of this column have."""

    codes: NDArray[np.int32]
    words: Words

    @property
    def kind(self) -> str:
        """See Column."""
        return "text"

    def __len__(self) -> int:
        return len(self.codes)

    def blank(self) -> Mask:
        """See Column."""
        return self.codes < 0

    def value(self, row: int) -> Cell:
        """See Column."""
        code = int(self.codes[row])
        return None if code < 0 else self.words[code]

    def array(self) -> NDArray[np.generic]:
        """See Column."""
        words = np.array([*self.words, None], dtype=object)
        cells: NDArray[np.generic] = words.take(self.codes)  # code -1 finds the None at the end
        return cells

    def spelled(self) -> list[str]:
        """Each word as a filter sees it."""
        return [spell(word) for word in self.words]


def spell(cell: Cell) -> str:
    """A cell as text: ``3`` for 3.0, ``true`` for True."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e16:
        return str(int(cell))
    return str(cell)


def make_column(cells: Sequence[Cell]) -> Column:
    """The narrowest column that holds the cells; one without any value is a text column."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if _are_numbers(kinds):
        return NumberColumn(np.array([np.nan if c is None else c for c in cells], np.float64))
    if kinds == {bool}:
        return TruthColumn(np.array([-1 if c is None else int(c) for c in cells], np.int8))
    codes_of: dict[tuple[type, Cell], int] = {}
    codes = np.empty(len(cells), np.int32)
    for row, cell in enumerate(cells):
        # The type is part of the key, as 1.0 == True in Python.
        codes[row] = -1 if cell is None else codes_of.setdefault((type(cell), cell), len(codes_of))
    return TextColumn(codes, Words((cell for _, cell in codes_of), mixed=not kinds <= {str}))


def extended(column: Column | None, size: int, cells: dict[int, Cell]) -> Column:
    """A column of ``size`` rows: the old ones (blank where there was no column), ``cells`` laid over them.

    Of the kind that ``make_column`` gives; all cells are looked at again only where it is another than
    before. Where no cell is another than before it is the old column itself.
    """
    if column is None:
        return make_column([cells.get(row) for row in range(size)])
    if size == len(column) and all(_same(column.value(row), cell) for row, cell in cells.items()):
        return column
    return _narrowest(_laid(column, size, cells))


def _laid(column: Column, size: int, cells: dict[int, Cell]) -> Column:
    """The kind stays where the new cells fit it, even where the old ones alone needed it."""
    old = len(column)
    if isinstance(column, NumberColumn) and all(_is_number(c) for c in cells.values()):
        numbers = np.full(size, np.nan)
        numbers[:old] = column.values
        for row, cell in cells.items():
            numbers[row] = np.nan if cell is None else cell
        return NumberColumn(numbers)
    if isinstance(column, TruthColumn) and all(c is None or isinstance(c, bool) for c in cells.values()):
        states = np.full(size, -1, np.int8)
        states[:old] = column.states
        for row, cell in cells.items():
            states[row] = -1 if cell is None else int(bool(cell))
        return TruthColumn(states)
    if (
        isinstance(column, TextColumn)
        and column.words
        and all(c is None or isinstance(c, str) for c in cells.values())
    ):
        return _extended_text(column, size, cells)
    everything = [column.value(row) if row < old else None for row in range(size)]
    for row, cell in cells.items():
        everything[row] = cell
    return make_column(everything)


def _extended_text(column: TextColumn, size: int, cells: dict[int, Cell]) -> TextColumn:
    codes = np.full(size, -1, np.int32)
    codes[: len(column)] = column.codes
    for row, cell in cells.items():
        codes[row] = -1 if cell is None else column.words.number(str(cell))
    return TextColumn(codes, column.words)


def taken(column: Column, rows: NDArray[np.intp]) -> Column:
    """The column at some rows, of the kind that ``make_column`` gives."""
    if isinstance(column, NumberColumn):
        return _narrowest(NumberColumn(column.values[rows]))
    if isinstance(column, TruthColumn):
        return _narrowest(TruthColumn(column.states[rows]))
    if isinstance(column, TextColumn):
        return _narrowest(TextColumn(column.codes[rows], column.words))
    return make_column([column.value(int(row)) for row in rows])


def _narrowest(column: Column) -> Column:
    """The column itself, or one of another kind where its cells no longer need or tell its own."""
    if isinstance(column, TextColumn):
        fits = not column.words.mixed or not _is_of_one_kind(column)
    else:
        fits = not column.blank().all()
    return column if fits else make_column([column.value(row) for row in range(len(column))])


def _is_of_one_kind(column: TextColumn) -> bool:
    """Whether its cells are all numbers, or all truths; of its words, some may be in use no more."""
    kinds: set[type] = set()
    for code in np.flatnonzero(np.bincount(column.codes[column.codes >= 0])):
        kinds.add(type(column.words[int(code)]))
        if not (_are_numbers(kinds) or kinds == {bool}):
            return False
    return bool(kinds)


def _are_numbers(kinds: set[type]) -> bool:
    return bool(kinds) and kinds <= {float, int}


def _same(one: Cell, other: Cell) -> bool:
    """Whether two cells are alike, in kind too: 1.0 == True in Python."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _is_number(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, float | int) and not isinstance(cell, bool))
