"""Where the time of a long command goes: stages name themselves, and somebody may be listening.

``stage`` may stand anywhere on the way; without a ``Stopwatch`` in the same context it costs nothing. Nothing
has to be handed down for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

Tell = Callable[[str], None]


@dataclass(slots=True)
class Lap:
    """One stage. seconds: wall time. count: what it dealt with, in ``unit``; 0 where nobody counts. parts:
    by name, in the order in which they began.
    """

    seconds: float = 0.0
    count: int = 0
    unit: str = ""
    parts: dict[str, Lap] = field(default_factory=dict)


@dataclass(slots=True)
class Stopwatch:
    """laps: by the stage's name, in the order in which they began."""

    laps: dict[str, Lap] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[Stopwatch]:
        """Listen to the stages of what is called in this block."""
        token = _LISTENING.set(self)
        try:
            yield self
        finally:
            _LISTENING.reset(token)


_LISTENING: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


@contextmanager
def stage(name: str, part: str = "", count: int = 0, unit: str = "") -> Iterator[None]:
    """Time the block as one stage, or as a part of it, whose seconds are then the stage's too. Those of a
    name add up, as do their counts.
    """
    watch = _LISTENING.get()
    if watch is None:
        yield
        return
    lap = watch.laps.setdefault(name, Lap())
    timed = [lap, lap.parts.setdefault(part, Lap())] if part else [lap]
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - began
        for one in timed:
            one.seconds += seconds
            one.count += count
            one.unit = unit


@contextmanager
def stage_told(name: str, tell: Tell) -> Iterator[Tell]:
    """Time the block as one stage, and yield a ``tell`` whose every call begins the next part of it, named
    by what is told.
    """
    watch = _LISTENING.get()
    if watch is None:
        yield tell
        return
    lap = watch.laps.setdefault(name, Lap())
    began = time.perf_counter()
    now: list[tuple[str, float]] = []

    def close() -> None:
        for part, since in now:
            lap.parts.setdefault(part, Lap()).seconds += time.perf_counter() - since
        now.clear()

    def told(text: str) -> None:
        close()
        now.append((text, time.perf_counter()))
        tell(text)

    try:
        yield told
    finally:
        close()
        lap.seconds += time.perf_counter() - began
