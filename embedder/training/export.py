"""From trained weights to the shipped folder: half precision, fitted aspects, configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file
from torch import nn

from embedder.colour import Palette
from embedder.training.aspects import (
    TEXTURE_STAGE,
    Projection,
    fit_palette,
    fit_projection,
    histograms,
    network_features,
)
from embedder.training.networks import ARCHITECTURE, MODEL_ARGS

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Input side in pixels, sizes of the blocks, whitening, aspect weights, the palette and its seed."""

    px: int
    shape_size: int
    texture_size: int
    shape_whitening: float
    texture_whitening: float
    weights: Mapping[str, float]
    palette_size: int = 64
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """An exported embedder as the recipe reads it back: network, projections by aspect, palette, weights."""

    network: nn.Module
    projections: Mapping[str, Projection]
    palette: Palette
    weights: Mapping[str, float]
    px: int

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Reads ``config.json``, ``model.safetensors`` and ``aspects.safetensors``."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        arrays = load_arrays(folder / "aspects.safetensors")
        projections = {
            name: Projection(arrays[f"{name}.mean"], arrays[f"{name}.projection"])
            for name in ("shape", "texture")
        }
        return cls(
            load_network(folder / "model.safetensors"),
            projections,
            Palette(arrays["colour.palette"]),
            config["vitrine"]["weights"],
            config["pretrained_cfg"]["input_size"][-1],
        )

    def blocks(self, pixels: NDArray[np.uint8], compiled: bool = True) -> dict[str, FloatArray]:
        """Unit rows of every aspect for photos (n, px, px, 3), uint8, already squashed to ``px``."""
        raw = network_features(self.network, pixels, compiled=compiled)
        blocks = {name: projection(raw[name]) for name, projection in self.projections.items()}
        return {**blocks, "colour": histograms(self.palette, pixels)}


def load_network(weights: Path) -> nn.Module:
    """The plain network, evaluation mode, float32, from a safetensors file of any precision."""
    model: nn.Module = timm.create_model(ARCHITECTURE, num_classes=0, **MODEL_ARGS)
    model.load_state_dict(load_file(weights))
    return model.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def half(weights: Path, out: Path) -> None:
    """Writes the weights in float16 (counters stay integers)."""
    tensors = load_file(weights)
    model = timm.create_model(ARCHITECTURE, num_classes=0, **MODEL_ARGS)
    wanted = model.state_dict()
    halved = {
        name: tensors[name]
        .to(torch.float16 if reference.is_floating_point() else reference.dtype)
        .contiguous()
        for name, reference in wanted.items()
    }
    save_file(halved, out, metadata={"format": "pt"})


def configuration(options: ExportOptions) -> dict[str, object]:
    """``config.json``: timm's hub format and the aspects under the key ``vitrine``."""
    return {
        "architecture": ARCHITECTURE,
        "num_classes": 0,
        "model_args": MODEL_ARGS,
        "pretrained_cfg": {
            "input_size": [3, options.px, options.px],
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "interpolation": "bilinear",
            "crop_pct": 1.0,
            "crop_mode": "squash",
        },
        "vitrine": {
            "format": 1,
            "licence": "Apache-2.0",
            "aspects": [
                {"name": "shape", "kind": "deep", "stages": ["final"], "pooling": "avg"},
                {"name": "texture", "kind": "statistics", "stages": [TEXTURE_STAGE], "pooling": "meanstd"},
                {"name": "colour", "kind": "palette"},
            ],
            "weights": dict(options.weights),
        },
    }


def export(weights: Path, pixels: NDArray[np.uint8], out: Path, options: ExportOptions) -> None:
    """Writes the shipped folder; the aspects are fitted on training photos (n, px, px, 3)."""
    out.mkdir(parents=True, exist_ok=True)
    half(weights, out / "model.safetensors")
    raw = network_features(load_network(out / "model.safetensors"), pixels)
    shape = fit_projection(raw["shape"], options.shape_size, options.shape_whitening)
    texture = fit_projection(raw["texture"], options.texture_size, options.texture_whitening)
    palette = fit_palette(pixels, options.palette_size, options.seed)
    arrays = {
        "shape.mean": shape.mean,
        "shape.projection": shape.matrix,
        "texture.mean": texture.mean,
        "texture.projection": texture.matrix,
        "colour.palette": palette.centres,
    }
    save_arrays({name: np.ascontiguousarray(a) for name, a in arrays.items()}, out / "aspects.safetensors")
    text = json.dumps(configuration(options), indent=2)
    (out / "config.json").write_text(text + "\n", encoding="utf-8")
    for name in ("model.safetensors", "aspects.safetensors"):
        (out / name).chmod(0o644)  # the writer makes them readable by their owner only
