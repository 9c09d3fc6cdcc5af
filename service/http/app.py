"""The service: routes, errors and pages assembled around one engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from service.http import errors
from service.http.gate import Gate
from service.http.guard import Guard
from service.http.opened import EngineSlot
from service.http.routes import customers, health, photos, products, similar
from service.page.routes import router as pages
from service.page.statics import static_files
from service.settings import Settings

# Boundaries and part headers of a multipart body, on top of the photo itself.
ENVELOPE_BYTES = 64 * 1024

DESCRIPTION = """
Look-alikes and recommendations of one shop.

Every failure has one shape, `{"error": {"code", "message", "detail"}}`; `code` is stable.
Ids are the shop's own strings, URL-encoded in paths. Scores of searches by looks are cosines in [-1, 1];
higher is closer. `where` is one small filter language everywhere:
`category = "Dress" and price < 50 and in_stock`.
"""
TAGS = [
    {"name": "search by looks", "description": "like a product, like a photo, like several examples"},
    {"name": "customers", "description": "what they did, what is recommended to them, forgetting them"},
    {"name": "products", "description": "read, list, change; searchable or gone at once"},
    {"name": "photos", "description": "pixels and thumbnails"},
    {"name": "health", "description": "for whoever watches the service"},
]


def create_app(settings: Settings) -> FastAPI:
    """The service for the shop that the settings name.

    Nothing is opened here: the shop is opened when the app starts (its lifespan) and closed when it stops. A
    shop that cannot be opened does not stop the start; /health/ready and every answer say what is missing.
    """
    app = FastAPI(
        title="Vitrine",
        version=_version(),
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
    app.state.gate = Gate()
    app.add_middleware(Guard, max_body_bytes=settings.max_upload_bytes + ENVELOPE_BYTES)
    for router in (similar.router, customers.router, products.router, photos.router, health.router, pages):
        app.include_router(router)
    app.mount("/static", static_files(), name="static")
    errors.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    slot: EngineSlot = app.state.slot
    await run_in_threadpool(slot.start)
    try:
        yield
    finally:
        await run_in_threadpool(slot.close)


def _version() -> str:
    try:
        return version("vitrine")
    except PackageNotFoundError:
        return "unknown"
