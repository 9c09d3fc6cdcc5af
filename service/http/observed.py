"""What is told of the shop when metrics are asked for: revisions, generation, ages, caches, the log."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from data.errors import VitrineError
from index.generations import Generations
from index.manifest import Manifest
from service.browsing import thumbnails_kept
from service.engine import Engine
from service.http.metrics import Growth, Metrics
from service.http.opened import EngineSlot


class Observed(Collector):
    """The shop as the process that is asked sees it, and what counts up elsewhere in this process.

    Nothing here is touched by a request to the shop: it is looked up when somebody asks.
    """

    def __init__(self, slot: EngineSlot, metrics: Metrics) -> None:
        self._slot = slot
        self._metrics = metrics
        self._manifest: tuple[int, Manifest] | None = None
        cache, rows = metrics.cache, metrics.log_rows
        self._thumbnails = (
            Growth(cache.labels("thumbnails", "hit")),
            Growth(cache.labels("thumbnails", "miss")),
        )
        self._tables = Growth(cache.labels("catalogue", "hit")), Growth(cache.labels("catalogue", "miss"))
        self._rows = Growth(rows.labels("written")), Growth(rows.labels("lost"))

    def count(self) -> None:
        """Bring this process's counters up to date. With several workers each does so every second."""
        hits, misses = thumbnails_kept()
        self._thumbnails[0].at(hits)
        self._thumbnails[1].at(misses)
        engine = self._slot.opened
        if engine is None:
            return
        parts = engine.parts
        self._tables[0].at(parts.tables.hits)
        self._tables[1].at(parts.tables.misses)
        if parts.log is not None:
            self._metrics.log_queue.set(parts.log.waiting)
            self._rows[0].at(parts.log.written)
            self._rows[1].at(parts.log.lost)

    def describe(self) -> Iterable[Metric]:
        """None ahead of time: what there is depends on the shop."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """See Collector. A shop that cannot be looked at gives ``vitrine_ready 0`` and nothing else."""
        try:
            engine = self._slot.engine()
            found = list(self._of_shop(engine))
        except VitrineError:
            yield _gauge("vitrine_ready", "Whether searches can be answered", 0)
            return
        yield _gauge("vitrine_ready", "Whether searches can be answered", int(engine.ready()))
        yield from found

    def _of_shop(self, engine: Engine) -> Iterable[Metric]:
        revision = engine.shop.revision
        yield _gauge("vitrine_revision", "The last change in the shop's records", revision)
        yield _gauge(
            "vitrine_warnings", "Things that are wrong though answers are given", len(engine.warnings())
        )
        index = engine.parts.opened_index
        if index is None:
            return
        view = index.pinned()  # as the last question left it: not brought up to date before it is looked at
        yield _gauge("vitrine_revision_searched", "The change up to which searches see", view.revision)
        yield _gauge(
            "vitrine_revision_lag",
            "Changes since the last question; each question looks first, so only a shop that is asked "
            "and cannot follow lags for long",
            max(0, revision - view.revision),
        )
        yield _gauge("vitrine_photos_searchable", "Photos that can be found", view.size)
        yield _gauge("vitrine_generation", "Number of the generation in use", view.generation)
        yield _gauge(
            "vitrine_index_changed_products",
            "Products compared one by one until the next generation",
            view.changed,
        )
        yield _gauge("vitrine_index_warnings", "What is wrong with the generations", len(view.warnings))
        created = self._created(engine, view.generation)
        if created is not None:
            yield _gauge(
                "vitrine_index_age_seconds", "Since the generation was built", max(0.0, time.time() - created)
            )

    def _created(self, engine: Engine, number: int) -> float | None:
        """When a generation was built, in seconds since 1970; read once."""
        if not number:
            return None
        if self._manifest is None or self._manifest[0] != number:
            generations = Generations(engine.shop.directory / "index")
            try:
                self._manifest = number, Manifest.load(generations.path(number))
            except VitrineError:  # swept away meanwhile
                return None
        return datetime.fromisoformat(self._manifest[1].created).timestamp()


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)
