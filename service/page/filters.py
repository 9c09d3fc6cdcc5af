"""The browse page's fields as one filter expression."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request

from data.errors import UsageError

PLAIN_NAME = re.compile(r"(?!(?:and|or|not|in|contains|is|null|true|false)$)[^\W\d][\w.\-]*", re.IGNORECASE)

PICK = "is-"
"""Before the name of a column in the address of a page: ``is-colour=red``."""


def quoted(text: str) -> str:
    """A text as a literal of the filter language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def spelled(column: str) -> str:
    """A column's name as the filter language wants it: in backticks unless it is a plain word."""
    return column if PLAIN_NAME.fullmatch(column) else f"`{column}`"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a person typed into the filter fields; empty strings where nothing.

    text: part of the title, or a whole id. low, high: the price, both included. stock: only what is in stock.
    picks: column → value that it shall have. where: a filter expression of one's own, on top.
    """

    text: str = ""
    category: str = ""
    low: str = ""
    high: str = ""
    stock: bool = False
    where: str = ""
    picks: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request) -> Filters:
        """The fields in a page's address."""
        given = request.query_params
        return cls(
            text=given.get("text", "").strip(),
            category=given.get("category", "").strip(),
            low=given.get("low", "").strip(),
            high=given.get("high", "").strip(),
            stock=given.get("stock", "") not in ("", "0", "false"),
            where=given.get("where", "").strip(),
            picks={
                name.removeprefix(PICK): value
                for name, value in given.items()
                if name.startswith(PICK) and len(name) > len(PICK) and value.strip()
            },
        )

    @property
    def expression(self) -> str | None:
        """The filter expression, or None without any. Raises UsageError for a price that is no number."""
        parts = []
        if self.text:
            text = quoted(self.text)
            parts.append(f"(title contains {text} or product_id = {text})")
        if self.category:
            parts.append(f"category = {quoted(self.category)}")
        if self.low:
            parts.append(f"price >= {_number(self.low)}")
        if self.high:
            parts.append(f"price <= {_number(self.high)}")
        if self.stock:
            parts.append("in_stock")
        parts += [f"{spelled(column)} = {quoted(value)}" for column, value in self.picks.items()]
        if self.where:
            parts.append(f"({self.where})")
        return " and ".join(parts) or None

    def as_query(self) -> dict[str, object]:
        """The fields as they stand in an address."""
        return {
            "text": self.text,
            "category": self.category,
            "low": self.low,
            "high": self.high,
            "stock": "1" if self.stock else "",
            "where": self.where,
            **{PICK + column: value for column, value in self.picks.items()},
        }


def _number(text: str) -> str:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"a price is a number, not {text!r}")
    # Written without an exponent, which filters need not know.
    return f"{number:.6f}".rstrip("0").rstrip(".") or "0"
