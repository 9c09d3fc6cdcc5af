"""Indexing: files to committed vectors, beside the plain way with the same backbone, and the machine's limit.

``python -m benchmarks.indexing [--quick] [--json FILE] [--photos DIR]``

Ours is ``encode_pending`` into a new shop: read, digest, decode, colours, network, aspects, commit. The plain
way is a loop with one photo per call: Pillow's full decode and resize, torch in float32, eager, the same
backbone with the same weights, vectors kept in memory. The limit is 1 / (1 / decode-only + 1 / encode-only):
both stages compete for the same cores, so no overlap can beat it by much. Contenders take turns, in an order
that rotates.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from safetensors.torch import save_file

from data.records import CatalogueRow, PhotoRef, Product
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.pipeline import default_threads, encode_pending
from embedder.registry import open_embedder

BACKBONES = ("resnet50", "mobilenetv3_large_100")
SIDE = 400
SEED = 7


@dataclass(frozen=True)
class Row:
    """One backbone's medians, photos per second, and what they make."""

    backbone: str
    photos: int
    runtime: str
    ours: float
    plain: float
    decode_only: float
    encode_only: float
    limit: float
    against_plain: float
    against_limit: float
    seconds: dict[str, float]


def draw_photos(folder: Path, n: int) -> list[Path]:
    """JPEG files of blobs and stripes on a soft ground, 400 px, each different."""
    draw = np.random.default_rng(SEED)
    ramp = np.linspace(0, 30, SIDE, dtype=np.float32)
    paths = []
    for i in range(n):
        ground = draw.uniform(190, 250, 3).astype(np.float32) - ramp[:, None, None] * draw.uniform(0, 1)
        grain = draw.normal(0, 4, (SIDE, SIDE, 1)).astype(np.float32)
        picture = Image.fromarray(np.clip(ground + grain, 0, 255).astype(np.uint8))
        pen = ImageDraw.Draw(picture)
        for _ in range(6):
            x, y, w, h = draw.uniform(20, 250), draw.uniform(20, 250), *draw.uniform(30, 140, 2)
            pen.ellipse((x, y, x + w, y + h), fill=tuple(int(v) for v in draw.integers(0, 255, 3)))
        paths.append(folder / f"{i:05}.jpg")
        picture.save(paths[-1], "JPEG", quality=90)
    return paths


def weights_folder(folder: Path, architecture: str) -> Path:
    """The architecture with random weights, as an embedder folder: speed does not depend on what they are."""
    torch.manual_seed(SEED)
    model = timm.create_model(architecture, pretrained=False)
    cfg = model.pretrained_cfg
    names = ("input_size", "mean", "std", "interpolation", "classifier")
    folder.mkdir()
    text = {"architecture": architecture, "pretrained_cfg": {name: cfg[name] for name in names}}
    (folder / "config.json").write_text(json.dumps(text))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    return folder


def run_ours(embedder: Embedder, paths: Sequence[Path]) -> tuple[float, dict[str, float]]:
    """Photos per second into a new shop, and the seconds of each stage. Filling the catalogue is not
    timed."""
    with tempfile.TemporaryDirectory() as place:
        shop = Shop.create(Path(place) / "shop")
        root = Path(os.path.commonpath([path.parent for path in paths]))
        rows = [
            CatalogueRow(i + 1, Product(f"p{i}"), (PhotoRef(str(path.relative_to(root))),))
            for i, path in enumerate(paths)
        ]
        shop.put_rows(rows, root)
        began = time.perf_counter()
        report = encode_pending(shop, embedder)
        rate = len(paths) / (time.perf_counter() - began)
        stored = shop.counts()["vectors"][embedder.space]
        shop.close()
    if (report.encoded, stored) != (len(paths), len(paths)):
        raise RuntimeError(f"{report.encoded} of {len(paths)} photos encoded, {stored} stored")
    return rate, dict(report.seconds)


def run_plain(embedder: Embedder, paths: Sequence[Path]) -> float:
    """Photos per second, one at a time, with the same backbone."""
    model = embedder.network.weights.model()
    size = embedder.config.preprocessing
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (size.mean, size.std))
    vectors = []
    began = time.perf_counter()
    with torch.inference_mode():
        for path in paths:
            with Image.open(path) as image:
                pixels = np.asarray(
                    image.convert("RGB").resize((size.width, size.height), Image.Resampling.BICUBIC)
                )
            picture = (torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255 - mean) / std
            pooled = model.forward_features(picture[None]).mean((2, 3))
            vectors.append(torch.nn.functional.normalize(pooled, dim=1).numpy())
    return len(paths) / (time.perf_counter() - began)


def run_decode(embedder: Embedder, paths: Sequence[Path]) -> float:
    """Photos per second read, decoded and given their colours by the pipeline's number of threads."""
    shares = [
        paths[i :: default_threads(embedder.runtime.name)]
        for i in range(default_threads(embedder.runtime.name))
    ]

    def work(share: Sequence[Path]) -> None:
        for path in share:
            embedder.colours(embedder.prepare(path.read_bytes()))

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(paths) / (time.perf_counter() - began)


def run_encode(embedder: Embedder, photos: NDArray[np.uint8], n: int) -> float:
    """Photos per second through the runtime alone, the photos lying decoded in memory."""
    batch = embedder.runtime.batch
    batches = ((i, photos[: min(batch, n - i)]) for i in range(0, n, batch))
    began = time.perf_counter()
    for _ in embedder.runtime.stream(batches):
        pass
    return n / (time.perf_counter() - began)


def measure(backbone: str, paths: Sequence[Path], repeats: int, plain: int, folder: Path) -> Row:
    """All contenders for one backbone, in rotating order."""
    embedder = open_embedder(str(weights_folder(folder / backbone, backbone)))
    few = np.stack([embedder.prepare(path) for path in paths[: embedder.runtime.batch]])
    stages: list[dict[str, float]] = []

    def ours() -> float:
        rate, seconds = run_ours(embedder, paths)
        stages.append(seconds)
        return rate

    contenders: dict[str, Callable[[], float]] = {
        "ours": ours,
        "plain": lambda: run_plain(embedder, paths[:plain]),
        "decode": lambda: run_decode(embedder, paths),
        "encode": lambda: run_encode(embedder, few, len(paths)),
    }
    for warm in (lambda: run_plain(embedder, paths[:2]), lambda: run_encode(embedder, few, 4 * len(few))):
        warm()
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(repeats):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            rates[name].append(contenders[name]())
    median = {name: statistics.median(values) for name, values in rates.items()}
    limit = 1 / (1 / median["decode"] + 1 / median["encode"])
    middle = {stage: statistics.median(s[stage] for s in stages) for stage in stages[0]}
    return Row(
        backbone,
        len(paths),
        f"{embedder.runtime.name}, {embedder.runtime.device}",
        median["ours"],
        median["plain"],
        median["decode"],
        median["encode"],
        limit,
        median["ours"] / median["plain"],
        median["ours"] / limit,
        middle,
    )


def table(rows: Sequence[Row]) -> str:
    """The results for people."""
    names = ("ours", "plain", "decode", "encode", "limit", "×plain", "×limit")
    head = f"{'backbone':24}" + "".join(f"{name:>9}" for name in names)
    lines = [
        f"{r.backbone:24}{r.ours:9.1f}{r.plain:9.1f}{r.decode_only:9.1f}{r.encode_only:9.1f}{r.limit:9.1f}"
        f"{r.against_plain:9.1f}{r.against_limit:9.2f}   {r.runtime}"
        for r in rows
    ]
    return "\n".join([head, *lines, "photos per second, medians; files to committed vectors"])


def main() -> None:
    """Measures, prints a table, writes JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer photos and repeats")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--photos", type=Path, help="a folder of JPEG photos instead of drawn ones")
    parser.add_argument("--backbone", action="append", choices=BACKBONES, help="only this one")
    parser.add_argument("--count", type=int, help="photos (default 1200, quick 240)")
    parser.add_argument("--repeats", type=int, help="default 5, quick 3")
    chosen = parser.parse_args()
    count = chosen.count or (240 if chosen.quick else 1200)
    repeats = chosen.repeats or (3 if chosen.quick else 5)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "photos").mkdir()
        paths = (
            sorted(chosen.photos.rglob("*.jpg"))[:count]
            if chosen.photos
            else draw_photos(folder / "photos", count)
        )
        if not paths:
            parser.error(f"no .jpg photo under {chosen.photos}")
        plain = max(20, count // 12)
        rows = [measure(name, paths, repeats, plain, folder) for name in chosen.backbone or BACKBONES]
    print(table(rows))
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
