"""A budget of time, asked between batches, so that it is overrun by one batch at most."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from torch import Tensor

from embedder.finetuning.feeding import Feed, Rows


class OutOfTime(Exception):
    """The budget is used up; what runs stops, and keeps what it has."""


class Deadline:
    """So many minutes from now, or for ever."""

    def __init__(self, minutes: float | None = None) -> None:
        self._end = None if minutes is None else time.monotonic() + 60.0 * minutes

    @property
    def over(self) -> bool:
        """Whether the time is used up."""
        return self._end is not None and time.monotonic() >= self._end

    def check(self) -> None:
        """Raises OutOfTime once it is."""
        if self.over:
            raise OutOfTime


class Hurried:
    """A feed that stops at the deadline."""

    def __init__(self, feed: Feed, deadline: Deadline) -> None:
        self._feed = feed
        self._deadline = deadline

    def load(self, batches: Sequence[Rows], epoch: int) -> Iterator[Tensor]:
        """The feed's batches; raises OutOfTime."""
        for batch in self._feed.load(batches, epoch):
            self._deadline.check()
            yield batch

    def plain(self, rows: Rows) -> Tensor:
        """The feed's rows; raises OutOfTime."""
        self._deadline.check()
        return self._feed.plain(rows)
