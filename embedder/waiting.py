"""A thread that can be waited for where an interruption may come."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Work:
    """A daemon thread with some work.

    ``threading.Thread.join`` interrupted while it waits takes the thread for ended although it still runs
    (Python 3.11 and 3.12); ``wait`` does not.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self._work = work
        self._running = threading.Lock()
        self._thread = threading.Thread(target=self._go, name=name, daemon=True)
        self.ended = False

    def start(self) -> None:
        """Begins the work."""
        self._running.acquire()
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Until the work has ended, at most so long."""
        if self._running.acquire(timeout=seconds):
            self._running.release()

    def _go(self) -> None:
        try:
            self._work()
        finally:
            self.ended = True
            self._running.release()
