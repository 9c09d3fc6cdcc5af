"""Choosing sizes, whitening and default aspect weights, on photos that may be looked at: never the test set.

Category is judged on clothing among other senders, product identity on grocery from shelf to studio,
colour and category on drawn products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedder.colour import Palette
from embedder.measures import map_at_r, recall_at_k, recall_between
from embedder.training.aspects import (
    fit_palette,
    fit_projection,
    histograms,
    joined,
    network_features,
)
from embedder.training.export import load_network
from embedder.training.photos import PhotoRecord, decode_all, training_photos
from embedder.training.shopfront import DrawnShop

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bench:
    """Raw features of the photos to choose on: the two training sets, then the drawn shop."""

    records: Sequence[PhotoRecord]
    shop: DrawnShop
    raw: Mapping[str, FloatArray]
    colour: FloatArray

    @classmethod
    def of(cls, weights: Path, photos: Sequence[Path], shop: DrawnShop, px: int) -> Bench:
        """Features of a trained network and palette histograms for everything."""
        records = training_photos(photos)
        pixels = np.concatenate([decode_all([r.file for r in records], px), shop.pixels])
        palette: Palette = fit_palette(pixels, 64, 0)
        return cls(
            records, shop, network_features(load_network(weights), pixels), histograms(palette, pixels)
        )

    def judge(self, blocks: Mapping[str, FloatArray], weights: Mapping[str, float]) -> list[float]:
        """The measures named in ``JUDGED`` of one mixture."""
        vectors = joined({name: blocks[name] for name in weights}, weights)
        sets = np.array([r.source for r in self.records])
        labels = np.array([r.label for r in self.records])
        groups = np.array([r.group for r in self.records])
        clothing, drawn = np.flatnonzero(sets == "clothing")[::2], vectors[len(self.records) :]
        studio, shelf = np.flatnonzero(groups == "iconic"), np.flatnonzero(groups == "shelf")
        kind = recall_at_k(vectors[clothing], labels[clothing], [1], groups[clothing])[1]
        ranked = map_at_r(vectors[clothing], labels[clothing], groups[clothing])
        street = recall_between(vectors[shelf], labels[shelf], vectors[studio], labels[studio], [1])[1]
        return [
            float(np.nanmean(kind)),
            float(np.nanmean(ranked)),
            float(np.nanmean(street)),
            float(np.nanmean(recall_at_k(drawn, self.shop.categories, [1])[1])),
            float(np.nanmean(recall_at_k(drawn, self.shop.colours, [1])[1])),
        ]


JUDGED = ("clothing R@1", "clothing mAP@R", "shelf R@1", "drawn category R@1", "drawn colour R@1")


def blocks_of(bench: Bench, sizes: tuple[int, int], whitening: tuple[float, float]) -> dict[str, FloatArray]:
    """Unit rows of shape, texture and colour, the projections fitted on the photos (not the drawings)."""
    blocks = {"colour": bench.colour}
    for name, size, power in zip(("shape", "texture"), sizes, whitening, strict=True):
        raw = bench.raw[name]
        blocks[name] = fit_projection(raw[: len(bench.records)], size, power)(raw)
    return blocks


def trials(bench: Bench) -> Iterator[tuple[str, list[float]]]:
    """Named mixtures and their measures: whitening and size of each block alone, then the weights."""
    for power in (0.0, 0.25, 0.5, 0.75, 1.0):
        for size in (128, 256):
            blocks = blocks_of(bench, (size, 32), (power, 0.5))
            yield f"shape {size} whitening {power}", bench.judge(blocks, {"shape": 1.0})
    for power in (0.0, 0.5, 1.0):
        for size in (16, 32):
            blocks = blocks_of(bench, (256, size), (0.5, power))
            yield f"texture {size} whitening {power}", bench.judge(blocks, {"texture": 1.0})
    yield "colour", bench.judge(blocks, {"colour": 1.0})


def weight_trials(
    bench: Bench, sizes: tuple[int, int], whitening: tuple[float, float]
) -> Iterator[tuple[str, list[float]]]:
    """Named aspect weights and their measures, for the chosen projections."""
    blocks = blocks_of(bench, sizes, whitening)
    for texture in (0.0, 0.05, 0.1, 0.2):
        for colour in (0.0, 0.15, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6):
            weights = {"shape": 1 - texture - colour, "texture": texture, "colour": colour}
            name = " ".join(f"{w:.2f}" for w in weights.values())
            yield f"shape texture colour {name}", bench.judge(blocks, weights)
