"""A service that answers look-alikes of a product, beside FastAPI and FAISS as their users put them together.

``python -m benchmarks.serving [--quick] [--no-record]``

Two loads, one after the other and never at once, on one worker each: an open loop (200 arrivals a second,
fixed in advance; latencies count from the intended arrival, so a stall cannot hide) and a closed loop of
eight connections that ask again at once. The generator is a process of its own on the same two cores; it is
light (its share of a core stands beside each row), and both sides bear it. Ours answers from a database with
everything a service needs (keys looked for, limits, a line of log and metrics for each request, rules,
conditional requests, changes of any process visible at once); the plain one answers from memory.
"""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drawn_shop import card_of, made, name_of, number_of
from benchmarks.framework import Report, Row, Size, Spread, Table, main, turns
from benchmarks.load import Plan, asked, get
from benchmarks.service_process import PATIENCE, ServiceFailed, serving
from index.generations import Generation

PEER = Path(__file__).resolve().parent / "peers" / "plain_service.py"
OURS, FLAT, HNSW = "Vitrine, one worker", "FastAPI + IndexFlatIP", "FastAPI + IndexHNSWFlat"
RATE = 200.0
P50_MS, P99_MS, TIMES = 3.0, 15.0, 3.0
"""What was promised: the two latencies at 200 requests a second, and the throughput over FlatIP's."""
OPEN_CONNECTIONS, CLOSED_CONNECTIONS = 64, 8
ASKED_PRODUCTS = 2000


@dataclass(frozen=True, slots=True)
class Scale:
    """products, width: of the shop. choice: its index (the automatic choice would pick one like it, after
    minutes of measuring all). seconds: of an open loop. closed: seconds of a closed one. turns: of each.
    """

    products: int
    width: int
    choice: str
    seconds: float
    closed: float
    turns: int


SCALES = {
    "quick": Scale(20_000, 256, "auto", 3.0, 1.5, 1),
    "full": Scale(100_000, 512, "IVF512,SQ8", 20.0, 4.0, 3),
}


@dataclass(frozen=True, slots=True)
class Plain:
    """The peer as it runs: its port and the number of its process."""

    port: int
    pid: int


@contextmanager
def plain_service(folder: Path, kind: str, peer: Path = PEER) -> Iterator[Plain]:
    """A peer on a free port, once it listens. Raises ServiceFailed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen([sys.executable, str(peer), str(folder), str(port), kind])
    try:
        _wait_for(port, process)
        yield Plain(port, process.pid)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 5 * PATIENCE  # a graph of a hundred thousand takes its time
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise ServiceFailed(f"the plain service did not start (exit code {process.poll()})")


def lay_out(generation: Path, folder: Path) -> None:
    """The vectors of a drawn shop's generation, and its cards, as the peers read them: the same numbers."""
    loaded = Generation.load(generation)
    np.save(folder / "vectors.npy", np.asarray(loaded.matrix, np.float32))
    cards = [card_of(number_of(name)) for name in loaded.rows.products]  # one photo each: a row is a product
    (folder / "products.json").write_text(json.dumps(cards), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Contender:
    """A service that runs. heard: what the generator heard of each load, newest last, by the load's name."""

    port: int
    requests: list[bytes]
    heard: dict[str, list[dict[str, Any]]]

    def ask(self, load: str, rate: float | None, connections: int, seconds: float) -> dict[str, Any]:
        """One turn."""
        found = asked(Plan(self.port, self.requests, connections, rate, seconds))
        self.heard.setdefault(load, []).append(found)
        return found

    def spread(self, load: str, figure: str) -> Spread:
        """Of a figure in milliseconds over the turns of a load."""
        return Spread.of([one["ms"][figure] for one in self.heard[load]])

    def busy(self, load: str) -> float:
        """The largest share of a core that the generator took."""
        return max(float(one["generator_cpu"]) for one in self.heard[load])


def run(size: Size) -> Report:
    """Both loads."""
    scale, chance = SCALES[size], random.Random(3)
    names = [name_of(chance.randrange(scale.products)) for _ in range(ASKED_PRODUCTS)]
    with tempfile.TemporaryDirectory() as place, ExitStack() as open_ones:
        shop, folder = Path(place) / "shop", Path(place) / "plain"
        folder.mkdir()
        info = made(shop, scale.products, scale.width, scale.choice)
        lay_out(info.path, folder)
        ours = open_ones.enter_context(serving(shop)).port
        plain = {
            name: open_ones.enter_context(plain_service(folder, kind)).port
            for name, kind in ((FLAT, "flat"), (HNSW, "hnsw"))
        }
        contenders = {OURS: Contender(ours, [get(f"/v1/products/{name}/similar") for name in names], {})}
        requests = [get(f"/products/{name}/similar") for name in names]
        contenders |= {name: Contender(port, requests, {}) for name, port in plain.items()}
        closed = turns({n: _throughput(c, scale) for n, c in contenders.items()}, scale.turns)
        held = {n: c for n, c in contenders.items() if closed[n].median > RATE}
        turns({n: _latency(c, scale) for n, c in held.items()}, scale.turns)
        what = f"{scale.products:,} products × {scale.width} ({info.factory})"
        tables = [_closed(contenders, closed, what), _open(contenders, held, what, scale)]
    return Report(tables, {"targets": _targets(contenders[OURS], closed, held)})


def _throughput(contender: Contender, scale: Scale) -> Callable[[], float]:
    return lambda: float(contender.ask("closed", None, CLOSED_CONNECTIONS, scale.closed)["per_second"])


def _latency(contender: Contender, scale: Scale) -> Callable[[], float]:
    return lambda: float(contender.ask("open", RATE, OPEN_CONNECTIONS, scale.seconds)["ms"]["p50"])


def _role(name: str) -> Any:
    return "ours" if name == OURS else "peer"


def _closed(contenders: dict[str, Contender], found: dict[str, Spread], what: str) -> Table:
    rows = [
        Row(
            name,
            _role(name),
            found[name],
            more={
                "p50 ms": one.spread("closed", "p50").median,
                "p99 ms": one.spread("closed", "p99").median,
                "generator's share of a core": one.busy("closed"),
            },
        )
        for name, one in contenders.items()
    ]
    note = f"promised: {TIMES:g} times the service with IndexFlatIP; {CLOSED_CONNECTIONS} connections"
    return Table(
        f"Look-alikes by id over HTTP, closed loop: {what}", "requests/s", "more", rows, notes=[note]
    )


def _open(contenders: dict[str, Contender], held: dict[str, Contender], what: str, scale: Scale) -> Table:
    rows = [
        Row(
            name,
            _role(name),
            one.spread("open", "p50"),
            more={
                **{f"{figure} ms": one.spread("open", figure).median for figure in ("p90", "p99", "most")},
                "found no free connection": sum(heard["behind"] for heard in one.heard["open"]),
                "generator's share of a core": one.busy("open"),
            },
        )
        for name, one in held.items()
    ]
    absent = {name: f"it answers fewer than {RATE:g} a second" for name in contenders if name not in held}
    note = (
        f"promised: p50 of {P50_MS:g} ms and p99 of {P99_MS:g} ms; held for {scale.seconds:g} s a turn; "
        "latencies count from the intended arrival"
    )
    title = f"Look-alikes by id over HTTP at {RATE:g} requests/s, open loop: {what}"
    return Table(title, "p50 ms", "less", rows, absent, [note])


def _targets(ours: Contender, closed: dict[str, Spread], held: dict[str, Contender]) -> dict[str, bool]:
    """Which promises held in this run."""
    kept = {"throughput": closed[OURS].median >= TIMES * closed[FLAT].median}
    if OURS not in held:
        return {**kept, "p50": False, "p99": False}
    return {
        **kept,
        "p50": ours.spread("open", "p50").median <= P50_MS,
        "p99": ours.spread("open", "p99").median <= P99_MS,
    }


if __name__ == "__main__":
    sys.exit(main(__doc__, "serving", run))
