"""Work that idle cores may share, and that no busy one is waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from data.cores import cores

Result = TypeVar("Result")


@cache
def _helpers() -> ThreadPoolExecutor | None:
    others = cores() - 1
    return ThreadPoolExecutor(others, thread_name_prefix="vitrine-scan") if others > 0 else None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.cache_clear)  # threads do not survive a fork


def shared(count: int, task: Callable[[int], Result]) -> list[Result]:
    """The results of ``task`` for 0 .. count - 1, which this thread and helpers take in turn.

    Nobody is waited for: what a helper has begun and not ended when this thread runs out of tasks, this
    thread does as well, since on a busy machine a helper may get no core for milliseconds. So a task must
    have no effects, and it must let go of the interpreter's lock to gain anything. What it raises is raised.
    """
    results: dict[int, Result] = {}
    left = iter(range(count))  # its next number is handed out under the interpreter's lock

    def work() -> None:
        for number in left:
            results[number] = task(number)

    pool = _helpers()
    helping = [] if pool is None else [pool.submit(work) for _ in range(min(cores(), count) - 1)]
    try:
        work()
        return [results[at] if at in results else task(at) for at in range(count)]
    finally:
        for future in helping:
            future.cancel()
