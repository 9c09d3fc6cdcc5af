"""The one shape in which long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """How far a stage is.

    stage: a word for people ("reading", "encoding", "building").
    done: how many units are done. total: of how many, or None while nobody knows.
    note: e.g. "131 images/s".
    """

    stage: str
    done: int
    total: int | None = None
    note: str = ""


Tell = Callable[[Step], None]


def silent(_: Step) -> None:
    """Tell nobody."""
