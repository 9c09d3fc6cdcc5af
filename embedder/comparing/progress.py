"""How far a comparison is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """Cells done of all, and what is happening."""

    done: int
    total: int
    note: str


Tell = Callable[[Told], None]
