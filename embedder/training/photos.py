"""The training photos as one uint8 array: read once, squashed, kept on disk as ``.npy``."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """One labelled photo of a training or test set.

    ``file`` is its path, ``label`` what it shows, ``group`` who took it (photos of one group share
    background and light, so a fair neighbour comes from another group), ``source`` the set's name.
    """

    file: Path
    label: str
    group: str
    source: str


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header, as dictionaries."""
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def clothing_photos(folder: Path) -> list[PhotoRecord]:
    """The CC0 clothing set: label is the kind of garment, group is the sender."""
    rows = read_table(folder / "catalogue.csv")
    return [
        PhotoRecord(folder / r["image"], r["category"], f"sender-{r['sender_id']}", "clothing") for r in rows
    ]


def grocery_photos(folder: Path) -> list[PhotoRecord]:
    """The MIT grocery set, 81 products: studio photos (group ``iconic``), shelf photos (``shelf``)."""
    studio = [
        PhotoRecord(folder / r["image"], r["product_id"], "iconic", "grocery")
        for r in read_table(folder / "catalogue.csv")
    ]
    shelf = [
        PhotoRecord(folder / r["image"], r["product_id"], "shelf", "grocery")
        for r in read_table(folder / "photos.csv")
    ]
    return studio + shelf


def training_photos(folders: Sequence[Path]) -> list[PhotoRecord]:
    """All photos of the given folders; each must be one of the two sets whose licence allows shipping."""
    readers: dict[str, Callable[[Path], list[PhotoRecord]]] = {
        "clothing_cc0": clothing_photos,
        "grocery_mit": grocery_photos,
    }
    records: list[PhotoRecord] = []
    for folder in folders:
        if folder.name not in readers:
            raise ValueError(f"{folder.name} is not a training set; use folders named {sorted(readers)}")
        records += readers[folder.name](folder)
    return records


def is_held_out(record: PhotoRecord) -> bool:
    """Whether a photo is kept from training: one sender in twenty of the clothing set."""
    return record.source == "clothing" and int(record.group.removeprefix("sender-")) % 20 == 7


def decode_squashed(path: Path, px: int) -> Pixels:
    """One photo as RGB (px, px, 3), squashed; the decoder may reduce while reading, as the runtime does."""
    with Image.open(path) as image:
        image.draft("RGB", (px, px))
        rgb = image.convert("RGB").resize((px, px), Image.Resampling.BILINEAR)
    return np.asarray(rgb, dtype=np.uint8)


def decode_all(paths: Iterable[Path], px: int, workers: int = 2) -> Pixels:
    """All photos as one array (n, px, px, 3)."""
    with ThreadPoolExecutor(workers) as pool:
        return np.stack(list(pool.map(lambda path: decode_squashed(path, px), paths)))


def cached(folder: Path, name: str, make: Callable[[], Pixels], key: object) -> Pixels:
    """An array made once and mapped from ``folder/name.npy`` afterwards, made again when ``key`` changes."""
    array_file, key_file = folder / f"{name}.npy", folder / f"{name}.json"
    text = json.dumps(key)
    if not (array_file.exists() and key_file.exists() and key_file.read_text() == text):
        folder.mkdir(parents=True, exist_ok=True)
        np.save(array_file, make(), allow_pickle=False)
        key_file.write_text(text)
    loaded: Pixels = np.load(array_file, allow_pickle=False)
    return loaded
