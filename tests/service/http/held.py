"""A network that stops before each pass until it is let go, and counts; and a service around it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from fastapi import FastAPI

from service.http.app import create_app
from service.settings import Settings
from tests.service.fakes import Bytes, FakeEmbedder, FakeRuntime, Floats

SECONDS = 20.0
Answer = TypeVar("Answer")


class HeldRuntime(FakeRuntime):
    """passes: how many photos each pass had. Open at first; ``hold`` closes it."""

    def __init__(self) -> None:
        self.passes: list[int] = []
        self.arrived = threading.Event()
        self._open = threading.Event()
        self._open.set()

    def hold(self) -> None:
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()

    def encode(self, photos: Bytes) -> tuple[Floats, ...]:
        self.passes.append(len(photos))
        self.arrived.set()
        if not self._open.wait(SECONDS):
            raise TimeoutError("nobody let the network go")
        return ()

    def compute(self, photos: Bytes, fitting: bool = False) -> tuple[Floats, ...]:
        return self.encode(photos)


class HeldEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.held = self.runtime = HeldRuntime()


class Counting:
    """A Watch that adds up."""

    def __init__(self) -> None:
        self.decodings = self.refusals = 0
        self.waits: list[float] = []
        self.batches: list[int] = []

    def decoded(self, seconds: float) -> None:
        self.decodings += 1

    def queued(self, seconds: float) -> None:
        self.waits.append(seconds)

    def encoded(self, photos: int, seconds: float) -> None:
        self.batches.append(photos)

    def refused(self) -> None:
        self.refusals += 1


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[FastAPI, Counting]]:
    """An app whose uploads are counted; to be asked by ``together``."""
    app = create_app(settings)
    app.state.uploads.watch = counting = Counting()
    try:
        yield app, counting
    finally:
        app.state.uploads.close()
        app.state.slot.close()


def together(app: FastAPI, talk: Callable[[httpx.AsyncClient], Awaitable[Answer]]) -> Answer:
    """Runs a conversation with the app in an event loop of its own."""

    async def run() -> Answer:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop", timeout=60) as client:
            return await asyncio.wait_for(talk(client), 3 * SECONDS)

    return asyncio.run(run())


async def until(true: Callable[[], object]) -> None:
    """Waits for a condition, with a deadline."""
    end = time.monotonic() + SECONDS
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("it did not come true")
        await asyncio.sleep(0.002)
