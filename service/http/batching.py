"""Photos of several requests that are encoded in one forward pass: micro-batches.

While there is more to do, batches are computed side by side, one a core, where the runtime is quicker so: a
pass that all cores share waits in every layer for the slowest of them, and on a busy machine one of them is
always late. A pass with nothing beside it has all cores.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from data.cores import cores
from service.requests import Encoded

if TYPE_CHECKING:
    from embedder.embedder import Embedder

LARGEST_BATCH = 32

logger = logging.getLogger(__name__)


class Watch(Protocol):
    """What somebody who measures uploads is told. Called from worker threads; must return at once."""

    def decoded(self, seconds: float) -> None:
        """A photo was decoded, or found unusable, in so many seconds."""

    def queued(self, seconds: float) -> None:
        """A decoded photo waited so long for the network."""

    def encoded(self, photos: int, seconds: float) -> None:
        """So many photos went through the network together, in so many seconds."""

    def refused(self) -> None:
        """An upload found no place, or took too long."""


class Unwatched:
    """Nobody measures."""

    def decoded(self, seconds: float) -> None:
        """Nothing."""

    def queued(self, seconds: float) -> None:
        """Nothing."""

    def encoded(self, photos: int, seconds: float) -> None:
        """Nothing."""

    def refused(self) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A decoded photo on its way to the network.

    embedder: whose vectors are wanted. size: how many photos it takes at a time. photo, colours: as
    ``Embedder.prepare`` and ``colours`` make them. answer: gets the Encoded, or what went wrong; once it is
    cancelled, the photo is left out. since: when it was ready (``time.monotonic``).
    """

    embedder: Embedder
    size: int
    photo: NDArray[np.uint8]
    colours: NDArray[np.float32]
    answer: Future[Encoded]
    since: float = field(default_factory=time.monotonic)


Network = Callable[[Sequence[Prepared]], NDArray[np.float32]]


class Batcher:
    """Collects prepared photos and encodes those of one embedder together. Safe to use from several threads.

    While every core computes a batch the next one gathers, and goes as soon as one is free. A batch that is
    not full waits for company only if some is announced (being decoded just now), and at most for the window,
    counted from the first photo's arrival.
    """

    def __init__(self, window: float, watch: Watch | None = None, largest: int = LARGEST_BATCH) -> None:
        """window: seconds. watch: who is told of every batch. largest: most photos of one."""
        self.window = window
        self._largest = largest
        self.watch: Watch = watch or Unwatched()
        self._changed = threading.Condition()
        self._ready: list[Prepared] = []
        self._coming = 0
        self._lanes = cores()
        self._flying = 0
        self._thread: threading.Thread | None = None

    def announce(self) -> None:
        """One photo more is on its way: ``hand_in`` or ``withdraw`` must follow."""
        with self._changed:
            self._coming += 1

    def withdraw(self) -> None:
        """A photo that was announced does not come."""
        with self._changed:
            self._coming -= 1
            self._changed.notify_all()

    def hand_in(self, photo: Prepared) -> None:
        """A photo that was announced is ready to be encoded; its ``answer`` says what came of it."""
        with self._changed:
            self._coming -= 1
            self._ready.append(photo)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="vitrine-encode", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self, seconds: float = 10.0) -> None:
        """Encode what was handed in, then end the thread; wait for it at most so long."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._changed.notify_all()
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        with ThreadPoolExecutor(self._lanes, "vitrine-encode") as lanes:
            while found := self._next():
                batch, beside = found
                if beside:
                    lanes.submit(self._fly, batch)
                else:
                    self._through(batch, encoded)

    def _fly(self, batch: Sequence[Prepared]) -> None:
        """Runs on the thread of a lane."""
        try:
            self._through(batch, computed)
        finally:
            with self._changed:
                self._flying -= 1
                self._changed.notify_all()

    def _through(self, batch: Sequence[Prepared], network: Network) -> None:
        try:
            self._encode([one for one in batch if one.answer.set_running_or_notify_cancel()], network)
        except Exception:  # of whoever watches: it must not end the thread that all uploads wait for
            logger.exception("a batch of uploads was not told of as it should have been")

    def _next(self) -> tuple[list[Prepared], bool] | None:
        """The photos to encode next, waiting for them, and whether beside others, on a lane that is theirs
        from now on; None when closed and all is done.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._dismissed())
            if not self._ready:
                return None
            first = self._ready[0]
            size = min(first.size, self._largest)
            able = self._lanes > 1 and first.embedder.runtime.side_by_side
            until = first.since + self.window
            while not self._dismissed():
                if self._flying >= (self._lanes if able else 1):
                    self._changed.wait()
                    continue
                left = until - time.monotonic()
                if len(self._of(first)) >= size or self._coming <= 0 or left <= 0:
                    break
                self._changed.wait(left)
            batch = self._of(first)[:size]
            taken = set(map(id, batch))
            self._ready = [one for one in self._ready if id(one) not in taken]
            beside = able and bool(self._flying or self._coming or self._ready)
            self._flying += beside
            return batch, beside

    def _dismissed(self) -> bool:
        """Whether the batcher was closed since this thread was started."""
        return self._thread is not threading.current_thread()

    def _of(self, first: Prepared) -> list[Prepared]:
        return [one for one in self._ready if one.embedder is first.embedder]

    def _encode(self, batch: Sequence[Prepared], network: Network) -> None:
        if not batch:
            return
        began = time.monotonic()
        try:
            vectors = network(batch)
        except Exception as error:  # whatever it is, the thread lives on and each photo gets its answer
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            for one in batch:  # one of them spoils it for all: each for itself
                self._encode([one], encoded)
            return
        seconds = time.monotonic() - began
        for one, vector in zip(batch, vectors, strict=True):
            one.answer.set_result(Encoded(vector, one.embedder.space))
        self.watch.encoded(len(batch), seconds)
        for one in batch:
            self.watch.queued(began - one.since)


def encoded(batch: Sequence[Prepared]) -> NDArray[np.float32]:
    """Unit blocks (n, d) of prepared photos of one embedder, in one forward pass of all cores."""
    return _finished(batch, batch[0].embedder.runtime.encode)


def computed(batch: Sequence[Prepared]) -> NDArray[np.float32]:
    """The same in a pass beside others."""
    return _finished(batch, partial(batch[0].embedder.runtime.compute, fitting=True))


def _finished(
    batch: Sequence[Prepared], network: Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], ...]]
) -> NDArray[np.float32]:
    outputs = network(np.stack([one.photo for one in batch]))
    return batch[0].embedder.finish(outputs, np.stack([one.colours for one in batch]))
