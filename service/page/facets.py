"""What a shop's columns offer to filter by: the categories, and the values of columns of words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from data.columns import spell
from data.records import CORE_COLUMNS
from data.table import ProductTable

MOST_CATEGORIES = 400
MOST_VALUES = 60
MOST_FACETS = 12
COLOUR_NAMES = ("colour", "color")


@dataclass(frozen=True, slots=True)
class Facet:
    """A column of words with few values. values: by name."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facets:
    """categories: by name, of the most frequent ``MOST_CATEGORIES``. colours: the first column that names
    colours, if there is one. others: further columns, by name.
    """

    categories: tuple[str, ...]
    colours: tuple[Facet, ...]
    others: tuple[Facet, ...]


@dataclass(frozen=True, slots=True)
class _Counted:
    """A table as a key of the cache: the same object is the same key, whatever it holds."""

    table: ProductTable

    def __hash__(self) -> int:
        return id(self.table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Counted) and other.table is self.table


def facets(table: ProductTable) -> Facets:
    """The facets of the live products; counted once for a table."""
    return _facets(_Counted(table))


@lru_cache(maxsize=2)
def _facets(counted: _Counted) -> Facets:
    table = counted.table
    columns = []
    for name in table.columns:
        values = _counts(table, name) if name not in CORE_COLUMNS else Counter[str]()
        if 2 <= len(values) <= MOST_VALUES:
            columns.append(Facet(name, tuple(sorted(values, key=str.casefold))))
    columns.sort(key=lambda facet: facet.column.casefold())
    colours = [facet for facet in columns if _is_colour(facet.column)][:1]
    others = [facet for facet in columns if facet not in colours][:MOST_FACETS]
    categories = sorted(name for name, _ in _counts(table, "category").most_common(MOST_CATEGORIES))
    return Facets(tuple(categories), tuple(colours), tuple(others))


def _counts(table: ProductTable, name: str) -> Counter[str]:
    """Value → how many products, of a column of words; nothing for one of numbers."""
    values = table.column(name)
    if values.dtype != object:
        return Counter()
    return Counter(spell(value) for value in values.tolist() if value is not None and value == value)


def _is_colour(name: str) -> bool:
    return any(word in name.casefold() for word in COLOUR_NAMES)
