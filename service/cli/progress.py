"""Progress of long work on standard error: bars on a terminal, sparse plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from service.progress import Step, Tell

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

QUIET_SECONDS = 10.0


class _Lines:
    """One line when a stage begins, then one every ten seconds."""

    def __init__(self) -> None:
        self._stage = ""
        self._last = 0.0

    def __call__(self, step: Step) -> None:
        now = time.monotonic()
        if step.stage == self._stage and now - self._last < QUIET_SECONDS:
            return
        self._stage, self._last = step.stage, now
        of = f" of {step.total}" if step.total else ""
        count = f" {step.done}{of}" if step.done else ""
        typer.echo(f"{step.stage}{count}{f', {step.note}' if step.note else ''} …", err=True)


class _Bars:
    """One bar a stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: Step) -> None:
        if step.stage not in self._tasks:
            self._end_all()
            self._tasks[step.stage] = self._progress.add_task(step.stage, total=step.total, count="", note="")
        self._progress.update(
            self._tasks[step.stage],
            completed=step.done,
            total=step.total,
            count=f"{step.done}/{step.total}" if step.total else f"{step.done or ''}",
            note=step.note,
        )

    def _end_all(self) -> None:
        """A stage that begins ends those before it: their bars stand still, and full."""
        for task in self._progress.tasks:
            self._progress.update(task.id, total=task.completed or 1, completed=task.completed or 1)


@contextmanager
def progress() -> Iterator[Tell]:
    """Something to tell steps to while the block runs."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Bars(bars)
