"""PyTorch on the CPU, in float32: the reference, and what runs where OpenVINO is not installed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from embedder.network import Network
from embedder.runtime.seam import Floats, Photos, Token, gathered, in_batches

BATCH = 8
PROBE = 2


class TorchRuntime:
    """The network as PyTorch runs it, eagerly."""

    side_by_side = False  # torch spreads one batch over all cores by itself
    name = "torch-cpu"
    device = "CPU, float32"

    def __init__(self, network: Network, batch: int | None = None) -> None:
        self._size = network.config.preprocessing
        self._net: nn.Module = network.build().requires_grad_(False)
        self._mean = self._channels(self._size.mean)
        self._std = self._channels(self._size.std)
        self._lock = threading.Lock()
        self.batch = batch or BATCH
        probe = torch.zeros((PROBE, self._size.height, self._size.width, 3), dtype=torch.uint8)
        self._dims = tuple(int(output.shape[1]) for output in self._computed(probe))

    @property
    def dims(self) -> tuple[int, ...]:
        """Width of every output."""
        return self._dims

    def encode(self, photos: Photos) -> tuple[Floats, ...]:
        """Any number of photos → one float32 (n, d_i) per output."""
        with self._lock:
            return gathered(len(photos), self._dims, self.stream(in_batches(photos, self.batch)))

    def compute(self, photos: Photos, fitting: bool = False) -> tuple[Floats, ...]:
        """One batch; it never does more work than so many photos need."""
        return self.encode(photos)

    def stream(self, batches: Iterable[tuple[Token, Photos]]) -> Iterator[tuple[Token, tuple[Floats, ...]]]:
        """One batch after the other."""
        for token, photos in batches:
            yield token, tuple(output.numpy() for output in self._computed(torch.from_numpy(photos)))

    @staticmethod
    def _channels(values: tuple[float, float, float]) -> Tensor:
        return (torch.tensor(values) * 255.0).view(1, 3, 1, 1)

    def _computed(self, photos: Tensor) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            pictures = photos.permute(0, 3, 1, 2).float().contiguous()
            outputs: tuple[Tensor, ...] = self._net((pictures - self._mean) / self._std)
            return tuple(output.float() for output in outputs)
