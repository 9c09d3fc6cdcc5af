"""Look-alikes of uploaded photos: what it brings to encode those together that come at the same time.

``python -m benchmarks.uploads [--quick] [--no-record]``

The same service twice, once as it is and once with ``VITRINE_UPLOAD_BATCH=1``, and one as its users write it
in an afternoon: sixteen connections that send photo after photo, then one. The limit is the network alone,
called with as many photos at once as the service uses, and with one: no service can gain more by batching
than the network does. Decoding, the search and HTTP come on top and are the same for both.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.drawn_photos import draw_photos, weights_folder
from benchmarks.framework import Report, Row, Size, Spread, Table, main, turns
from benchmarks.load import Plan, asked
from benchmarks.service_process import serving
from benchmarks.serving import plain_service
from embedder.palettes import BUNDLED
from embedder.registry import open_embedder
from service.engine import Engine
from service.requests import IndexRequest

TOGETHER, ALONE = "photos together", "each photo by itself"
PLAIN = "FastAPI + torch + IndexFlatIP"
PEER = Path(__file__).resolve().parent / "peers" / "plain_photo_service.py"
CROWD = 16
WARMING = ((1, 0.5), (3, 0.5), (CROWD, 1.5))
"""Connections and seconds until every form of the network is compiled, before the clock runs."""
PHOTOS, SIDE = 24, 400
BOUNDARY = "photo-boundary-7d1"
PROMISED = 2.5
WINDOW_MS = 4.0
"""What a photo may wait for others (the service's default)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """embedders: names of architectures, or ``bundled``. seconds: of a turn. turns: of each contender."""

    embedders: tuple[str, ...]
    seconds: float
    turns: int


SCALES = {"quick": Scale(("bundled",), 1.2, 2), "full": Scale(("bundled", "resnet50"), 5.0, 5)}


def upload(photo: bytes, path: str = "/v1/similar") -> bytes:
    """A request that searches with a photo."""
    body = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode() + photo
    body += f"\r\n--{BOUNDARY}--\r\n".encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def network_alone(spec: str, seconds: float, count: int) -> tuple[dict[str, Spread], int]:
    """Photos a second of the network by itself, many at once and one at a time; and how many it takes."""
    embedder = open_embedder(spec, Path(tempfile.gettempdir()) / "no-models", runtime="auto")
    height, width = embedder.input_size
    runtime = embedder.runtime
    most = min(runtime.batch, 8)
    photos = np.random.default_rng(0).integers(0, 255, (most, height, width, 3), dtype=np.uint8)

    def rate(photos: np.ndarray) -> Callable[[], float]:
        def turn() -> float:
            runtime.encode(photos)
            began, done = time.perf_counter(), 0
            while time.perf_counter() - began < seconds:
                runtime.encode(photos)
                done += len(photos)
            return done / (time.perf_counter() - began)

        return turn

    return turns({TOGETHER: rate(photos), ALONE: rate(photos[:1])}, count), most


def measure(name: str, scale: Scale, place: Path) -> list[Table]:
    """One embedder: throughput of a crowd, and the latency of one."""
    weights = BUNDLED if name == "bundled" else weights_folder(place / "weights", name)
    spec = name if name == "bundled" else str(weights)
    paths = draw_photos(place / "photos", PHOTOS, SIDE)
    with Engine.create(place / "shop") as engine:
        engine.index_catalogue(IndexRequest(place / "photos", embedder=spec))
    photos = [path.read_bytes() for path in paths]
    requests, plain_requests = [upload(photo) for photo in photos], [upload(p, "/similar") for p in photos]
    limit, most = network_alone(spec, scale.seconds / 2, scale.turns)
    with (
        serving(place / "shop") as together,
        serving(place / "shop", VITRINE_UPLOAD_BATCH="1") as alone,
        plain_service(weights, str(place / "photos"), PEER) as plain,
    ):
        services = {
            TOGETHER: (together.port, requests),
            ALONE: (alone.port, requests),
            PLAIN: (plain.port, plain_requests),
        }
        for port, mine in services.values():
            for crowd, seconds in WARMING:
                asked(Plan(port, mine, crowd, None, seconds))
        crowded = turns({n: _rate(*service, scale) for n, service in services.items()}, scale.turns)
        single = turns({n: _latency(*service, scale) for n, service in services.items()}, scale.turns)
    gain, bound = (found[TOGETHER].median / found[ALONE].median for found in (crowded, limit))
    notes = [
        f"together: {gain:.2f} times each by itself; promised: {PROMISED:g}",
        f"the network alone does {bound:.2f} times as many photos a second at {most} a pass as at 1: no "
        "service gains more",
    ]
    rows = [
        Row(TOGETHER, "ours", crowded[TOGETHER]),
        Row(ALONE, "peer", crowded[ALONE]),
        Row(PLAIN, "peer", crowded[PLAIN]),
        Row(f"the network alone, {most} a pass", "limit", limit[TOGETHER]),
        Row("the network alone, 1 a pass", "limit", limit[ALONE]),
    ]
    title = f"Look-alikes of uploads, {CROWD} at a time: {name}"
    slower = single[TOGETHER].median - single[ALONE].median
    return [
        Table(title, "uploads/s", "more", rows, notes=notes),
        Table(
            f"Look-alikes of uploads, one at a time: {name}",
            "p50 ms",
            "less",
            [Row(name, "ours" if name == TOGETHER else "peer", single[name]) for name in services],
            notes=[f"a difference of {slower:+.2f} ms; promised: not more than the window of {WINDOW_MS:g}"],
        ),
    ]


def _rate(port: int, requests: list[bytes], scale: Scale) -> Callable[[], float]:
    return lambda: float(asked(Plan(port, requests, CROWD, None, scale.seconds))["per_second"])


def _latency(port: int, requests: list[bytes], scale: Scale) -> Callable[[], float]:
    return lambda: float(asked(Plan(port, requests, 1, None, scale.seconds / 2))["ms"]["p50"])


def run(size: Size) -> Report:
    """Every embedder."""
    tables: list[Table] = []
    for name in SCALES[size].embedders:
        with tempfile.TemporaryDirectory() as place:
            tables += measure(name, SCALES[size], Path(place))
    return Report(tables)


if __name__ == "__main__":
    sys.exit(main(__doc__, "uploads", run))
