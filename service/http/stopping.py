"""Leaving in good order: first out of the load balancer, then no new connections, then the last answers.

When the process is told to end (SIGTERM), /health/ready says so at once, while everything is still answered
for a moment, so that whoever distributes requests can send them elsewhere. Then the server stops accepting
and answers what it took. A process that is still there when its time is over is ended, whatever holds it:
what was acknowledged is on the disk by then.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait
from types import FrameType

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)


class Stopping:
    """Whether this process is about to leave.

    drain: seconds during which all is still answered after the signal. limit: seconds until the process is
    ended in any case.
    """

    def __init__(self, drain: float, limit: float) -> None:
        self.begun = False
        self._drain = drain
        self._limit = limit

    def begin(self) -> None:
        """From now on /health/ready says that the process leaves; connections are closed when answered."""
        self.begun = True

    def start(self) -> None:
        """Begin, and stand before the server's own handler of SIGTERM, where the server has one and this is
        the main thread. To be called in the server's event loop, once the server listens to signals.
        """
        self.begun = False
        if threading.current_thread() is not threading.main_thread():
            return
        server = signal.getsignal(signal.SIGTERM)
        if not callable(server):
            return
        loop = asyncio.get_running_loop()

        def told(number: int, frame: FrameType | None) -> None:
            if self.begun:  # told twice: no more waiting
                server(number, frame)
                return
            self.begin()
            _end_after(self._limit)
            loop.call_soon_threadsafe(loop.call_later, self._drain, server, number, None)

        signal.signal(signal.SIGTERM, told)

    def follow_parent(self) -> None:
        """Leave when the process that started this one is gone: no worker outlives a killed service."""
        parent = parent_process()
        if parent is None:
            return

        def watch() -> None:
            wait([parent.sentinel])
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _end_after(seconds: float) -> None:
    def end() -> None:
        logger.error(
            "not done after %g seconds: the process ends now; what was acknowledged is stored", seconds
        )
        logging.shutdown()
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


class Leaving:
    """ASGI middleware: while the process leaves, each answer asks its client to connect anew next time."""

    def __init__(self, app: ASGIApp, stopping: Stopping) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with ``Connection: close`` where the process leaves."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if self._stopping.begun and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, receive, sent)
