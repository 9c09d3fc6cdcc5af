"""Filters as requests write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.where import Where


def filter_of(text: str | None) -> Where | None:
    """The filter that a text says; None where it says nothing. Raises BadFilter."""
    if text is None or not text.strip():
        return None
    from data.where import parse  # a question without a filter does not wait for it

    return parse(text)
