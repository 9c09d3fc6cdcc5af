"""Running the service: one process, or several that share the listening socket."""

from __future__ import annotations

import math
import os
import socket
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess

from service.http.app import create_app
from service.http.connection import Config, Waits
from service.http.logs import log_config
from service.http.metrics import FOLDER
from service.settings import Settings

KEEP_ALIVE_SECONDS = 15
STARTING_SECONDS = 120
"""In which a worker must have begun; on a busy machine importing alone may take many."""
CLOSING_SECONDS = 1.5
"""Of the time to stop: for closing the shop, after the last answer."""


def run(settings: Settings, **options: Any) -> None:
    """Serve until told to stop. options: further ones of ``uvicorn.Config``.

    With one worker this process answers; with more it only starts them, replaces those that end, and hands
    SIGTERM and Ctrl-C on. SIGHUP replaces the workers one after the other.
    """
    config = Config(
        partial(create_app, settings),
        Waits(settings.head_seconds, settings.send_seconds, settings.max_connections),
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_level=settings.log_level,
        log_config=log_config(settings),
        access_log=False,
        proxy_headers=False,  # whose word counts is a setting of ours, and nobody's by default
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace(settings),
        server_header=False,
        timeout_worker_healthcheck=STARTING_SECONDS,
        **options,
    )
    if settings.workers == 1:
        uvicorn.Server(config).run()
        return
    with tempfile.TemporaryDirectory(prefix="vitrine-metrics-") as folder:
        os.environ[FOLDER] = folder  # the workers, being new processes, read it when they import the library
        try:
            Supervisor(config, [config.bind_socket()], settings.stop_seconds).run()
        finally:
            del os.environ[FOLDER]


def grace(settings: Settings) -> int:
    """Seconds for answers under way, once no connection is accepted any more."""
    return max(1, math.floor(settings.stop_seconds - settings.drain_seconds - CLOSING_SECONDS))


class Supervisor(Multiprocess):
    """The process above several workers."""

    def __init__(self, config: uvicorn.Config, sockets: Sequence[socket.socket], limit: float) -> None:
        super().__init__(config, list(sockets))
        self._limit = limit

    def keep_subprocess_alive(self) -> None:
        """Replace workers that ended. Those that live are not asked whether they are quick, as a worker that
        is still starting, or computing hard, would be killed for it, and this process deaf to signals
        meanwhile.
        """
        if not all(process.process.is_alive() for process in self.processes):
            super().keep_subprocess_alive()

    def join_all(self) -> None:
        """Wait for the workers, each of which ends itself in time; one that cannot is killed."""
        for listener in self.sockets:
            listener.close()  # else new clients would be queued here for workers that are gone
        until = time.monotonic() + self._limit
        for process in self.processes:
            process.process.join(max(0.1, until - time.monotonic()))
            if process.process.is_alive():
                process.process.kill()
                process.process.join()
