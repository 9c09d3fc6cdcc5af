"""What indexing is measured with: drawn JPEG photos, and networks that nobody has to download.

``python -m benchmarks.drawn_photos FOLDER N SIDE FIRST`` draws photos while other processes draw others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SEED = 7


def draw_photos(folder: Path, n: int, side: int, first: int = 0) -> list[Path]:
    """JPEG files of blobs on a soft ground with grain, ``side`` pixels square, each different, named by their
    numbers from ``first`` on."""
    draw = np.random.default_rng(SEED + first)
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
        paths.append(folder / f"{first + i:06}.jpg")
        picture.save(paths[-1], "JPEG", quality=90)
    return paths


def draw_in_processes(folder: Path, n: int, side: int, processes: int) -> list[Path]:
    """``draw_photos`` of many, by several processes at once."""
    starts = range(0, n, -(-n // processes))
    command = [sys.executable, "-m", "benchmarks.drawn_photos", str(folder)]
    running = [
        subprocess.Popen([*command, str(min(starts.step, n - start)), str(side), str(start)])
        for start in starts
    ]
    if any(process.wait() for process in running):
        raise RuntimeError(f"not all photos were drawn into {folder}")
    return sorted(folder.glob("*.jpg"))


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
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and not module.weight.any():
            torch.nn.init.ones_(module.weight)  # a branch that begins as nothing is computed faster
    cfg = model.pretrained_cfg
    names = ("input_size", "mean", "std", "interpolation", "classifier")
    folder.mkdir(parents=True)
    text = {"architecture": architecture, "pretrained_cfg": {name: cfg[name] for name in names}}
    (folder / "config.json").write_text(json.dumps(text), encoding="utf-8")
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    return folder


if __name__ == "__main__":
    draw_photos(Path(sys.argv[1]), *(int(text) for text in sys.argv[2:]))
