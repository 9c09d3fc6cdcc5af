"""A table as text: heads, rows and cells, whatever it is about. The page draws all of them in one way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recommender.evaluation.report.glossary import TERMS, Term, metric_term

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Head:
    """A column. about: its formula. anchor: of the glossary, "" for none. note: a second line, small.
    words: over texts rather than figures.
    """

    name: str
    about: str = ""
    anchor: str = ""
    note: str = ""
    words: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """value and a small note below it ("" where there is none). best: the highest of its column.

    shade: 0 to 1, how strongly it is coloured; None: not. words: a text rather than a figure.
    """

    value: str
    note: str = ""
    best: bool = False
    shade: float | None = None
    words: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """name: of a model, or of whatever the table has a row for. note: a second line below it, small."""

    name: str
    cells: tuple[Cell, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """label: what the table shows, for readers who do not see it. corner: above the names of the rows.
    upright: the heads stand on end, as the columns are narrow.
    """

    label: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    corner: str = "model"
    upright: bool = False

    def __bool__(self) -> bool:
        """Whether there is something in it."""
        return bool(self.heads and self.rows)


def of_metric(metric: str) -> Head:
    """A metric's column. Raises KeyError for no metric."""
    return _head(metric_term(metric))


def of_term(anchor: str) -> Head:
    """The column of a statistic in the glossary. Raises KeyError for none."""
    return _head(TERMS[anchor])


def _head(term: Term) -> Head:
    return Head(term.name, term.formula, term.anchor)


def ranged(value: float, interval: tuple[float, float] | None = None, best: bool = False) -> Cell:
    """A figure with its interval."""
    if not math.isfinite(value):
        return Cell(NOTHING)
    digits = 2 if abs(value) >= 1.995 else 4
    if interval is None or not math.isfinite(interval[0]):
        return Cell(f"{value:.{digits}f}", "", best)
    low, high = interval
    return Cell(f"{value:.{digits}f}", f"{low:.{digits}f} – {high:.{digits}f}", best)


def signed(value: float, interval: tuple[float, float] | None = None) -> Cell:
    """A difference with its interval."""
    if not math.isfinite(value):
        return Cell(NOTHING)
    if interval is None or not math.isfinite(interval[0]):
        return Cell(f"{value:+.4f}")
    return Cell(f"{value:+.4f}", f"{interval[0]:+.4f} to {interval[1]:+.4f}")


def plain(value: float, form: str) -> Cell:
    """A figure in a format of Python's, or a dash."""
    return Cell(format(value, form) if math.isfinite(value) else NOTHING)


def share(part: float, whole: float) -> str:
    """A share in words; of nothing it is 0 %."""
    if not whole:
        return "0 %"
    of = 100 * part / whole
    return f"{of:.0f} %" if of >= 10 or not of else f"{of:.1f} %"


def joined(parts: Sequence[str]) -> str:
    """Parts as a list in a sentence."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
