"""Peak memory of indexing by the number of photos: it should not grow with them.

Each size is indexed in a fresh process with a very small network, so that many photos are feasible: small
JPEGs that are all different, files to committed vectors (``encode_pending``), then the generation. The
peak is VmHWM of the process after each of the two. A generation holds all vectors, so that its growth
stands beside what these alone weigh. The slope is that between the two largest sizes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.framework import Report, Row, Size, Spread, Table, main
from data.records import CatalogueRow, PhotoRef, Product
from data.shop import Shop

TITLE = "Peak memory of indexing"
PHOTOS: dict[Size, tuple[int, ...]] = {"quick": (500, 2_000), "full": (1_000, 10_000, 100_000)}
SIDE = 32
IN_A_FOLDER = 1_000
PORTION = 1_000
SEED = 3
MEGA = 2**20


def write_photos(folder: Path, n: int) -> None:
    """JPEG files of one drawn picture, each with a comment of its own, so that their bytes differ."""
    from PIL import Image

    pixels = np.random.default_rng(SEED).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    for i in range(n):
        path = folder / f"{i // IN_A_FOLDER:03}" / f"{i:06}.jpg"
        if i % IN_A_FOLDER == 0:
            path.parent.mkdir(parents=True)
        picture.save(path, "JPEG", quality=70, comment=str(i).encode())


def write_embedder(folder: Path) -> Path:
    """The smallest MobileNet that timm makes, at 32 pixels, with random weights."""
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(SEED)
    architecture = "mobilenetv3_small_050"
    model = timm.create_model(architecture, pretrained=False)
    cfg = model.pretrained_cfg
    names = ("mean", "std", "interpolation", "classifier")
    told = {name: cfg[name] for name in names} | {"input_size": [3, SIDE, SIDE]}
    folder.mkdir()
    text = json.dumps({"architecture": architecture, "pretrained_cfg": told})
    (folder / "config.json").write_text(text, encoding="utf-8")
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    return folder


def fill(shop: Shop, photos: Path, n: int) -> None:
    """One product a photo."""
    for start in range(0, n, PORTION):
        numbers = range(start, min(start + PORTION, n))
        rows = [
            CatalogueRow(i + 1, Product(f"p{i:06}"), (PhotoRef(f"{i // IN_A_FOLDER:03}/{i:06}.jpg"),))
            for i in numbers
        ]
        shop.put_rows(rows, photos)


def peak() -> int:
    """Bytes that this process had in memory at most."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not tell a process's peak memory (VmHWM)")


def one(place: Path, n: int) -> dict[str, float]:
    """Index so many photos in this process; what it came to."""
    from embedder.pipeline import encode_pending
    from embedder.registry import open_embedder
    from index.generation import build_generation

    with Shop.open(place / f"shop-{n}") as shop:
        embedder = open_embedder(str(place / "embedder"))
        _ = embedder.runtime
        opened, began = peak(), time.perf_counter()
        report = encode_pending(shop, embedder)
        if report.encoded != n:
            raise RuntimeError(f"{report.encoded} of {n} photos encoded")
        seconds, encoded = time.perf_counter() - began, peak()
        build_generation(shop, shop.space(embedder.space), "exact", 1.0)
        built = peak()
        width = embedder.layout.d
    return {"opened": opened, "encoded": encoded, "built": built, "seconds": seconds, "width": width}


def run(size: Size) -> Report:
    """One table: a row for each number of photos; the slope is between the first and the last."""
    found = {}
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        write_photos(place / "photos", max(PHOTOS[size]))
        write_embedder(place / "embedder")
        sizes = PHOTOS[size]
        for n in (min(sizes), *sizes):  # the first converts the network, and does not count
            with Shop.create(place / f"shop-{n}") as shop:
                fill(shop, place / "photos", n)
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.memory", "--one", str(place), str(n)],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                cwd=Path(__file__).resolve().parent.parent,
            )
            found[n] = json.loads(done.stdout.splitlines()[-1])
            _drop(place / f"shop-{n}")
    rows = [
        Row(
            f"{n:,} photos, encoded and committed",
            "ours",
            _spread(told["encoded"]),
            {},
            {"MiB with the generation": told["built"] / MEGA, "MiB before": told["opened"] / MEGA},
        )
        for n, told in found.items()
    ]
    first, last = sorted(found)[-2:]
    slopes = [(found[last][what] - found[first][what]) / (last - first) for what in ("encoded", "built")]
    width = int(found[last]["width"])
    notes = (
        f"slope from {first:,} to {last:,} photos: {slopes[0]:,.0f} bytes a photo while encoding, "
        f"{slopes[1]:,.0f} with the generation; a vector of {width} numbers has {4 * width:,} bytes",
    )
    details = {"bytes_per_photo_encoding": slopes[0], "bytes_per_photo_with_generation": slopes[1]}
    return Report([Table(TITLE, "MiB at most", "less", rows, notes=notes)], details)


def _spread(bytes_: float) -> Spread:
    return Spread.of([bytes_ / MEGA])


def _drop(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(Path(sys.argv[2]), int(sys.argv[3]))))
        sys.exit(0)
    sys.exit(main(__doc__, "memory", run))
