"""In which precision a training computes: float32, or half precision where the device is fast in it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn


class Precision:
    """Autocast, loss scaling (float16 only) and the clipped step of the optimiser."""

    def __init__(self, wanted: str, device: torch.device) -> None:
        """wanted: ``auto``, ``float32``, ``bfloat16`` or ``float16``; see ``Optimisation``."""
        self._device = device
        self.dtype = _automatic(device) if wanted == "auto" else getattr(torch, wanted)
        self._scaler = torch.amp.GradScaler(device.type, enabled=self.dtype == torch.float16)

    def autocast(self) -> AbstractContextManager[Any]:
        """The context of a forward pass."""
        return torch.autocast(self._device.type, dtype=self.dtype, enabled=self.dtype != torch.float32)

    def backward(self, loss: Tensor) -> None:
        """Gradients of a loss, scaled where half precision needs it."""
        torch.autograd.backward(self._scaler.scale(loss))

    def step(self, optimiser: torch.optim.Optimizer, parameters: Iterable[nn.Parameter], clip: float) -> None:
        """One step with gradients of at most the norm ``clip``."""
        self._scaler.unscale_(optimiser)
        nn.utils.clip_grad_norm_([p for p in parameters if p.grad is not None], clip)
        self._scaler.step(optimiser)
        self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The state of the loss scaling."""
        return dict(self._scaler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes a state back."""
        if state:
            self._scaler.load_state_dict(state)


def _automatic(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_tile") else torch.float32
