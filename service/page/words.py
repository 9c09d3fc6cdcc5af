"""How values read on the page."""

from __future__ import annotations

from datetime import date


def price(value: object) -> str:
    """A price; the shop's data names no currency: 1299 → "1,299.00", 0.02542 → "0.02542"."""
    if not isinstance(value, int | float):
        return ""
    return f"{value:,.2f}" if value == 0 or abs(value) >= 1 else f"{value:.4g}"


def score(value: object) -> str:
    """A cosine with two digits."""
    return f"{value:.2f}" if isinstance(value, int | float) else "–"


def percent(value: object) -> str:
    """A share as a whole percentage."""
    return f"{value:.0%}" if isinstance(value, int | float) else ""


def day(value: object) -> str:
    """A moment as a day."""
    return f"{value.day} {value:%b %Y}" if isinstance(value, date) else ""


def counted(number: int, one: str, many: str | None = None) -> str:
    """``counted(2, "product")`` → "2 products"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def attribute(value: object) -> str:
    """An attribute as a person would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
