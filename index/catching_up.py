"""Work that one thread does behind everybody's back, once at a time, and that nobody waits for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock, Thread

from data.errors import VitrineError

FIRST_SECONDS = 0.002
"""Before the work begins: the question that started it goes first."""

logger = logging.getLogger(__name__)


class CatchingUp:
    """Does some work in a thread of its own. Safe to start from several threads.

    what: is brought up to date by it, for the log. failed: whether the last time ended in an error, which
    whoever asks for the work next should meet.
    """

    def __init__(self, work: Callable[[], object], what: str = "the index") -> None:
        self._work, self._what = work, what
        self._lock = Lock()
        self._thread: Thread | None = None
        self.failed = False

    @property
    def running(self) -> bool:
        """Whether it is being done."""
        return self._thread is not None

    def start(self) -> None:
        """Begin, unless it is being done."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="vitrine-refresh", daemon=True)
                self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Until it is not being done, or so many seconds have passed."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        failed = True
        time.sleep(FIRST_SECONDS)
        try:
            self._work()
            failed = False
        except VitrineError as error:
            logger.warning("%s could not be brought up to date: %s", self._what, error.message)
        except Exception:  # whatever it is, it is met again by the question that does the work itself
            logger.exception("%s could not be brought up to date", self._what)
        finally:
            with self._lock:
                self.failed, self._thread = failed, None
