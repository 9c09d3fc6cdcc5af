"""`vitrine serve` as a process of its own on a free port, for benchmarks and tests that harm it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

LISTENS = re.compile(r"http://127\.0\.0\.1:([1-9]\d*)")
PATIENCE = 60.0


Figures = dict[str, Any]


class Fault(Exception):
    """The service did something that it must not."""


class ServiceFailed(Exception):
    """The service did not start; the text is what it said."""


class Service:
    """A running service and its workers, a process group of their own. said: the lines of its log so far."""

    def __init__(self, shop: Path, *options: str, **environment: str) -> None:
        words = [sys.executable, "-m", "service.cli", "serve", "--shop", str(shop), "--port", "0", *options]
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, **environment},
        )
        self.said: list[str] = []
        self._port = ""
        self._heard = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            self.said.append(line)
            found = LISTENS.search(line)
            if found and not self._port:
                self._port = found[1]
                self._heard.set()
        self._heard.set()

    @property
    def port(self) -> int:
        """Where it listens, once it does."""
        if not self._heard.wait(PATIENCE) or not self._port:
            raise ServiceFailed("".join(self.said))
        return int(self._port)

    @property
    def url(self) -> str:
        """Its address, once it listens."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> str:
        """Its address, once it is ready. Raises ServiceFailed."""
        url, until = self.url, time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if httpx.get(f"{url}/health/ready", timeout=10).status_code == httpx.codes.OK:
                    return url
            except httpx.TransportError:
                time.sleep(0.02)
        raise ServiceFailed("".join(self.said))

    def terminate(self) -> None:
        """SIGTERM, to the process that was started alone."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float = PATIENCE) -> int:
        """SIGTERM, and its exit code."""
        self.terminate()
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL to all of its processes at once, as a power cut would end them."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self._listener.join(PATIENCE)


@contextmanager
def serving(shop: Path, *options: str, **environment: str) -> Iterator[Service]:
    """A service that is ready, and gone afterwards."""
    service = Service(shop, *options, **environment)
    try:
        service.wait_until_ready()
        yield service
    finally:
        try:
            service.kill()
        except ProcessLookupError:
            service.process.wait(PATIENCE)
