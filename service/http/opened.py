"""The engine of a running service: opened when the service starts, or as soon as there is a shop to open."""

from __future__ import annotations

import threading
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from data.errors import VitrineError
from service.engine import Engine
from service.settings import Settings
from service.shown_log import LogSettings


class EngineSlot:
    """Holds the one engine of a service. Safe to use from several threads.

    A service may start before its shop is made: every request then says what is missing, and the first one
    after the shop appears opens it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def engine(self) -> Engine:
        """The open engine. Raises ShopMissing, SchemaMismatch while it cannot be opened."""
        found = self._engine
        if found is not None:
            return found
        with self._lock:
            if self._engine is None:
                settings = self._settings
                self._engine = Engine.open(settings.shop, settings.runtime, _log_settings(settings))
            return self._engine

    @property
    def opened(self) -> Engine | None:
        """The engine if it is open; opens nothing."""
        return self._engine

    def start(self) -> None:
        """Open the engine and its index now if that is possible, so that the first question is quick."""
        try:
            self.engine().warm_up()
        except VitrineError:
            # Not a failure of the service: /health/ready and every answer say what is missing.
            return

    def close(self) -> None:
        """Close the engine if it is open."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None


def _log_settings(settings: Settings) -> LogSettings | None:
    if not settings.log_recommendations:
        return None
    return LogSettings(settings.explore, settings.log_retention_days, settings.log_queue)


# Coroutines, though they wait for nothing: FastAPI would run functions on another thread each.


async def slot_of(request: Request) -> EngineSlot:
    """The slot of the app that answers this request."""
    slot: EngineSlot = request.app.state.slot
    return slot


async def engine_of(request: Request) -> Engine:
    """The open engine of the app that answers this request."""
    slot = await slot_of(request)
    found = slot.opened
    return await run_in_threadpool(slot.engine) if found is None else found


async def settings_of(request: Request) -> Settings:
    """The settings of the app that answers this request."""
    settings: Settings = request.app.state.settings
    return settings


OpenEngine = Annotated[Engine, Depends(engine_of)]
TheSettings = Annotated[Settings, Depends(settings_of)]
TheSlot = Annotated[EngineSlot, Depends(slot_of)]
