"""Training state on disk: one safetensors file and one json file, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


def save_state(folder: Path, tensors: dict[str, Tensor], progress: dict[str, float]) -> None:
    """Writes ``state.safetensors`` and ``state.json`` by rename."""
    folder.mkdir(parents=True, exist_ok=True)
    weights, notes = folder / "state.safetensors", folder / "state.json"
    new_weights, new_notes = folder / "weights.part", folder / "notes.part"
    save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, new_weights)
    new_notes.write_text(json.dumps(progress))
    os.replace(new_weights, weights)
    os.replace(new_notes, notes)


def load_state(folder: Path) -> tuple[dict[str, Tensor], dict[str, float]] | None:
    """The last saved state, or None where there is none."""
    weights, notes = folder / "state.safetensors", folder / "state.json"
    if not (weights.exists() and notes.exists()):
        return None
    progress: dict[str, float] = json.loads(notes.read_text())
    return load_file(weights), progress


def with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, each name prefixed."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def without_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose name has the prefix, without it."""
    head = f"{prefix}."
    return {name.removeprefix(head): tensor for name, tensor in tensors.items() if name.startswith(head)}


class Average:
    """An exponential moving average of a module's parameters and statistics (warm: 1 - 1/(t+1) at first)."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self._count = 0
        self.tensors = {k: v.detach().clone().float() for k, v in module.state_dict().items()}

    def update(self, module: nn.Module) -> None:
        """Moves every tensor a step towards the module's present one."""
        self._count += 1
        share = 1 - min(self._decay, self._count / (self._count + 10))
        with torch.no_grad():
            for name, tensor in module.state_dict().items():
                self.tensors[name].lerp_(tensor.float(), share)

    def load(self, tensors: dict[str, Tensor], count: int) -> None:
        """Takes up an average saved earlier after ``count`` updates."""
        self._count = count
        self.tensors = {k: v.clone() for k, v in tensors.items()}
