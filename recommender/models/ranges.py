"""What tuning may vary of a model: a range of values per setting, in words that no tuner owns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values."""

    values: tuple[float | int | str | bool, ...]


@dataclass(frozen=True, slots=True)
class Real:
    """A number from ``low`` to ``high``; log: drawn by its logarithm."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``low`` to ``high``, both included; log: drawn by its logarithm."""

    low: int
    high: int
    log: bool = False


Range = Choice | Real | Whole
