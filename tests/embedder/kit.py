"""Small things to encode: drawn photos, and an embedder folder with random weights."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file

TINY = "test_resnet"
SIDE = 64


def tiny_config(architecture: str = TINY, side: int = SIDE) -> dict[str, object]:
    """A config.json in timm's hub format, without the key ``vitrine``."""
    return {
        "architecture": architecture,
        "num_classes": 10,
        "pretrained_cfg": {
            "input_size": [3, side, side],
            "mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225],
            "interpolation": "bilinear",
            "classifier": "fc",
            "license": "apache-2.0",
        },
    }


def tiny_folder(folder: Path, seed: int = 0, **config: object) -> Path:
    """Writes config.json and model.safetensors (random weights, classifier included)."""
    import timm
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(tiny_config() | config))
    torch.manual_seed(seed)
    model = timm.create_model(TINY, pretrained=False, num_classes=10)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    return folder


def drawn(n: int, side: int = SIDE, seed: int = 0) -> NDArray[np.uint8]:
    """Pictures with structure, uint8 (n, side, side, 3): a coloured, striped blob on a light ground."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    pictures = np.full((n, side, side, 3), 235.0, np.float32)
    for picture in pictures:
        centre, radius = draw.uniform(0.35, 0.65, 2), draw.uniform(0.15, 0.35)
        inside = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2
        stripes = 40.0 * np.sin(2 * np.pi * draw.uniform(2, 12) * (x + draw.uniform(-1, 1) * y))
        picture[inside] = (draw.uniform(20, 220, 3) + stripes[..., None])[inside]
        picture += draw.normal(0.0, 3.0, picture.shape)
    return np.clip(pictures, 0, 255).astype(np.uint8)


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """A picture as a JPEG file's bytes."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=90)
    return out.getvalue()


def cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Row by row."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    values: NDArray[np.float32] = (a * b).sum(1) / np.maximum(lengths, 1e-12)
    return values


@contextmanager
def own_cache(folder: Path) -> Iterator[None]:
    """Nothing is read from or left in the user's cache meanwhile; torch stays on one thread."""
    import torch

    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_CACHE", str(folder))
        yield
