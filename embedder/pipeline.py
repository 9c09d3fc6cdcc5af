"""From photos that wait in a shop to committed vectors: read, decode, encode and write, all at once.

Threads read and decode into a bounded channel; the calling thread feeds batches to the runtime, which
computes them asynchronously; one more thread commits. Whatever was committed stays when the process is
killed, and the next run goes on from there.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data.photos import PhotoLimits
from data.records import PendingPhoto, Photo, SpaceRecord
from data.shop import Shop
from embedder.channel import Broken, Channel
from embedder.embedder import Embedder, Floats, Photos
from embedder.progress import EncodeReport, Progress
from embedder.reading import Claims, Decoded, Reader, Seen
from embedder.writing import Encoded, Finished, Writer

PENDING_PORTION = 64
BATCHES_WAITING = 4
RESULTS_WAITING = 64
MOST_THREADS = 16
CPU_THREADS = 2


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """threads: that read and decode; None chooses by machine and runtime. limits: of photos. total: photos
    expected, for the progress; None counts them."""

    threads: int | None = None
    limits: PhotoLimits | None = None
    total: int | None = None


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
    run = _Run(shop, embedder, progress, chosen)
    return run.go(shop.pending_photos(embedder.space, PENDING_PORTION))


def encode_photos(shop: Shop, embedder: Embedder, photos: Sequence[Photo]) -> EncodeReport:
    """The same for a few photos named, at once: what an upload needs, without looking at the whole shop."""
    remember_space(shop, embedder)
    run = _Run(shop, embedder, None, PipelineOptions(threads=1, total=len(photos)))
    waiting = [
        PendingPhoto(photo.photo_id, photo.product_id, shop.photo_path(photo), None, 0, 0, None)
        for photo in photos
    ]
    return run.go(iter([waiting] if waiting else []))


def remember_space(shop: Shop, embedder: Embedder) -> SpaceRecord:
    """Notes in the shop what the embedder's space means (vectors can be stored only in a known space).

    A space that the shop knows already is left as it is.
    """
    if embedder.space not in shop.spaces():
        meaning = embedder.config.as_json() | {"digest": embedder.digest}
        shop.put_space(SpaceRecord(embedder.space, embedder.name, embedder.layout.as_json(), meaning))
    return shop.space(embedder.space)


def default_threads(runtime: str) -> int:
    """Threads that decode: a few where the CPU computes too, most of its cores where a GPU computes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return min(MOST_THREADS, cores) if runtime.endswith("cuda") else max(1, min(CPU_THREADS, cores))


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
        claims = Claims()
        self._reader = Reader(shop, embedder, claims, options.limits)
        total = _expected(shop, embedder.space) if options.total is None else options.total
        self._writer = Writer(shop, embedder.space, claims, total, progress)
        self._threads = options.threads or default_threads(self._runtime.name)
        self._decoded: Channel[Decoded] = Channel(BATCHES_WAITING * self._runtime.batch)
        self._results: Channel[Finished] = Channel(RESULTS_WAITING)
        self._lock = threading.Lock()
        self._reading = self._threads
        self._decode_seconds = 0.0
        self._waited = 0.0
        self._error: BaseException | None = None

    def go(self, pending: Iterator[list[PendingPhoto]]) -> EncodeReport:
        """Runs to the end, or to the first error."""
        began = time.perf_counter()
        readers = [
            threading.Thread(target=self._read, args=(pending,), name=f"vitrine-read-{i}", daemon=True)
            for i in range(self._threads)
        ]
        writer = threading.Thread(target=self._write, name="vitrine-write", daemon=True)
        for thread in (*readers, writer):
            thread.start()
        self._guarded(self._encode)
        for thread in readers:
            thread.join()
        self._results.close()
        writer.join()
        if self._error is not None:
            raise self._error
        wall = time.perf_counter() - began
        seconds = {
            "decode": self._decode_seconds,
            "encode": max(0.0, wall - self._waited),
            "write": self._writer.seconds,
            "wall": wall,
        }
        return EncodeReport(self._writer.encoded, self._writer.reused, self._writer.rejected, seconds)

    def _encode(self) -> None:
        for (seen, colours), outputs in self._runtime.stream(self._batches()):
            self._results.put(Encoded(seen, self._embedder.finish(outputs, colours)))

    def _batches(self) -> Iterator[tuple[tuple[list[Seen], Floats], Photos]]:
        batch: list[Decoded] = []
        while True:
            began = time.perf_counter()
            item = self._decoded.get()
            self._waited += time.perf_counter() - began
            if item is not None:
                batch.append(item)
            if batch and (item is None or len(batch) == self._runtime.batch):
                seen, colours = [d.seen for d in batch], np.stack([d.colours for d in batch])
                yield (seen, colours), np.stack([d.pixels for d in batch])
                batch = []
            if item is None:
                return

    def _read(self, pending: Iterator[list[PendingPhoto]]) -> None:
        self._guarded(lambda: self._read_all(pending))
        with self._lock:
            self._reading -= 1
            last = self._reading == 0
        if last:
            self._decoded.close()

    def _read_all(self, pending: Iterator[list[PendingPhoto]]) -> None:
        while True:
            with self._lock:
                portion = next(pending, None)
            if portion is None:
                return
            self._read_portion(portion)

    def _read_portion(self, portion: list[PendingPhoto]) -> None:
        began = time.perf_counter()
        busy = 0.0
        for item in self._reader.read(portion):
            busy += time.perf_counter() - began
            if isinstance(item, Decoded):
                self._decoded.put(item)
            else:
                self._results.put(item)
            began = time.perf_counter()
        busy += time.perf_counter() - began
        with self._lock:
            self._decode_seconds += busy

    def _write(self) -> None:
        if not self._guarded(self._write_all):
            self._results.fail()

    def _write_all(self) -> None:
        for item in self._results:
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
            self._decoded.fail()
            return False
        return True


def _expected(shop: Shop, space: str) -> int:
    current = shop.current_space()
    counts = shop.counts()
    return int(counts["pending"] if current is not None and current.space == space else counts["photos"])
