"""What indexing is measured with: drawn JPEG photos, and networks that nobody has to download."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SEED = 7


def draw_photos(folder: Path, n: int, side: int, seed: int = SEED) -> list[Path]:
    """JPEG files of blobs on a soft ground with grain, ``side`` pixels square, each different."""
    draw = np.random.default_rng(seed)
    ramp = np.linspace(0, 30, side, dtype=np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for i in range(n):
        ground = draw.uniform(190, 250, 3).astype(np.float32) - ramp[:, None, None] * draw.uniform(0, 1)
        grain = 4 * draw.standard_normal((side, side, 1), np.float32)
        picture = Image.fromarray(np.clip(ground + grain, 0, 255).astype(np.uint8))
        pen = ImageDraw.Draw(picture)
        for _ in range(6):
            x, y, w, h = (
                side * float(v) for v in (*draw.uniform(0.05, 0.6, 2), *draw.uniform(0.08, 0.35, 2))
            )
            pen.ellipse((x, y, x + w, y + h), fill=tuple(int(v) for v in draw.integers(0, 255, 3)))
        paths.append(folder / f"{i:06}.jpg")
        picture.save(paths[-1], "JPEG", quality=90)
    return paths


def weights_folder(folder: Path, architecture: str) -> Path:
    """The architecture with random weights, as an embedder folder: speed does not depend on what they are.

    All photos get nearly the same vector from such a network, so that accuracy has to be measured with a
    trained one.
    """
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(SEED)
    model = timm.create_model(architecture, pretrained=False)
    cfg = model.pretrained_cfg
    names = ("input_size", "mean", "std", "interpolation", "classifier")
    folder.mkdir(parents=True)
    text = {"architecture": architecture, "pretrained_cfg": {name: cfg[name] for name in names}}
    (folder / "config.json").write_text(json.dumps(text), encoding="utf-8")
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    return folder
