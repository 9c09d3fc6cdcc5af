"""From a photo taken in a shop to the product's studio picture: recall with the index as users query it.

``python -m benchmarks.shelf DATA [--embedder SPEC] [--json FILE]``

DATA is a folder with ``catalogue.csv`` (product_id, image: one studio picture each) and ``photos.csv``
(image, product_id: photos of the same products in shops). The catalogue is indexed by the engine; every photo
is encoded and searched for; a photo counts where its product is among the first 1 or 5 hits. Intervals are
95 % bootstrap intervals over photos. This measures quality, not speed.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from pathlib import Path

import numpy as np

from embedder.registry import open_embedder
from index.query import Example, Query
from index.search import CatalogueIndex
from service.engine import Engine
from service.requests import IndexRequest

KS = (1, 5)
RESAMPLES = 2000


def hits_at(data: Path, embedder: str) -> tuple[dict[int, np.ndarray], int]:
    """Per k whether each photo found its product (n,), and how many photos could not be used."""
    with (data / "photos.csv").open(newline="", encoding="utf-8") as file:
        photos = [(data / row["image"], row["product_id"]) for row in csv.DictReader(file)]
    with tempfile.TemporaryDirectory() as place, Engine.create(Path(place) / "shop") as engine:
        engine.index_catalogue(IndexRequest(data / "catalogue.csv", embedder=embedder))
        network = open_embedder(embedder)
        blocks, unusable = network.encode_files([path for path, _ in photos])
        bad = {fault.position for fault in unusable}
        wanted = [product for i, (_, product) in enumerate(photos) if i not in bad]
        index = CatalogueIndex.open(engine.shop)
        found: dict[int, list[bool]] = {k: [] for k in KS}
        for vector, product in zip(network.layout.scale(blocks), wanted, strict=True):
            hits = index.search(Query((Example(vector=vector),), k=max(KS)))
            for k in KS:
                found[k].append(product in [hit.product_id for hit in hits[:k]])
    return {k: np.asarray(values, float) for k, values in found.items()}, len(bad)


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % percentile bootstrap of the mean."""
    draw = np.random.default_rng(7)
    means = [values[draw.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    """Measures and prints one line a k."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--embedder", default="bundled")
    parser.add_argument("--json", type=Path, help="write the figures here")
    chosen = parser.parse_args()
    found, unusable = hits_at(chosen.data, chosen.embedder)
    told = {}
    for k, values in found.items():
        low, high = interval(values)
        told[f"recall@{k}"] = {"mean": float(values.mean()), "low": low, "high": high}
        counted = f"{len(values)} photos, {unusable} unusable"
        print(f"recall@{k} {values.mean():.3f} [{low:.3f}, {high:.3f}]  {counted}")
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
