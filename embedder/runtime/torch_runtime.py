"""PyTorch: float32 on the CPU as the reference, half precision and channels_last on a CUDA GPU."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from embedder.network import Network
from embedder.runtime.seam import Floats, Photos, Token, gathered, in_batches

BATCH_CPU = 8
BATCH_CUDA = 128
PROBE = 2


class TorchRuntime:
    """The network as PyTorch runs it, eagerly."""

    def __init__(
        self, network: Network, device: str, batch: int | None = None, half: bool | None = None
    ) -> None:
        """``half`` defaults to half precision on CUDA and float32 elsewhere."""
        self._device = torch.device(device)
        cuda = self._device.type == "cuda"
        half = cuda if half is None else half
        self._dtype = torch.float16 if half else torch.float32
        self._layout = torch.channels_last if half else torch.contiguous_format
        self._size = network.config.preprocessing
        net: nn.Module = network.build().requires_grad_(False).to(self._device, self._dtype)
        self._net = net.to(memory_format=self._layout)
        self._mean = self._channels(self._size.mean)
        self._std = self._channels(self._size.std)
        self._lock = threading.Lock()
        self.side_by_side = False  # torch spreads one batch over all cores by itself
        self.name = f"torch-{self._device.type}"
        self.batch = batch or (BATCH_CUDA if cuda else BATCH_CPU)
        kind = torch.cuda.get_device_name(self._device) if cuda else "CPU"
        self.device = f"{kind}, {'half precision, channels_last' if half else 'float32'}"
        probe = torch.zeros((PROBE, self._size.height, self._size.width, 3), dtype=torch.uint8)
        self._dims = tuple(int(output.shape[1]) for output in self._launch(probe))

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
        """One batch is launched before the one before it is fetched, so a GPU never waits for the copy
        back."""
        waiting: tuple[Token, tuple[Tensor, ...]] | None = None
        for token, photos in batches:
            launched = self._launch(self._sent(photos))
            if waiting is not None:
                yield waiting[0], self._fetched(waiting[1])
            waiting = (token, launched)
        if waiting is not None:
            yield waiting[0], self._fetched(waiting[1])

    def _channels(self, values: tuple[float, float, float]) -> Tensor:
        return (torch.tensor(values) * 255.0).view(1, 3, 1, 1).to(self._device)

    def _sent(self, photos: Photos) -> Tensor:
        tensor = torch.from_numpy(photos)
        return tensor.pin_memory() if self._device.type == "cuda" else tensor

    def _launch(self, photos: Tensor) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            pictures = photos.to(self._device, non_blocking=True).permute(0, 3, 1, 2).float()
            normal = ((pictures - self._mean) / self._std).to(self._dtype, memory_format=self._layout)
            outputs: tuple[Tensor, ...] = self._net(normal)
            return outputs

    @staticmethod
    def _fetched(outputs: tuple[Tensor, ...]) -> tuple[Floats, ...]:
        return tuple(output.float().cpu().numpy() for output in outputs)
