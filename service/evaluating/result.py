"""What an evaluation of an embedder found, as values with ``as_json()``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from service.answers import Json
from service.lookalikes import Calibration
from service.plain import plain

if TYPE_CHECKING:
    from embedder.measures import Interval, Verification

MEASURES = ("recall@1", "recall@5", "recall@10", "map@r", "r_precision", "mrr")
"""In the order in which tables show them."""


@dataclass(frozen=True, slots=True)
class ClassResult:
    """One class of a label.

    queries: its photos that were asked and have an answer. measures: their means. taken_for: which other
    classes stood nearest, and how often, the most frequent first.
    """

    name: str
    queries: int
    measures: Mapping[str, float]
    taken_for: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class LabelResult:
    """How well photos of one label find each other.

    queries: photos that were asked and have an answer. gallery: photos they were compared with. classes: how
    many have a query. unlabelled: photos left out. over_photos, over_classes: measure → mean with interval,
    every photo counting the same, or every class. cmc: ``recall@k`` of k = 1, 2, …. by_class: worst mAP@R
    first. aspects: recall@1 and mAP@R by each aspect alone. verification, alignment: of pairs of one label;
    None without a pair. kept_without_class: share of photos that would still get a hit above the look-alike
    threshold if all photos of their class were taken out of the shop; None where no other class is left.
    """

    label: str
    queries: int
    gallery: int
    classes: int
    unlabelled: int
    over_photos: Mapping[str, Interval]
    over_classes: Mapping[str, Interval]
    cmc: tuple[Interval, ...]
    by_class: tuple[ClassResult, ...]
    aspects: Mapping[str, Mapping[str, Interval]]
    verification: Verification | None
    alignment: float | None
    kept_without_class: float | None

    def as_json(self) -> Json:
        """Plain values; the ROC as lists, without its infinite first threshold."""
        found: Json = {name: plain(getattr(self, name)) for name in self.__slots__ if name != "verification"}
        found["verification"] = None if self.verification is None else _verification(self.verification)
        return found


@dataclass(frozen=True, slots=True)
class EmbedderEvaluation:
    """An embedder on a shop's photos.

    embedder: how it is called. photos, products: what the shop has in its space. asked: photos that were
    queries. uniformity: of their vectors. calibration: the threshold for look-alikes, None where no photo has
    another product to be compared with. seconds: stage → wall seconds.
    """

    embedder: str
    space: str
    photos: int
    products: int
    asked: int
    seed: int
    labels: tuple[LabelResult, ...]
    uniformity: float
    calibration: Calibration | None
    warnings: tuple[str, ...]
    seconds: Mapping[str, float]

    def as_json(self) -> Json:
        """For ``--json`` and evaluate.json."""
        found: Json = {name: plain(getattr(self, name)) for name in self.__slots__ if name != "seconds"}
        found["seconds"] = {stage: round(spent, 2) for stage, spent in self.seconds.items()}
        return found


@dataclass(frozen=True, slots=True)
class EmbedderAnswer:
    """An evaluation, and where its report lies."""

    evaluation: EmbedderEvaluation
    folder: Path

    def as_json(self) -> Json:
        """For ``--json``: the evaluation plus the report's folder."""
        return {**self.evaluation.as_json(), "report": str(self.folder)}


def _verification(found: Verification) -> Json:
    told: Json = {
        name: plain(getattr(found, name)) for name in found.__slots__ if name not in ("curve", "at")
    }
    told["at"] = [plain(point) for point in found.at]
    told["roc"] = {
        "fmr": [round(float(rate), 6) for rate in found.curve.fmr],
        "fnmr": [round(float(rate), 6) for rate in found.curve.fnmr],
    }
    return told
