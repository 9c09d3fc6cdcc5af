"""What an action costs in units that do not depend on how busy the machine is."""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


@dataclass(frozen=True, slots=True)
class Cost:
    """calls: of Python functions, by this thread and those that the action starts. kilobytes: the most memory
    that Python and NumPy held at once beyond what they held before. statements: SQL, by any thread.
    """

    calls: int
    kilobytes: int
    statements: int

    def within(self, budget: Cost) -> bool:
        """Whether nothing is above the budget."""
        return (
            self.calls <= budget.calls
            and self.kilobytes <= budget.kilobytes
            and self.statements <= budget.statements
        )

    def fills(self, budget: Cost) -> bool:
        """Whether a budget still says something: at least half of its calls are used."""
        return 2 * self.calls >= budget.calls


def cost_of(action: Callable[[], object]) -> Cost:
    """Of an action that has been done once before, so that what is loaded or filled on first use does not
    count.
    """
    action()
    return Cost(_calls(action), _kilobytes(action), _statements(action))


def _calls(action: Callable[[], object]) -> int:
    found: Counter[int] = Counter()

    def count(frame: FrameType, what: str, value: Any) -> None:
        if what == "call":
            found[threading.get_ident()] += 1  # a key of its own for each thread: no update is lost

    before = sys.getprofile()
    threading.setprofile(count)
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(before)
        threading.setprofile(before)
    return found.total()


def _kilobytes(action: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        action()
        return (tracemalloc.get_traced_memory()[1] - before) // 1024
    finally:
        tracemalloc.stop()


def _statements(action: Callable[[], object]) -> int:
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(found)
