"""Indexing as others write it, in a process of its own: ``python with_plain_indexing.py WEIGHTS_FOLDER
[WORKERS]``.

``plain``: as tutorials do it, one photo a call, Pillow, torch eager in float32, then scikit-learn's
``NearestNeighbors``. ``loader``: the usual good way, a ``DataLoader`` with two workers (or as many as told)
and batches of 64, torch eager in float32, then the same. Where there is a CUDA GPU both compute on it, in
float16 and channels_last. Both pool the backbone's last map by its mean; both have the same weights as ours.
Answers seconds and seconds of processor time, workers included.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import timm
import torch
from answering import answering
from PIL import Image
from safetensors.torch import load_file
from sklearn.neighbors import NearestNeighbors
from torch.utils.data import DataLoader, Dataset

FOLDER = Path(sys.argv[1])
CONFIG = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
SHAPE = CONFIG["pretrained_cfg"]
MODEL: Any = timm.create_model(CONFIG["architecture"], pretrained=False, **CONFIG.get("model_args", {}))
MODEL.load_state_dict(load_file(FOLDER / "model.safetensors"), strict=False)  # there may be no classifier
CUDA = torch.cuda.is_available()
MODEL.eval()
if CUDA:
    MODEL.to("cuda", torch.float16, memory_format=torch.channels_last)
MEAN, STD = (torch.tensor(SHAPE[name]).view(3, 1, 1) for name in ("mean", "std"))
WORKERS, BATCH = int(sys.argv[2]) if len(sys.argv) > 2 else 2, 64


def picture(path: str | BinaryIO) -> torch.Tensor:
    """A photo as the network wants it, by Pillow's full decode and its resize."""
    _, height, width = SHAPE["input_size"]
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    with Image.open(path) as image:
        pixels = np.array(image.convert("RGB").resize((width, height), filters[SHAPE["interpolation"]]))
    return (torch.from_numpy(pixels).permute(2, 0, 1).float() / 255 - MEAN) / STD


class Photos(Dataset[torch.Tensor]):
    """Photos by their paths."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, at: int) -> torch.Tensor:
        return picture(self.paths[at])


def pooled(pictures: torch.Tensor) -> np.ndarray:
    """Pictures (n, 3, h, w) → unit vectors (n, d)."""
    if CUDA:
        pictures = pictures.to("cuda", torch.float16, memory_format=torch.channels_last)
    found = MODEL.forward_features(pictures).float().mean((2, 3))
    vectors: np.ndarray = torch.nn.functional.normalize(found, dim=1).cpu().numpy()
    return vectors


def one_by_one(paths: Sequence[str]) -> np.ndarray:
    """Vectors, one photo a call."""
    return np.concatenate([pooled(picture(path)[None]) for path in paths])


def by_loader(paths: Sequence[str]) -> np.ndarray:
    """Vectors, by a DataLoader."""
    return np.concatenate([pooled(batch) for batch in DataLoader(Photos(paths), BATCH, num_workers=WORKERS)])


def used() -> float:
    """Processor seconds of this process and of its workers that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def timed(way: Callable[[Sequence[str]], np.ndarray]) -> Callable[..., dict[str, float]]:
    """A way as a question: paths → seconds until its vectors can be searched, and processor seconds."""

    def ask(paths: Sequence[str], vectors: str | None = None) -> dict[str, float]:
        before, began = used(), time.perf_counter()
        with torch.inference_mode():
            found = way(paths)
        NearestNeighbors(n_neighbors=10, metric="cosine").fit(found)
        seconds = time.perf_counter() - began
        if vectors is not None:
            np.save(vectors, found)
        return {"seconds": seconds, "processor": used() - before}

    return ask


if __name__ == "__main__":
    answering({"plain": timed(one_by_one), "loader": timed(by_loader)})
