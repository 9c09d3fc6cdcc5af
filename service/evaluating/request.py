"""What is asked of an evaluation of an embedder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.errors import UsageError
from embedder.finetuning.settings import PRODUCT

CATEGORY = "category"
DEFAULT_SAMPLE = 5000
DEFAULT_LABELS = (CATEGORY, PRODUCT)


@dataclass(frozen=True, slots=True)
class EvaluateEmbedderRequest:
    """An order to evaluate an embedder on a shop's photos.

    embedder: which one; None: the shop's own. Photos that lack a vector in its space are encoded first.
    labels: columns of the catalogue, or "product" for the product's identity; empty: ``DEFAULT_LABELS``, as
        far as the shop has them.
    report: folder for the report, or None for DIR/reports/embedder-SPACE.
    sample: at most so many photos are queries, whole products drawn at random; they are always compared with
        all photos of the shop.
    """

    embedder: str | None = None
    labels: tuple[str, ...] = ()
    report: Path | None = None
    sample: int = DEFAULT_SAMPLE
    seed: int = 7

    def __post_init__(self) -> None:
        if self.sample < 2:
            raise UsageError(f"a sample has at least 2 photos, not {self.sample}")
        if len(set(self.labels)) != len(self.labels):
            raise UsageError(f"a label is given twice: {', '.join(self.labels)}")
        if not all(label.strip() for label in self.labels):
            raise UsageError("a label is the name of a column, or 'product'; it cannot be empty")
