"""From a photo taken in a shop to the product's studio picture: recall with the index as users query it.

``python -m benchmarks.shelf DATA [--embedder SPEC ...] [--json FILE]``

DATA is a folder with ``catalogue.csv`` (product_id, image: one studio picture each) and ``photos.csv``
(image, product_id: photos of the same products in shops). The catalogue is indexed by the engine, once with
each embedder; every photo is encoded and searched for among all studio pictures; a photo counts where its
product is among the first 1 or 5 hits. Only products that no embedder given learnt from are asked for
(``trained-on.json`` of its folder), so that fine-tuned ones are not measured on what they know. Differences
to the first embedder are paired by photo; all intervals are 95 % bootstrap intervals over products, whose
photos are much alike. This measures quality, not speed.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedder.measures.intervals import bootstrap
from embedder.registry import open_embedder
from embedder.trained_on import read_trained_on
from index.query import Example, Query
from index.search import CatalogueIndex
from service.engine import Engine
from service.requests import IndexRequest

KS = (1, 5)
RESAMPLES = 10_000
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Shelf:
    """Photos taken in shops, and the product of each. left_out: products that were learnt from."""

    paths: tuple[Path, ...]
    products: tuple[str, ...]
    left_out: int

    @classmethod
    def of(cls, data: Path, embedders: Sequence[str]) -> Shelf:
        """Those whose product no embedder learnt from; SystemExit where none is left."""
        learnt: set[str] = set()
        for spec in embedders:
            found = read_trained_on(Path(spec)) if Path(spec).is_dir() else None
            learnt |= set() if found is None else set(found.products)
        with (data / "photos.csv").open(newline="", encoding="utf-8") as file:
            rows = [(data / row["image"], row["product_id"]) for row in csv.DictReader(file)]
        kept = [row for row in rows if row[1] not in learnt]
        if not kept:
            raise SystemExit("the embedders learnt from all products: none is left to ask for")
        left_out = len({product for _, product in rows} & learnt)
        return cls(tuple(path for path, _ in kept), tuple(product for _, product in kept), left_out)

    def answers(self, data: Path, embedder: str) -> dict[int, Values]:
        """By k, for each photo 1 where its product was found, else 0 (n,); NaN for a photo that cannot be
        used.
        """
        with tempfile.TemporaryDirectory() as place, Engine.create(Path(place) / "shop") as engine:
            engine.index_catalogue(IndexRequest(data / "catalogue.csv", embedder=embedder))
            network = open_embedder(embedder)
            blocks, unusable = network.encode_files(list(self.paths))
            bad = {fault.position for fault in unusable}
            asked = [i for i in range(len(self.paths)) if i not in bad]
            found = {k: np.full(len(self.paths), np.nan) for k in KS}
            index = CatalogueIndex.open(engine.shop)
            for i, vector in zip(asked, network.layout.scale(blocks), strict=True):
                hits = index.search(Query((Example(vector=vector),), k=max(KS)))
                for k in KS:
                    found[k][i] = self.products[i] in [hit.product_id for hit in hits[:k]]
        return found


def interval(values: Values, products: Sequence[str]) -> tuple[float, float]:
    """95 % interval of the mean over photos, products resampled whole; NaN do not count."""
    found = bootstrap(values, RESAMPLES, seed=7, clusters=list(products))
    return found.low, found.high


def told(values: Values, products: Sequence[str]) -> dict[str, float]:
    """Mean and interval."""
    low, high = interval(values, products)
    return {"mean": float(np.nanmean(values)), "low": low, "high": high}


def main() -> None:
    """Measures and prints a line for each embedder and k."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--embedder", action="append", help="repeat it to compare; default: bundled")
    parser.add_argument("--json", type=Path, help="write the figures here")
    chosen = parser.parse_args()
    embedders: list[str] = chosen.embedder or ["bundled"]
    shelf = Shelf.of(chosen.data, embedders)
    asked = len(set(shelf.products))
    print(f"{len(shelf.paths)} photos of {asked} products; {shelf.left_out} products were learnt from")
    figures: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    first: dict[int, Values] = {}
    for spec in embedders:
        found = shelf.answers(chosen.data, spec)
        first = first or found
        unusable = int(np.isnan(found[KS[0]]).sum())
        figures[spec] = {}
        for k, values in found.items():
            whole, more = told(values, shelf.products), told(values - first[k], shelf.products)
            figures[spec][f"recall@{k}"] = {"value": whole, "above_the_first": more}
            words = f"{whole['mean']:.3f} [{whole['low']:.3f}, {whole['high']:.3f}]"
            words += f"   {more['mean']:+.3f} [{more['low']:+.3f}, {more['high']:+.3f}]"
            print(f"{Path(spec).name:24} recall@{k} {words}   {unusable} unusable", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
