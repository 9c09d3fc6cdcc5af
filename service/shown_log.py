"""Writes the log of recommendations behind the answers: an answer never waits for it, nor fails with it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data.errors import UsageError
from data.shown import Shown
from data.store.recommendations import Recommendations

BATCH = 2000
LINGER_SECONDS = 0.2
CLOSING_SECONDS = 60.0
PRUNED_EVERY = timedelta(hours=1)

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """explore: the share of answers that are shuffled, in [0, 0.5] (``recommender.exploration``).

    retention_days: rows older than this are deleted; None keeps them for ever. queue: how many rows may wait
    to be written; where the database does not keep up, what goes beyond that is lost, and counted.
    """

    explore: float = 0.0
    retention_days: float | None = None
    queue: int = 20_000

    def __post_init__(self) -> None:
        if not 0 <= self.explore <= 0.5:
            raise UsageError(f"the share of shuffled answers lies between 0 and 0.5, not {self.explore}")
        if self.retention_days is not None and not self.retention_days > 0:
            raise UsageError(f"the log is kept for more than 0 days, not {self.retention_days}")
        if self.queue < 1:
            raise UsageError(f"at least one row must have room to wait, not {self.queue}")


class ShownLog:
    """A bounded queue and one thread that empties it into the database. Safe to use from several threads.

    The thread starts with the first row. written, lost: how many rows, since the log was opened.
    """

    def __init__(self, store: Recommendations, settings: LogSettings) -> None:
        self.settings = settings
        self.written = self.lost = 0
        self._store = store
        self._changed = threading.Condition()
        self._waiting: deque[Shown] = deque()
        self._problem = ""
        self._busy = self._hurried = self._closed = False
        self._thread: threading.Thread | None = None
        self._pruned: datetime | None = None

    def put(self, rows: Sequence[Shown]) -> None:
        """Hand over the rows of an answer; they are written within a moment. Never waits, never raises."""
        with self._changed:
            if self._closed or len(self._waiting) + len(rows) > self.settings.queue:
                why = "the log is closed" if self._closed else "the database does not keep up"
                self._lose(len(rows), why)
                return
            self._waiting.extend(rows)
            if self._thread is None and rows:
                self._thread = threading.Thread(target=self._run, name="recommendation-log", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, seconds: float = CLOSING_SECONDS) -> bool:
        """Wait until all that was handed over before is written or lost; False if that took too long."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)

    def close(self) -> None:
        """Write what waits, and stop."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)

    @property
    def waiting(self) -> int:
        """How many rows wait to be written."""
        return len(self._waiting)

    @property
    def warning(self) -> str | None:
        """What a person should know: that rows were lost, how many and why."""
        with self._changed:
            if not self.lost:
                return None
            return f"{self.lost:,} rows of the log of recommendations were lost: {self._problem}"

    def _run(self) -> None:
        while batch := self._next():
            self._write(batch)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> list[Shown]:
        """The next rows, once there are many or some time has passed; none when the log is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            # A little patience puts the rows of many answers into one transaction.
            self._changed.wait_for(
                lambda: self._closed or self._hurried or len(self._waiting) >= BATCH, LINGER_SECONDS
            )
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._busy = bool(batch)
            self._hurried = self._hurried and bool(self._waiting)
            return batch

    def _write(self, batch: Sequence[Shown]) -> None:
        try:
            self._store.put(batch)
        except Exception as error:  # whatever it is, the next rows are to be tried
            _logger.warning("%d rows of the log of recommendations were lost: %s", len(batch), error)
            with self._changed:
                self._lose(len(batch), str(error))
            return
        with self._changed:
            self.written += len(batch)
        self._prune()

    def _prune(self) -> None:
        now, days = datetime.now(UTC), self.settings.retention_days
        if days is None or (self._pruned is not None and now - self._pruned < PRUNED_EVERY):
            return
        self._pruned = now
        try:
            self._store.prune(now - timedelta(days=days))
        except Exception as error:  # old rows stay an hour longer
            _logger.warning("old rows of the log of recommendations could not be deleted: %s", error)

    def _lose(self, rows: int, why: str) -> None:
        self.lost += rows
        self._problem = why
