"""Examples of different age: the newer one counts more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from data.errors import UsageError
from service.requests import Look

LEAST_SHARE = 1e-9
"""What an example's weight is multiplied by at least: one of a century ago is still an example."""
_DAY = timedelta(days=1)

Aged = tuple[Look, datetime | None]


def faded(examples: Sequence[Aged], half_life_days: float, newest: datetime | None) -> tuple[Look, ...]:
    """Examples with weights halved for every ``half_life_days`` between them and the newest.

    Relative to the newest example, not to now: the same question has the same answer tomorrow. Raises
    UsageError where an example has no time.
    """
    untimed = [look.label for look, moment in examples if moment is None]
    if untimed or newest is None:
        raise UsageError(
            f"half_life_days needs the time of every example, and {untimed[0]!r:.80} has no 'at'"
            if untimed
            else "half_life_days needs examples with a time"
        )
    return tuple(
        replace(look, weight=look.weight * _share(newest - moment, half_life_days))
        for look, moment in examples
        if moment is not None
    )


def newest_of(*groups: Sequence[Aged]) -> datetime | None:
    """The latest time of any example; None where none has one."""
    return max((moment for group in groups for _, moment in group if moment is not None), default=None)


def _share(age: timedelta, half_life_days: float) -> float:
    return max(LEAST_SHARE, math.exp2(-(age / _DAY) / half_life_days))
