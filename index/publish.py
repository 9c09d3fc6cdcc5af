"""Writing a generation's files, checking them from the disk, and putting them to use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import Damaged
from index.durable import sync
from index.flat import half_flat
from index.generations import Generation, Generations
from index.library import load_faiss
from index.manifest import MANIFEST_FILE, Manifest
from index.rows import PHOTOS_FILE, PRODUCTS_FILE
from index.serving import INDEX_FILE
from index.sources import VECTORS_FILE, Source

PROBED = 64
FILES = [VECTORS_FILE, PHOTOS_FILE, PRODUCTS_FILE, INDEX_FILE]


def write(folder: Path, source: Source, index: Any | None, manifest: Manifest) -> Manifest:
    """Write names, index and manifest beside the vectors, all forced to the disk.

    index: a FAISS index, or None for the exact type, whose file is a flat index over the same vectors.
    Returns the manifest with size and sha256 of every file.
    """
    source.rows.save(folder)
    write_index(folder / INDEX_FILE, half_flat(source.matrix) if index is None else index)
    for name in FILES:
        sync(folder / name)
    complete = manifest.with_files(folder, FILES)
    complete.save(folder)
    sync(folder / MANIFEST_FILE)
    sync(folder)
    return complete


def write_index(path: Path, index: Any) -> None:
    """Write a FAISS index; OSError where the disk is full (FAISS's own writer says nothing then)."""
    faiss = load_faiss()

    faults: list[OSError] = []
    with path.open("wb") as file:

        def put(part: bytes) -> int:
            try:
                return file.write(part)
            except OSError as error:
                faults.append(error)
                return 0

        try:
            faiss.write_index(index, faiss.PyCallbackIOWriter(put))
        except RuntimeError as error:
            raise faults[0] if faults else error from error
    if faults:
        raise faults[0]


def verify(folder: Path) -> None:
    """Read everything back as a searcher would, and let a sample of photos find themselves; else Damaged.

    An approximate type may miss some: it must find at least half of the share that its recall promises.
    """
    generation = Generation.load(folder)
    matrix = generation.matrix
    drawn = np.random.default_rng(0).permutation(len(matrix))[:PROBED]
    quick = generation.scans.quick()
    found = 0
    for row in np.sort(drawn):
        probe = np.asarray(matrix[row], np.float32)
        rows = quick.top(probe[None, :], 10, None).rows
        found += bool(len(rows)) and bool((matrix[rows] @ probe).max() >= probe @ probe - 1e-3)
    wanted = 1.0 if generation.manifest.exact else min(0.9, generation.manifest.chosen.recall / 2)
    if found < wanted * len(drawn):
        raise Damaged(
            f"only {found} of {len(drawn)} photos find themselves in the new index; it is not used. "
            "Build it again; if that does not help, choose the exact type"
        )


def publish(generations: Generations, folder: Path, number: int, in_use: bool = True) -> None:
    """Move a verified folder to its place, make it the one in use if wanted, and remove what is too old."""
    os.rename(folder, generations.path(number))
    sync(generations.directory)
    if in_use:
        generations.make_current(number)
    generations.prune(number)
