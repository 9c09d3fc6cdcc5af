"""PyTorch on a CUDA GPU: half precision, channels_last, norms folded away, what follows a convolution done by
the same kernel, and one captured graph per size of batch, which the GPU runs through without being told every
step by a thread that has other things to do."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from data.errors import VitrineError
from embedder.network import Network
from embedder.runtime.fused import fused
from embedder.runtime.norms import with_norms_folded
from embedder.runtime.seam import Floats, Photos, Token, gathered, in_batches

BATCH = 128
"""With twice as many ResNet-50 was 6 % faster on an H100."""
STEP = 4
"""From one size of batch to the next larger one. Every size that is needed is captured and kept: few are."""
WARM_UPS = 3
NEAR = 0.01
"""Relative distance of a photo's output in half precision up to which fused operators are taken for the
network's own."""
_capturing = threading.Lock()
"""Of all runtimes: what begins a capture waits for the whole GPU, which breaks one that is under way."""


@dataclass(frozen=True, slots=True)
class Captured:
    """A network for one size of batch: what it reads, uint8 (n, H, W, 3), and writes, float32 (n, d_i).

    graph: None of a network that cannot be captured. net: keeps what the graph's kernels read.
    """

    graph: Any
    photos: Tensor
    outputs: tuple[Tensor, ...]
    net: nn.Module


@dataclass(frozen=True, slots=True)
class Host:
    """Page-locked memory for one batch and its outputs, and when these have arrived."""

    photos: Tensor
    outputs: tuple[Tensor, ...]
    arrived: Any


@dataclass(frozen=True, slots=True)
class Flight:
    """n photos that the GPU was told to compute."""

    n: int
    host: Host


def _searching() -> AbstractContextManager[None]:
    """cuDNN tries its kernels for a convolution when it first meets it, and takes the fastest."""
    # Without being told so, this manager turns cuDNN off.
    return cast("Any", torch.backends.cudnn).flags(enabled=True, benchmark=True)  # type: ignore[no-any-return]


class CudaRuntime:
    """The network on one GPU. A batch is padded to the next size of 1, 4, 16, … photos; a size's graph is
    captured when it is first needed, for which all others wait a second or two."""

    side_by_side = False
    name = "torch-cuda"

    def __init__(self, network: Network, batch: int | None = None) -> None:
        size = network.config.preprocessing
        self.batch = batch or BATCH
        self._shape = (size.height, size.width, 3)
        self._here = torch.device("cuda", torch.cuda.current_device())
        net = network.build().requires_grad_(False)
        pictures = torch.randn(2, 3, size.height, size.width, generator=torch.Generator().manual_seed(0))
        net = with_norms_folded(net, pictures).to(self._here, torch.float16)
        self._net: nn.Module = net.to(memory_format=torch.channels_last)
        self._mean, self._std = (self._channels(values) for values in (size.mean, size.std))
        self._lock = threading.Lock()
        self._stream = cast("Any", torch.cuda).Stream(self._here)
        self._captured: dict[int, Captured] = {}
        self._spare: defaultdict[int, list[Host]] = defaultdict(list)
        self._pool: Any = None
        self.device = f"{torch.cuda.get_device_name(self._here)}, half precision, channels_last"
        self._dims = tuple(int(output.shape[1]) for output in self.ready(1).outputs)

    @property
    def dims(self) -> tuple[int, ...]:
        """Width of every output."""
        return self._dims

    def encode(self, photos: Photos) -> tuple[Floats, ...]:
        """Any number of photos → one float32 (n, d_i) per output."""
        return gathered(len(photos), self._dims, self.stream(in_batches(photos, self.batch)))

    def compute(self, photos: Photos, fitting: bool = False) -> tuple[Floats, ...]:
        """One batch, as large as the graph that has room for it."""
        return self.encode(photos)

    def stream(self, batches: Iterable[tuple[Token, Photos]]) -> Iterator[tuple[Token, tuple[Floats, ...]]]:
        """One batch is on the GPU before the one before it is fetched, so the GPU never waits for anything
        but photos."""
        waiting: tuple[Token, Flight] | None = None
        try:
            for token, photos in batches:
                flight = self._launched(photos)
                before, waiting = waiting, (token, flight)
                if before is not None:
                    yield before[0], self._landed(before[1])
            if waiting is not None:
                last, waiting = waiting, None
                yield last[0], self._landed(last[1])
        finally:
            if waiting is not None:
                self._landed(waiting[1])

    def _channels(self, values: tuple[float, float, float]) -> Tensor:
        return (torch.tensor(values) * 255.0).to(self._here)

    def _launched(self, photos: Photos) -> Flight:
        """A batch sent, computed and on its way back, without waiting for any of it."""
        n = len(photos)
        with self._lock, torch.cuda.device(self._here):
            captured = self.ready(n)
            spare = self._spare[len(captured.photos)]
            host = spare.pop() if spare else None
        host = host or self._host(len(captured.photos))
        host.photos[:n].numpy()[...] = photos  # torch would copy with all cores, which then wait for more
        with self._lock, torch.cuda.device(self._here), torch.cuda.stream(self._stream):
            captured.photos[:n].copy_(host.photos[:n], non_blocking=True)
            for into, output in zip(host.outputs, self._run(captured), strict=True):
                into.copy_(output, non_blocking=True)
            host.arrived.record(self._stream)
        return Flight(n, host)

    def _landed(self, flight: Flight) -> tuple[Floats, ...]:
        """The outputs, when they are there; their memory is free for another batch."""
        host = flight.host
        host.arrived.synchronize()
        outputs = tuple(output[: flight.n].numpy().copy() for output in host.outputs)
        with self._lock:
            self._spare[len(host.photos)].append(host)
        return outputs

    def _host(self, size: int) -> Host:
        photos = torch.empty((size, *self._shape), dtype=torch.uint8, pin_memory=True)
        outputs = tuple(torch.empty((size, d), pin_memory=True) for d in self._dims)
        return Host(photos, outputs, cast("Any", torch.cuda).Event(blocking=True))

    def ready(self, n: int) -> Captured:
        """The graph for n photos; with the lock held, unless nobody else knows this runtime yet."""
        size = 1
        while size < n:
            size *= STEP
        size = min(size, self.batch)
        if size not in self._captured:
            try:
                with _capturing:
                    self._captured[size] = self._capture(size)
            except torch.cuda.OutOfMemoryError:
                less = "take a smaller batch (--batch) or" if size > 1 else "take"
                raise VitrineError(
                    f"the GPU has no memory left for {size} photos at a time; {less} the runtime openvino"
                ) from None
        return self._captured[size]

    def _capture(self, size: int) -> Captured:
        draw = torch.Generator().manual_seed(0)
        photos = torch.randint(0, 256, (size, *self._shape), generator=draw, dtype=torch.uint8).to(self._here)
        self._stream.wait_stream(torch.cuda.current_stream(self._here))
        with torch.cuda.stream(self._stream), _searching():
            net = self._fastest(photos)
            for _ in range(WARM_UPS):
                outputs = self._computed(net, photos)
        self._stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        try:
            # What other threads do on the GPU meanwhile is not this graph's.
            with (
                torch.cuda.graph(
                    graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
                ),
                _searching(),
            ):
                outputs = self._computed(net, photos)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError:
            return Captured(None, photos, outputs, net)
        self._pool = self._pool or graph.pool()
        return Captured(graph, photos, outputs, net)

    def _run(self, captured: Captured) -> tuple[Tensor, ...]:
        """The outputs of the photos that lie there, before the next ones come."""
        if captured.graph is None:
            return self._computed(captured.net, captured.photos)
        captured.graph.replay()
        return captured.outputs

    def _fastest(self, photos: Tensor) -> nn.Module:
        """The network with operators fused, where cuDNN can do that and the outputs stay what they are."""
        try:
            with torch.inference_mode(False):
                quick = fused(self._net, self._normal(photos))
            got, wanted = self._computed(quick, photos), self._computed(self._net, photos)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError:
            return self._net
        near = [(a - b).norm(dim=1) <= NEAR * b.norm(dim=1) for a, b in zip(got, wanted, strict=True)]
        return quick if all(bool(rows.all()) for rows in near) else self._net

    def _computed(self, net: nn.Module, photos: Tensor) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            outputs: tuple[Tensor, ...] = net(self._normal(photos))
            return tuple(output.float().contiguous() for output in outputs)

    def _normal(self, photos: Tensor) -> Tensor:
        """Pictures (n, 3, H, W) in half precision, channels_last, of photos (n, H, W, 3)."""
        return ((photos - self._mean) / self._std).half().permute(0, 3, 1, 2)
