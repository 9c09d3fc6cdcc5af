"""What a network costs: multiply-adds and parameters, speed and memory at inference, bytes of its vectors."""

from __future__ import annotations

import json
import subprocess  # nosec B404 # starts this very program, with words of ours
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from embedder.colour import Palette
from embedder.comparing.inference import SECONDS, Inference, runtime_of
from embedder.embedder import Embedder
from embedder.joined import JoinedEmbedder

MILLION = 1_000_000
BYTES = 2
"""Of a number in a stored vector: float16."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a network for one photo of ``side`` pixels.

    gmacs: thousand millions of multiply-adds in convolutions and matrix products. parameters: of the network.
    inference: None where it could not be measured; ``why`` says why not.
    """

    side: int
    gmacs: float
    parameters: int
    inference: Inference | None
    why: str = ""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Cost:
        """The inverse of ``asdict``."""
        told = value["inference"]
        return cls(**{**value, "inference": None if told is None else Inference(**told)})


@dataclass(frozen=True, slots=True)
class Opening:
    """How a process of its own opens an embedder: its lasting name, the folder of the shop's, a runtime."""

    spec: str
    models: Path | None
    runtime: str = "auto"
    seconds: float = SECONDS


def speed_of(cost: Cost | None) -> float | None:
    """Photos per second through the network, where it was measured."""
    told = None if cost is None else cost.inference
    return None if told is None else told.images_per_second


def vector_bytes(dims: int) -> int:
    """Bytes of a million photos' vectors of so many numbers."""
    return dims * BYTES * MILLION


def network_cost(embedder: Embedder, opening: Opening, side: int | None) -> Cost:
    """The whole embedder's network (all aspects), at a side of photos; None: its own."""
    own = embedder.config.preprocessing
    size = (own.width, own.height) if side is None else (side, side)
    members = embedder.members if isinstance(embedder, JoinedEmbedder) else (embedder,)
    gmacs, parameters = 0.0, 0
    for member in members:
        shape = member.input_size if isinstance(embedder, JoinedEmbedder) else size
        macs, count = _counted(member, shape)
        gmacs, parameters = gmacs + macs / 1e9, parameters + count
    try:
        # A graph that is converted only now would be part of what the other process needs.
        runtime_of(embedder, side, opening.runtime)
        inference, why = _measured(opening, side), ""
    except (OSError, ValueError, KeyError, IndexError) as error:
        inference, why = None, f"not measured: {error}"
    return Cost(max(size), gmacs, parameters, inference, why)


def together(first: Cost, second: Cost) -> Cost:
    """Of two networks that both look at every photo, one after the other.

    The memory of both in one process is not the sum of two processes' and is not told.
    """
    told, why = None, first.why or second.why
    if first.inference is not None and second.inference is not None:
        speed = 1.0 / (1.0 / first.inference.images_per_second + 1.0 / second.inference.images_per_second)
        told = replace(first.inference, images_per_second=speed, peak_bytes=None)
    parameters = first.parameters + second.parameters
    return Cost(max(first.side, second.side), first.gmacs + second.gmacs, parameters, told, why)


def palette_cost(palette: Palette, side: int, seconds: float = 0.3) -> Cost:
    """Colours alone, one photo after the other."""
    photo = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    done, began = 0, time.perf_counter()
    while True:
        palette.histogram(photo)
        done += 1
        spent = time.perf_counter() - began
        if spent >= seconds:
            break
    return Cost(side, 0.0, 0, Inference(done / spent, None, "numpy", "CPU, one core"))


def _counted(embedder: Embedder, size: tuple[int, int]) -> tuple[float, int]:
    """Multiply-adds for one photo of (width, height), and parameters."""
    if not embedder.config.network_aspects:
        return 0.0, 0
    net = embedder.network.build()
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        net(torch.zeros(1, 3, size[1], size[0]))
    # One multiply-add is two operations.
    return counter.get_total_flops() / 2.0, sum(p.numel() for p in net.parameters())


def _measured(opening: Opening, side: int | None) -> Inference:
    order = {
        "spec": opening.spec,
        "models": None if opening.models is None else str(opening.models),
        "runtime": opening.runtime,
        "side": side,
        "seconds": opening.seconds,
    }
    done = subprocess.run(  # nosec B603 # no shell, and no word from outside among the arguments
        [sys.executable, "-m", "embedder.comparing.inference"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return Inference(**found)
