"""What an exported embedder is worth: retrieval on labelled photos, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedder.measures import Interval, Values, bootstrap, map_at_r, recall_at_k, recall_between
from embedder.training.aspects import joined
from embedder.training.export import Bundle
from embedder.training.photos import clothing_photos, decode_all, grocery_photos, read_table

FloatArray = NDArray[np.float32]
COLOUR_WEIGHTED = {"shape": 0.35, "texture": 0.05, "colour": 0.6}
"""The query weights of the "same colour first" row of the report."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report: which set and question, which aspects, which measure, what came out."""

    question: str
    aspects: str
    measure: str
    interval: Interval

    def as_json(self) -> dict[str, object]:
        """The row as plain values."""
        i = self.interval
        return {
            "question": self.question, "aspects": self.aspects, "measure": self.measure,
            "mean": round(i.mean, 4), "low": round(i.low, 4), "high": round(i.high, 4), "queries": i.queries,
        }  # fmt: skip


def mixtures(blocks: Mapping[str, FloatArray], weights: Mapping[str, float]) -> dict[str, FloatArray]:
    """The vectors to measure: default weights, colour-weighted, and each aspect alone."""
    return {
        "default": joined(blocks, weights),
        "colour-weighted": joined(blocks, COLOUR_WEIGHTED),
        **{f"{name} alone": block for name, block in blocks.items()},
    }


def _rows(question: str, aspects: str, values: Mapping[str, Values]) -> list[Row]:
    return [Row(question, aspects, measure, bootstrap(v)) for measure, v in values.items()]


def among(
    question: str,
    vectors: Mapping[str, FloatArray],
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
) -> list[Row]:
    """All against all: R@1, R@5 and mAP@R of every mixture; others of the same group are left out."""
    rows = []
    for aspects, v in vectors.items():
        recall = recall_at_k(v, labels, (1, 5), groups)
        rows += _rows(
            question, aspects, {"R@1": recall[1], "R@5": recall[5], "mAP@R": map_at_r(v, labels, groups)}
        )
    return rows


def measure_clothing(bundle: Bundle, folder: Path) -> list[Row]:
    """Same kind of garment among other people's photos (training photos)."""
    records = clothing_photos(folder)
    blocks = bundle.blocks(decode_all([r.file for r in records], bundle.px))
    vectors = mixtures(blocks, bundle.weights)
    return among(
        "clothing kind, other senders", vectors, [r.label for r in records], [r.group for r in records]
    )


def measure_grocery(bundle: Bundle, folder: Path) -> list[Row]:
    """Shelf photo to studio photo of the same product (training photos)."""
    records = grocery_photos(folder)
    vectors = mixtures(bundle.blocks(decode_all([r.file for r in records], bundle.px)), bundle.weights)
    labels = np.array([r.label for r in records])
    studio = np.array([r.group == "iconic" for r in records])
    rows = []
    for aspects, v in vectors.items():
        recall = recall_between(v[~studio], labels[~studio], v[studio], labels[studio], (1, 5))
        rows += _rows("grocery shelf to studio", aspects, {"R@1": recall[1], "R@5": recall[5]})
    return rows


def measure_fashion(bundle: Bundle, folder: Path) -> list[Row]:
    """Category and colour of 3,900 catalogue photos: the test set, never trained or tuned on."""
    table = read_table(folder / "catalogue.csv")
    vectors = mixtures(
        bundle.blocks(decode_all([folder / r["image"] for r in table], bundle.px)), bundle.weights
    )
    rows = []
    for column in ("category", "colour"):
        rows += among(f"fashion {column}", vectors, [r[column] for r in table])
    return rows


MEASURES = {
    "clothing_cc0": measure_clothing,
    "grocery_mit": measure_grocery,
    "fashion_products": measure_fashion,
}


def measure(bundle_folder: Path, sets: Sequence[Path]) -> list[Row]:
    """The rows of all given sets (folders named as in ``MEASURES``)."""
    bundle = Bundle.load(bundle_folder)
    rows: list[Row] = []
    for folder in sets:
        if folder.name not in MEASURES:
            raise ValueError(f"no measure for {folder.name}; known: {sorted(MEASURES)}")
        rows += MEASURES[folder.name](bundle, folder)
    return rows


def as_markdown(rows: Sequence[Row]) -> str:
    """A table of the rows, one line per question and aspects, measures as columns with 95 % intervals."""
    measures = list(dict.fromkeys(r.measure for r in rows))
    lines = ["| question | aspects | " + " | ".join(measures) + " |", "|---" * (2 + len(measures)) + "|"]
    for key in dict.fromkeys((r.question, r.aspects) for r in rows):
        cells = {r.measure: r.interval for r in rows if (r.question, r.aspects) == key}
        shown = [
            f"{cells[m].mean:.3f} ({cells[m].low:.3f} to {cells[m].high:.3f})" if m in cells else ""
            for m in measures
        ]
        lines.append(f"| {key[0]} | {key[1]} | " + " | ".join(shown) + " |")
    return "\n".join(lines)
