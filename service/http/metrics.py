"""What the service counts, in Prometheus's terms: a registry of its own, for one process or several.

Several worker processes write to files in one folder (prometheus-client's multi-process mode, which its
``PROMETHEUS_MULTIPROC_DIR`` switches on before it is imported); whichever worker is asked adds them up.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
STAGES = ("queue", "decode", "encode", "search", "rank")
QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
WHOLE = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCHES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """All that one process counts. Safe to use from several threads.

    folder: where several processes meet; None for a single one.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._registry = CollectorRegistry()
        own = self._registry if folder is None else None
        self.requests = Histogram(
            "vitrine_request_seconds",
            "From the first byte of a request to the last of its answer",
            ("method", "route", "status"),
            buckets=WHOLE,
            registry=own,
        )
        self._stage = Histogram(
            "vitrine_stage_seconds", "One part of an answer", ("stage",), buckets=QUICK, registry=own
        )
        self._stages = {name: self._stage.labels(name) for name in STAGES}
        self.batches = Histogram(
            "vitrine_upload_batch_photos", "Photos encoded in one pass", buckets=BATCHES, registry=own
        )
        self.refusals = Counter("vitrine_uploads_refused", "Uploads that found no place", registry=own)
        self.cache = Counter(
            "vitrine_cache_lookups", "Looks into a cache, by outcome", ("cache", "outcome"), registry=own
        )
        self.log_rows = Counter(
            "vitrine_log_rows", "Rows of the log of recommendations, by outcome", ("outcome",), registry=own
        )
        self.log_queue = self._gauge("vitrine_log_queue_rows", "Rows of that log that wait to be written")
        self.in_flight = self._gauge("vitrine_requests_in_flight", "Requests that are being answered")
        self.workers = self._gauge("vitrine_workers", "Worker processes that answer")
        self.workers.set(1)
        if folder is None:
            ProcessCollector(registry=self._registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        alone = self._folder is None
        return Gauge(name, meaning, multiprocess_mode="livesum", registry=self._registry if alone else None)

    @property
    def shared(self) -> bool:
        """Whether several processes count together."""
        return self._folder is not None

    def stage(self, name: str, seconds: float) -> None:
        """One stage of an answer was done; a listener of ``service.stages``."""
        found = self._stages.get(name)
        if found is not None:
            found.observe(seconds)

    def queued(self, seconds: float) -> None:
        """A decoded photo waited so long for the network."""
        self.stage("queue", seconds)

    def decoded(self, seconds: float) -> None:
        """A photo was decoded, or found unusable."""
        self.stage("decode", seconds)

    def encoded(self, photos: int, seconds: float) -> None:
        """So many photos went through the network together."""
        self.stage("encode", seconds)
        self.batches.observe(photos)

    def refused(self) -> None:
        """An upload found no place."""
        self.refusals.inc()

    def exposition(self, accept: str, collectors: Iterable[Collector]) -> tuple[bytes, str]:
        """Everything as text, with what the collectors find at this moment, and the content type of it.

        accept: the header of whoever asks; Prometheus prefers OpenMetrics.
        """
        joined = CollectorRegistry()
        if self._folder is None:
            joined.register(_All(self._registry))
        else:
            _forget_the_dead(self._folder)
            MultiProcessCollector(joined, str(self._folder))  # type: ignore[no-untyped-call]
        for collector in collectors:
            joined.register(collector)
        encode, content_type = choose_encoder(accept)
        return encode(joined), content_type


class _All(Collector):
    """A whole registry as one collector."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        """See Collector."""
        return self._registry.collect()


def _forget_the_dead(folder: Path) -> None:
    """Workers that were killed must not count as living: their gauges go, their counters stay."""
    for file in folder.glob("gauge_live*.db"):
        number = file.stem.rpartition("_")[2]
        if number.isdecimal() and not _alive(int(number)):
            mark_process_dead(int(number), str(folder))  # type: ignore[no-untyped-call]


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Growth:
    """Turns a number that something else counts up into increments of a counter."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._lock = threading.Lock()
        self._seen = 0

    def at(self, total: int) -> None:
        """The number stands at ``total``; smaller than before means that it began anew."""
        with self._lock:
            self._counter.inc(total - self._seen if total >= self._seen else total)
            self._seen = total


@lru_cache(maxsize=1)
def metrics() -> Metrics:
    """Those of this process; several apps in it count together."""
    folder = os.environ.get(FOLDER)
    return Metrics(Path(folder) if folder else None)
