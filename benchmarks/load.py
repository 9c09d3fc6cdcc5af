"""A light generator of requests on keep-alive connections, in a process of its own.

``python -m benchmarks.load --port P --connections C [--rate R] --seconds S [--warm W]`` reads the requests, a
JSON list of texts in Latin-1 as HTTP/1.1 spells them, from standard input and sends them in a circle. With a
rate the arrivals are fixed in advance (an open loop) and a latency counts from the moment when its request
should have been sent, however late a connection became free, so that a service that stalls cannot hide it
(no coordinated omission). Without one each connection asks again as soon as it is answered (a closed loop).
It waits in ``select``, whose timeouts are exact to microseconds, and shares the cores with the service:
an answer costs it about twenty microseconds. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LARGEST_READ = 1 << 18
PATIENCE = 30.0
LATE = 0.001
"""Seconds after which a request that waits for a connection counts as behind."""
END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """port: on this machine. requests: whole ones, in bytes. connections: kept open. rate: arrivals a second;
    None: a closed loop. seconds: how long, after so many that are not counted (warm).
    """

    port: int
    requests: Sequence[bytes]
    connections: int
    rate: float | None
    seconds: float
    warm: float = 0.5


@dataclass(slots=True)
class Heard:
    """latencies: seconds, of counted answers. statuses: of all answers. behind: requests that found no free
    connection when they were due. took: seconds of the counted part. cpu: seconds this process computed.
    """

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    behind: int = 0
    took: float = 0.0
    cpu: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values; latencies in milliseconds at some shares, as ``at`` finds them."""
        ordered = sorted(self.latencies)
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "most": 1.0}
        return {
            "answers": len(ordered),
            "per_second": len(ordered) / self.took if self.took else 0.0,
            "ms": {name: 1000 * at(ordered, share) for name, share in shares.items()},
            "statuses": dict(self.statuses),
            "behind": self.behind,
            "generator_cpu": self.cpu / self.took if self.took else 0.0,
        }


def at(ordered: Sequence[float], share: float) -> float:
    """The value that this share of ordered values does not exceed; 0 where there is none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Line:
    """One connection, with at most one request under way. due: when that should have been sent."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self._got = b""

    def fileno(self) -> int:
        """For ``select``."""
        return self.socket.fileno()

    def ask(self, request: bytes, due: float) -> None:
        """Send a request."""
        self.due = due
        self.socket.sendall(request)

    def status(self) -> str | None:
        """Read what is there: the status once the whole answer is, else None. Raises ConnectionError."""
        part = self.socket.recv(LARGEST_READ)
        if not part:
            raise ConnectionError("the service closed a connection before it had answered")
        self._got += part
        length = length_of(self._got)
        if length is None or len(self._got) < length:
            return None
        found = self._got[9:12].decode("latin-1")
        self._got = self._got[length:]
        return found


def length_of(answer: bytes) -> int | None:
    """Bytes of a whole answer by its head, which must say a Content-Length; None while the head is not there.

    Raises ValueError where it says none.
    """
    end = answer.find(END_OF_HEAD)
    if end < 0:
        return None
    for line in answer[:end].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return end + len(END_OF_HEAD) + int(value)
    raise ValueError("an answer without a Content-Length")


def drive(plan: Plan) -> Heard:
    """Send as planned and listen. Raises ConnectionError, and TimeoutError where nothing is answered."""
    lines = [Line(plan.port) for _ in range(plan.connections)]
    try:
        return _Drive(plan, lines).run()
    finally:
        for line in lines:
            line.socket.close()


class _Drive:
    """One drive over open connections."""

    def __init__(self, plan: Plan, lines: Sequence[Line]) -> None:
        self._plan = plan
        self._free = deque(lines)
        self._busy: set[Line] = set()
        self._heard = Heard()
        self._sent = 0
        self._began = time.perf_counter()
        self._counted = self._began + plan.warm
        self._end = self._counted + plan.seconds
        rate, seconds = plan.rate, plan.warm + plan.seconds
        self._total = None if rate is None else int(rate * seconds)

    def run(self) -> Heard:
        """All of it."""
        spent: float | None = None
        while self._more() or self._busy:
            if spent is None and time.perf_counter() >= self._counted:
                spent = time.process_time()
            self._send()
            self._listen()
        self._heard.took = time.perf_counter() - self._counted
        self._heard.cpu = time.process_time() - (spent or 0.0)
        return self._heard

    def _more(self) -> bool:
        """Whether requests are still to be sent."""
        return time.perf_counter() < self._end if self._total is None else self._sent < self._total

    def _due(self) -> float:
        """When the next request should be sent."""
        return 0.0 if self._plan.rate is None else self._began + self._sent / self._plan.rate

    def _send(self) -> None:
        """Whatever is due, on connections that are free."""
        now = time.perf_counter()
        while self._free and self._more() and self._due() <= now:
            due = self._due() or now
            self._heard.behind += due < now - LATE
            line = self._free.popleft()
            line.ask(self._plan.requests[self._sent % len(self._plan.requests)], due)
            self._busy.add(line)
            self._sent += 1

    def _listen(self) -> None:
        """Until something is heard, or the next request is due."""
        waits = self._total is not None and self._free and self._more()
        if not waits and not self._busy:
            return  # time was up between two looks at the clock
        patience = max(0.0, self._due() - time.perf_counter()) if waits else PATIENCE
        ready = select.select(self._busy, (), (), patience)[0]
        if not ready and not waits:
            raise TimeoutError("the service did not answer for half a minute")
        now = time.perf_counter()
        for line in ready:
            status = line.status()
            if status is None:
                continue
            self._heard.statuses[status] += 1
            if line.due >= self._counted:
                self._heard.latencies.append(now - line.due)
            self._busy.discard(line)
            self._free.append(line)


def asked(plan: Plan) -> dict[str, Any]:
    """``drive`` in a process of its own: what it heard, as ``Heard.as_json`` tells it.

    Raises RuntimeError where that process fails or not every answer is a 200.
    """
    words = ["--port", str(plan.port), "--connections", str(plan.connections)]
    words += ["--seconds", str(plan.seconds), "--warm", str(plan.warm)]
    words += [] if plan.rate is None else ["--rate", str(plan.rate)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *words],
        cwd=ROOT,
        input=json.dumps([request.decode("latin-1") for request in plan.requests]),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the generator of requests failed (exit code {done.returncode})")
    heard: dict[str, Any] = json.loads(done.stdout)
    if set(heard["statuses"]) != {"200"}:
        raise RuntimeError(f"not every answer was a 200: {heard['statuses']}")
    return heard


def get(path: str) -> bytes:
    """A GET of a path as a client that stays sends it."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n".encode("latin-1")


def main() -> int:
    """Read the requests, drive, print; 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--warm", type=float, default=0.5)
    chosen = parser.parse_args()
    requests = [text.encode("latin-1") for text in json.load(sys.stdin)]
    plan = Plan(chosen.port, requests, chosen.connections, chosen.rate, chosen.seconds, chosen.warm)
    print(json.dumps(drive(plan).as_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
