"""The service: routes, errors and pages assembled around one engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from data.blas import blas_in_one_thread
from service.http import errors
from service.http.bounded import Bench
from service.http.encoding import UploadEncoder
from service.http.metrics import metrics
from service.http.observed import Observed
from service.http.opened import EngineSlot
from service.http.routes import customers, explain, health, photos, products, rules, similar
from service.http.routes import metrics as metrics_route
from service.http.stopping import Stopping
from service.http.surrounding import surround
from service.page.routes import router as pages
from service.page.statics import static_files
from service.settings import Settings
from service.stages import listen
from service.versions import version_of

COUNTED_EVERY_SECONDS = 1.0
PICTURES_WAITING = 24

DESCRIPTION = """
Look-alikes and recommendations of one shop.

Every failure has one shape, `{"error": {"code", "message", "detail", "request_id"}}`; `code` is stable.
Ids are the shop's own strings, URL-encoded in paths. Scores of searches by looks are cosines in [-1, 1];
higher is closer. `where` is one small filter language everywhere:
`category = "Dress" and price < 50 and in_stock`.
"""
TAGS = [
    {"name": "search by looks", "description": "like a product, like a photo, like several examples"},
    {"name": "customers", "description": "what they did, what is recommended to them, forgetting them"},
    {"name": "products", "description": "read, list, change; searchable or gone at once"},
    {"name": "photos", "description": "pixels and thumbnails"},
    {"name": "merchandising", "description": "products pinned, blocked and boosted by hand, undoable"},
    {"name": "health", "description": "for whoever watches the service"},
]


def create_app(settings: Settings) -> FastAPI:
    """The service for the shop that the settings name.

    Nothing is opened here: the shop is opened when the app starts (its lifespan) and closed when it stops. A
    shop that cannot be opened does not stop the start; /health/ready and every answer say what is missing.
    """
    app = FastAPI(
        title="Vitrine",
        version=version_of() or "unknown",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        form_limits={"max_files": 16, "max_fields": 16},
        # Spans and metrics are for an operator to switch on, never for an environment variable.
        telemetry={"auto_configure": False},
    )
    app.state.settings = settings
    app.state.slot = EngineSlot(settings)
    app.state.uploads = UploadEncoder(settings)
    app.state.bench = Bench(PICTURES_WAITING)
    _measure(app, settings)
    app.include_router(explain.router)  # first: a product's id may hold slashes
    for router in (similar.router, customers.router, products.router, photos.router, health.router, pages):
        app.include_router(router)
    app.include_router(metrics_route.router)
    app.include_router(rules.router)
    app.mount("/static", static_files(), name="static")
    errors.install(app)
    surround(app, settings)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    slot: EngineSlot = app.state.slot
    await run_in_threadpool(slot.start)
    stopping: Stopping = app.state.stopping
    stopping.start()
    stopping.follow_parent()
    counting = asyncio.create_task(_count(app)) if app.state.metrics.shared else None
    try:
        with blas_in_one_thread():
            yield
    finally:
        stopping.begin()
        if counting is not None:
            counting.cancel()
        await run_in_threadpool(app.state.uploads.close)  # before the shop: it answers what was taken
        await run_in_threadpool(app.state.bench.close)
        await run_in_threadpool(slot.close)


def _measure(app: FastAPI, settings: Settings) -> None:
    """Metrics, and what says that the process is about to leave."""
    app.state.metrics = metrics()
    app.state.observed = Observed(app.state.slot, app.state.metrics)
    app.state.stopping = Stopping(settings.drain_seconds, settings.stop_seconds)
    app.state.uploads.watch = app.state.metrics
    listen(app.state.metrics.stage)


async def _count(app: FastAPI) -> None:
    """Where several workers count together, each keeps its numbers up to date for the one that is asked."""
    while True:
        app.state.observed.count()
        await asyncio.sleep(COUNTED_EVERY_SECONDS)
