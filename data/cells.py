"""Cells of a table as files write them: texts to numbers, truths and ids, and what kind a column is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from data.records import Cell

Raw = object
"""A cell as a reader gives it: text from CSV, else any JSON or Parquet value."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_EXACT_DIGITS = 15  # more digits than a float64 keeps: such numbers are codes
_TRUTHS = {"true": True, "false": False}
_STOCK = {**_TRUTHS, "yes": True, "no": False, "y": True, "n": False, "t": True, "f": False}


def is_blank(cell: Raw) -> bool:
    """Whether a cell says nothing: None, NaN, or a text of blanks."""
    if isinstance(cell, str):
        return not cell or cell.isspace()
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def as_id(cell: Raw) -> str:
    """A cell as an id: texts stripped, whole numbers without a point; nothing gives ``""``."""
    if isinstance(cell, str):
        return cell.strip() or cell
    if is_blank(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def as_number(cell: Raw) -> float | None:
    """A cell as a finite number, or None where it is none. ``1,5`` and ``€ 5`` are none."""
    if isinstance(cell, bool):
        return None
    plain = isinstance(cell, int | float | Decimal) or (
        isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()) is not None
    )
    found = float(str(cell)) if plain else math.nan
    return found if math.isfinite(found) else None


def as_stock(cell: Raw) -> bool | None:
    """A cell as in stock or not: true/false, yes/no, or a number of pieces; None for anything else."""
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, str) and cell.strip().lower() in _STOCK:
        return _STOCK[cell.strip().lower()]
    number = as_number(cell)
    return None if number is None else number > 0


def as_text(cell: Raw) -> str | None:
    """A cell as text, blanks around it removed; None for a blank."""
    if is_blank(cell):
        return None
    value = plain_cell(cell)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return str(value)


def plain_cell(cell: Raw) -> Cell:
    """A JSON or Parquet value as an attribute: bool, float or text; lists of texts joined by ``|``."""
    if isinstance(cell, str):
        return cell.strip() or None
    if is_blank(cell):
        return None
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, Decimal):
        cell = float(cell)
    if isinstance(cell, int | float):
        return float(cell) if abs(cell) < 10**_EXACT_DIGITS else _beyond(cell)
    if isinstance(cell, date):  # a datetime is one too
        return cell.isoformat()
    if isinstance(cell, list | tuple):
        return "|".join(text for item in cell if (text := as_text(item)) is not None) or None
    if isinstance(cell, Mapping):
        return json.dumps(cell, ensure_ascii=False, sort_keys=True, default=str)
    return str(cell)


def _beyond(number: float) -> Cell:
    """A number that float64 does not keep exactly: a code as text; an infinite one says nothing."""
    return str(number) if isinstance(number, int) or math.isfinite(number) else None


@dataclass(slots=True)
class ColumnKind:
    """What a column of texts holds, found out cell by cell: numbers, truths, or texts.

    A column is of numbers when every filled cell is one, without a leading zero (``007`` is a code) and
    with few enough digits to be kept exactly; of truths when every filled cell says true or false.
    """

    numbers: bool = True
    truths: bool = True

    def see(self, text: str) -> None:
        """Take one filled cell into account."""
        word = text.strip()
        if self.numbers and not _is_plain_number(word):
            self.numbers = False
        if self.truths and word.lower() not in _TRUTHS:
            self.truths = False

    def read(self, text: str) -> Cell:
        """A cell of this column."""
        word = text.strip()
        if not word:
            return None
        if self.truths:
            return _TRUTHS.get(word.lower(), word)
        if self.numbers:
            number = as_number(word)
            return word if number is None else number
        return word


def _is_plain_number(word: str) -> bool:
    if not _NUMBER.fullmatch(word) or _LEADING_ZERO.match(word):
        return False
    mantissa = re.split("[eE]", word)[0]
    digits = sum(c.isdigit() for c in mantissa)
    return digits <= _EXACT_DIGITS and math.isfinite(float(word))
