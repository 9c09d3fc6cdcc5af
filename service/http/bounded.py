"""Slow work that requests may ask for: one at a time, few waiting, never on the threads of other requests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from service.http.errors import Overloaded

Result = TypeVar("Result")


class Bench:
    """One thread, and a bounded number of places for work that waits for it."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._taken = 0
        self._worker: ThreadPoolExecutor | None = None

    @property
    def waiting(self) -> int:
        """How much is waiting or being done."""
        return self._taken

    async def run(self, work: Callable[[], Result]) -> Result:
        """What ``work`` returns or raises. Raises Overloaded where no place is free."""
        with self._lock:
            if self._taken >= self._places:
                raise Overloaded("too many pictures are waiting to be drawn; try again in a second")
            if self._worker is None:
                self._worker = ThreadPoolExecutor(1, "vitrine-bench")
            doing = self._worker.submit(work)
            self._taken += 1
        doing.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(doing)  # whoever leaves while it waits takes it away with them

    def close(self) -> None:
        """Finish what was taken, then let the thread go; later work starts a new one."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.shutdown(wait=True)

    def _leave(self) -> None:
        with self._lock:
            self._taken -= 1


async def bench_of(request: Request) -> Bench:
    """The bench of the app that answers this request."""
    bench: Bench = request.app.state.bench
    return bench


TheBench = Annotated[Bench, Depends(bench_of)]
