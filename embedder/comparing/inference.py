"""How fast an embedder encodes photos and how much memory that needs, measured in a process of its own.

``python -m embedder.comparing.inference`` reads an order as JSON from standard input and writes one line of
JSON. The peak memory of a process that has trained would say nothing about inference.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from embedder.embedder import Embedder
from embedder.network import Network
from embedder.registry import open_embedder
from embedder.runtime.choose import open_runtime
from embedder.runtime.seam import Runtime

SECONDS = 2.0
MOST_BATCHES = 8
STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Inference:
    """images_per_second: prepared photos through the network in the fastest round, decoding not counted.

    peak_bytes: of a GPU's memory where the network runs on one, else of the whole process's resident memory;
    None where the system does not tell. runtime, device: where it ran.
    """

    images_per_second: float
    peak_bytes: int | None
    runtime: str
    device: str


def runtime_of(embedder: Embedder, side: int | None, name: str) -> Runtime:
    """The runtime of an embedder's network, at another side of photos than its own where one is given."""
    if side is None:
        return embedder.runtime
    network = embedder.network
    size = replace(network.config.preprocessing, width=side, height=side)
    config = replace(network.config, preprocessing=size, int8=None)  # a quantised graph has one side only
    return open_runtime(Network(config, network.weights, network.projections), name)


def measure(embedder: Embedder, side: int | None, name: str, seconds: float = SECONDS) -> Inference:
    """Encodes drawn noise for so long (a warm-up before), at least once.

    side: of the photos, None for the embedder's own. name: see ``runtime.choose``.
    """
    runtime = runtime_of(embedder, side, name)
    shape = embedder.photo_shape if side is None else (side, side, 3)
    photos = np.random.default_rng(0).integers(0, 256, (MOST_BATCHES * runtime.batch, *shape), np.uint8)
    runtime.encode(photos[: runtime.batch])
    began = time.perf_counter()
    runtime.encode(photos[: runtime.batch])
    once = time.perf_counter() - began
    # Several batches in flight where that takes no long time: a fast runtime is waited for otherwise.
    photos = photos[: max(1, min(MOST_BATCHES, int(seconds / max(once, 1e-6)))) * runtime.batch]
    fastest, began = 0.0, time.perf_counter()
    while True:
        round_began = time.perf_counter()
        runtime.encode(photos)
        now = time.perf_counter()
        # Of several rounds the fastest: what else the machine does can only slow one down.
        fastest = max(fastest, len(photos) / (now - round_began))
        if now - began >= seconds:
            return Inference(fastest, peak_memory(runtime), runtime.name, runtime.device)


def peak_memory(runtime: Runtime) -> int | None:
    """Bytes; see ``Inference``."""
    if "cuda" in runtime.name:
        import torch

        return int(torch.cuda.max_memory_allocated())
    # Not getrusage: what it tells of a new process includes the one that began it.
    try:
        lines = STATUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    told = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return 1024 * int(told[0]) if told else None


def main() -> None:
    """One order."""
    order = json.loads(sys.stdin.read())
    models = None if order["models"] is None else Path(order["models"])
    embedder = open_embedder(order["spec"], models, runtime=order["runtime"])
    found = measure(embedder, order["side"], order["runtime"], order["seconds"])
    sys.stdout.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    main()
