"""How long the stages of the pipeline take, added up over its threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LIST, KNOWN, READ, DECODE, COLOURS = "list", "known", "read", "decode", "colours"
NETWORK, COMMIT = "network", "commit"
NAMES = (LIST, KNOWN, READ, DECODE, COLOURS, NETWORK, COMMIT)
"""In the order of a photo's way: which photos wait, whether the content is known, the file's bytes and their
digest, the pixels, the palette, the network with the aspects' blocks, the transaction."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage of a run.

    seconds: of work, summed over threads. waited: seconds that those threads waited for the next or the
    former stage, summed. threads: how many may be at it at once. photos: that it dealt with.
    """

    name: str
    seconds: float
    waited: float
    threads: int
    photos: int


@dataclass(slots=True)
class _Sum:
    seconds: float = 0.0
    waited: float = 0.0
    photos: int = 0


class Stages:
    """Gathers seconds by stage. Threads may share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found = {name: _Sum() for name in NAMES}

    def add(self, name: str, seconds: float, photos: int = 0) -> None:
        """So many seconds of work at so many photos."""
        self.add_all([(name, seconds, photos)])

    def add_all(self, spent: Iterable[tuple[str, float, int]]) -> None:
        """What another one gathered: name, seconds of work, photos."""
        with self._lock:
            for name, seconds, photos in spent:
                self._found[name].seconds += seconds
                self._found[name].photos += photos

    def taken(self) -> list[tuple[str, float, int]]:
        """The work gathered so far, for ``add_all``; from now on it is gathered anew."""
        with self._lock:
            found, self._found = self._found, {name: _Sum() for name in NAMES}
        return [(name, work.seconds, work.photos) for name, work in found.items() if work.seconds]

    @contextmanager
    def waiting(self, name: str) -> Iterator[None]:
        """A stage waits for another one in this block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            with self._lock:
                self._found[name].waited += spent

    def seconds(self, *names: str) -> float:
        """Of work in these stages together."""
        with self._lock:
            return sum(self._found[name].seconds for name in names)

    def times(self, workers: int, network: int) -> tuple[StageTime, ...]:
        """All stages; those that read and decode have ``workers`` threads, the network ``network``."""
        threads = dict.fromkeys(NAMES, workers) | {NETWORK: network, COMMIT: 1, LIST: 1}
        with self._lock:
            return tuple(
                StageTime(name, found.seconds, found.waited, threads[name], found.photos)
                for name, found in self._found.items()
            )
