"""From photos that wait in a shop to committed vectors: read, decode, encode and write, all at once.

Where the CPU computes, every worker decodes a batch and then computes it: there are hardly more threads than
cores, so none takes another's cache away. Where a GPU computes, threads decode into a bounded channel and the
calling thread feeds it. Where there are many cores and photos, each of these threads has a process read and
decode for it. One more thread commits. Whatever was committed stays when the process is killed, and the next
run goes on from there.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from data.blas import blas_in_one_thread
from data.cores import cores
from data.photolimits import PhotoLimits
from data.records import PendingPhoto, SpaceRecord
from data.shop import Shop
from embedder.channel import Broken, Channel
from embedder.embedder import Embedder, Floats, Photos
from embedder.hands import GROUP_PHOTOS, Hands, OwnHands
from embedder.process_hands import ProcessHands
from embedder.progress import EncodeReport, Progress
from embedder.reading import Claims, Decoded, Reader, Refused, Seen
from embedder.stages import COLOURS, COMMIT, DECODE, KNOWN, LIST, NETWORK, READ, Stages
from embedder.waiting import Work
from embedder.writing import Encoded, Finished, Writer

PENDING_PORTION = 256
BATCHES_WAITING = 4
RESULTS_WAITING = 64
MOST_THREADS = 16
WAKE_SECONDS = 0.1
HANDED_OVER = 8
"""Decoded photos that a thread puts into the channel at once."""
PROCESS_CORES, PROCESS_CORES_COMPUTING = 4, 8
"""From so many cores on processes decode where a GPU computes, and where they compute themselves, which takes
half of their time or more: three that only decode are kept busy by threads alone."""
PROCESS_PHOTOS = 1000
"""From so many photos on: a process answers .35 s after it is started (one alone, two cores; of sixteen it
was not measured)."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """threads: that read and decode (and compute, where the CPU does); None chooses by machine and runtime.
    limits: of photos. processes: whether each of the threads has a process read and decode for it (never on
    Windows); None chooses by machine and number of photos."""

    threads: int | None = None
    limits: PhotoLimits | None = None
    processes: bool | None = None


def encode_pending(
    shop: Shop,
    embedder: Embedder,
    progress: Callable[[Progress], None] | None = None,
    options: PipelineOptions | None = None,
) -> EncodeReport:
    """Gives every photo of the shop that lacks one a vector in the embedder's space.

    Photos that cannot be used become rejects. ``progress`` is called after every commit, by the writing
    thread. The caller should hold ``shop.writer``. An error in any stage stops all of them and is raised
    here; what was finished by then is committed first, also on KeyboardInterrupt.
    """
    chosen = options or PipelineOptions()
    remember_space(shop, embedder)
    return _Run(shop, embedder, progress, chosen).go(shop.pending_photos(embedder.space, PENDING_PORTION))


def remember_space(shop: Shop, embedder: Embedder) -> SpaceRecord:
    """Notes in the shop what the embedder's space means (vectors can be stored only in a known space).

    A space that the shop knows already is left as it is.
    """
    if embedder.space not in shop.spaces():
        meaning = embedder.config.as_json() | {"digest": embedder.digest}
        shop.put_space(SpaceRecord(embedder.space, embedder.name, embedder.layout.as_json(), meaning))
    return shop.space(embedder.space)


def default_threads(runtime: str) -> int:
    """Threads that decode: all cores where a GPU computes, one more than cores where the CPU does (while one
    waits for a file or for the interpreter, another computes)."""
    return min(MOST_THREADS, cores() + (0 if runtime.endswith("cuda") else 1))


def default_processes(photos: int, runtime: str) -> bool:
    """Whether processes decode so many photos."""
    enough = PROCESS_CORES if runtime.endswith("cuda") else PROCESS_CORES_COMPUTING
    return cores() >= enough and photos >= PROCESS_PHOTOS


class _Run:
    """One run of the pipeline: its channels, threads, and the first error of any of them."""

    def __init__(
        self,
        shop: Shop,
        embedder: Embedder,
        progress: Callable[[Progress], None] | None,
        options: PipelineOptions,
    ) -> None:
        self._embedder = embedder
        self._runtime = embedder.runtime
        self._stages = Stages()
        claims, expected = Claims(), _expected(shop, embedder.space)
        self._reader = Reader(shop, embedder.space, claims, self._stages)
        self._limits = options.limits or PhotoLimits()
        wanted = options.processes
        if wanted is None:
            wanted = default_processes(expected, self._runtime.name)
        self._processes = wanted and os.name == "posix"
        self._told = False
        self._helped: list[ProcessHands] = []
        self._writer = Writer(shop, embedder.space, claims, expected, progress)
        self._threads = options.threads or default_threads(self._runtime.name)
        self._decoded: Channel[Decoded] = Channel(BATCHES_WAITING * self._runtime.batch)
        self._results: Channel[Finished] = Channel(RESULTS_WAITING)
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self._reading = self._threads
        self._error: BaseException | None = None

    def go(self, pending: Iterator[list[PendingPhoto]]) -> EncodeReport:
        """Runs to the end, or to the first error."""
        began = time.perf_counter()
        photos = chain.from_iterable(pending)
        work = self._work if self._runtime.side_by_side else self._read
        workers = [Work(lambda: work(photos), f"vitrine-read-{number}") for number in range(self._threads)]
        writer = Work(self._write, "vitrine-write")
        with blas_in_one_thread():
            for thread in (*workers, writer):
                thread.start()
            if not self._runtime.side_by_side:
                self._guarded(self._encode)
            self._wait_for(workers)
            self._results.close()
            self._wait_for([writer])
        if self._error is not None:
            raise self._error
        return self._report(time.perf_counter() - began)

    def _report(self, wall: float) -> EncodeReport:
        writer, stages = self._writer, self._stages
        stages.add(COMMIT, writer.seconds, writer.encoded + writer.reused + writer.rejected)
        seconds = {
            "decode": stages.seconds(KNOWN, READ, DECODE, COLOURS),
            "encode": stages.seconds(NETWORK),
            "write": writer.seconds,
            "wall": wall,
        }
        beside = self._threads if self._runtime.side_by_side else 1
        times = stages.times(self._threads, beside)
        return EncodeReport(writer.encoded, writer.reused, writer.rejected, seconds, times)

    def _wait_for(self, threads: list[Work]) -> None:
        """Until they have ended. An interruption is kept, and stops the workers; one that another thread
        received is only seen when this one wakes."""
        for thread in threads:
            while not thread.ended:
                self._guarded(lambda thread=thread: thread.wait(WAKE_SECONDS))  # type: ignore[misc]

    def _work(self, photos: Iterator[PendingPhoto]) -> None:
        """A worker of the CPU: decodes and computes, batch by batch."""
        self._guarded(lambda: self._work_all(photos))

    def _work_all(self, photos: Iterator[PendingPhoto]) -> None:
        batch: list[Decoded] = []
        with closing(self._hands()) as hands:
            for item in self._items(photos, hands):
                if not isinstance(item, Decoded):
                    self._hand_over(item)
                    continue
                batch.append(item)
                if len(batch) == self._runtime.batch:
                    self._compute(batch)
                    batch = []
        if batch:
            self._compute(batch)

    def _compute(self, batch: list[Decoded]) -> None:
        began = time.perf_counter()
        (seen, colours), photos = _stacked(batch)
        encoded = Encoded(seen, self._embedder.finish(self._runtime.compute(photos), colours))
        self._stages.add(NETWORK, time.perf_counter() - began, len(batch))
        self._hand_over(encoded)

    def _hand_over(self, item: Finished) -> None:
        with self._stages.waiting(NETWORK):
            self._results.put(item)

    def _encode(self) -> None:
        """The calling thread where a GPU computes: feeds it what the others decoded."""
        began = time.perf_counter()
        for (seen, colours), outputs in self._runtime.stream(self._batches()):
            encoded = Encoded(seen, self._embedder.finish(outputs, colours))
            self._stages.add(NETWORK, time.perf_counter() - began, len(seen))
            self._hand_over(encoded)
            began = time.perf_counter()
        self._stages.add(NETWORK, time.perf_counter() - began)

    def _batches(self) -> Iterator[tuple[tuple[list[Seen], Floats], Photos]]:
        batch: list[Decoded] = []
        while True:
            began = time.perf_counter()
            with self._stages.waiting(NETWORK):
                items = self._decoded.get_some(self._runtime.batch - len(batch))
            self._stages.add(NETWORK, began - time.perf_counter())  # is inside what _encode counts
            batch.extend(items)
            if batch and (not items or len(batch) == self._runtime.batch):
                yield _stacked(batch)
                batch = []
            if not items:
                return

    def _read(self, photos: Iterator[PendingPhoto]) -> None:
        """A reader for the GPU: decodes into the channel; the last one closes it."""
        self._guarded(lambda: self._read_all(photos))
        with self._lock:
            self._reading -= 1
            last = self._reading == 0
        if last:
            self._decoded.close()

    def _read_all(self, photos: Iterator[PendingPhoto]) -> None:
        decoded: list[Decoded] = []
        with closing(self._hands()) as hands:
            for item in self._items(photos, hands):
                if not isinstance(item, Decoded):
                    with self._stages.waiting(DECODE):
                        self._results.put(item)
                    continue
                decoded.append(item)
                if len(decoded) == HANDED_OVER:
                    self._hand_decoded(decoded)
                    decoded = []
        if decoded:
            self._hand_decoded(decoded)

    def _hand_decoded(self, photos: list[Decoded]) -> None:
        with self._stages.waiting(DECODE):
            self._decoded.put(*photos)

    def _hands(self) -> Hands:
        """What reads and decodes for the thread that calls."""
        if self._processes:
            hands = ProcessHands(self._embedder, self._limits, self._stages, self._lost)
            with self._lock:
                self._helped.append(hands)
            if self._error is not None:
                hands.hurry()
            return hands
        return OwnHands(self._embedder, self._limits, self._stages)

    def _lost(self, why: str) -> None:
        """Of several processes the first is told: what befell one may befall them all."""
        with self._lock:
            first = not self._told and self._error is None  # after an error they are ended on purpose
            self._told = True
        if first:
            logger.warning("a process that decodes photos %s; its thread decodes by itself", why)

    def _items(self, photos: Iterator[PendingPhoto], hands: Hands) -> Iterator[Decoded | Seen | Refused]:
        """What one thread reads: it takes a few photos at a time until none is left. Broken after an error
        elsewhere."""
        while True:
            with self._listing:
                began = time.perf_counter()
                portion = list(islice(photos, GROUP_PHOTOS))
                self._stages.add(LIST, time.perf_counter() - began, len(portion))
            if not portion:
                return
            for item in self._reader.read(portion, hands):
                if self._error is not None:
                    raise Broken
                yield item

    def _write(self) -> None:
        if not self._guarded(self._write_all):
            self._results.fail()

    def _write_all(self) -> None:
        while True:
            with self._stages.waiting(COMMIT):
                item = self._results.get()
            if item is None:
                break
            self._writer.take(item)
        self._writer.flush()

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Does the work; on an error keeps the first one, and wakes everybody who feeds the network."""
        try:
            work()
        except Broken:
            return False  # whoever broke the channel has kept the error
        except BaseException as error:
            with self._lock:
                self._error = self._error or error
                helped = list(self._helped)
            for hands in helped:
                hands.hurry()
            self._decoded.fail()
            return False
        return True


def _stacked(batch: list[Decoded]) -> tuple[tuple[list[Seen], Floats], Photos]:
    """Which photos these are and their colours, and their pixels as one array."""
    seen, colours = [d.seen for d in batch], np.stack([d.colours for d in batch])
    return (seen, colours), np.stack([d.pixels for d in batch])


def _expected(shop: Shop, space: str) -> int:
    current = shop.current_space()
    counts = shop.counts()
    return int(counts["pending"] if current is not None and current.space == space else counts["photos"])
