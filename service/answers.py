"""What the engine answers: plain values with ``as_json()`` in the shapes that commands and routes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.records import SpaceRecord

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an import of a catalogue came to; ``rows == used + rejected`` always.

    reasons: reject reason → how many rows and photos.
    encoded: photos that went through the network. reused: photos of the shop that had their vector already.
    photo_rejects: photos that failed on products which have others (not part of ``rejected``).
    seconds: stage → wall seconds. space, generation: what was filled; in_use: whether that is searched now.
    switch: of a space that was filled beside another: the two compared, and whether the shop switched.
    unchanged: neither the catalogue nor the shop changed since it was read the last time, so it was not read
    again; rows and rejects are those of that time.
    """

    rows: int
    used: int
    rejected: int
    encoded: int
    reused: int
    reasons: Mapping[str, int]
    space: str
    generation: int
    seconds: Mapping[str, float]
    photo_rejects: int = 0
    pruned: int = 0
    built: bool = False
    build: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    in_use: bool = True
    switch: Mapping[str, object] | None = None
    unchanged: bool = False

    def as_json(self) -> Json:
        """For ``--json``."""
        return {
            "rows": self.rows,
            "used": self.used,
            "rejected": self.rejected,
            "encoded": self.encoded,
            "reused": self.reused,
            "reasons": dict(self.reasons),
            "space": self.space,
            "generation": self.generation,
            "seconds": {stage: round(s, 3) for stage, s in self.seconds.items()},
            "photo_rejects": self.photo_rejects,
            "pruned": self.pruned,
            "built": self.built,
            "build": dict(self.build),
            "warnings": list(self.warnings),
            "in_use": self.in_use,
            "switch": None if self.switch is None else dict(self.switch),
            "unchanged": self.unchanged,
        }


@dataclass(frozen=True, slots=True)
class SwitchAnswer:
    """A switch that was made. missing: photos that were found before it and lack a vector in ``new``."""

    old: SpaceRecord
    new: SpaceRecord
    generation: int
    missing: int
    warnings: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """For ``--json``."""
        return {
            "switched": True,
            "from": {"space": self.old.space, "embedder": self.old.embedder},
            "to": {"space": self.new.space, "embedder": self.new.embedder},
            "space": self.new.space,
            "generation": self.generation,
            "missing": self.missing,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class EventsReport:
    """What an import of interactions came to; ``rows == used + rejected``; used = stored + repeated."""

    rows: int
    used: int
    rejected: int
    stored: int
    repeated: int
    reasons: Mapping[str, int]
    seconds: float

    def as_json(self) -> Json:
        """For ``--json``."""
        return {
            "rows": self.rows,
            "used": self.used,
            "rejected": self.rejected,
            "stored": self.stored,
            "repeated": self.repeated,
            "reasons": dict(self.reasons),
            "seconds": {"import": round(self.seconds, 3)},
        }


@dataclass(frozen=True, slots=True)
class SimilarAnswer:
    """Hits of a search by looks, best first.

    hits: each with product_id, score (cosine), photo_id, aspects (name → cosine), title, category, price,
        in_stock.
    warnings: what a person should know, e.g. that the newest generation is damaged and an older one answers.
    """

    hits: list[Json]
    space: str
    generation: int
    warnings: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """For ``--json`` and HTTP."""
        return {
            "hits": self.hits,
            "space": self.space,
            "generation": self.generation,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class RecommendAnswer:
    """Recommendations, best first.

    items: each with product_id, score, reasons, title, category, price, in_stock, photo_id.
    fallback: None, or the word for why this is not personal ("no_history", …).
    trained: False while the documented default blend is used.
    request_id: of this answer, as the log of recommendations knows it.
    """

    items: list[Json]
    fallback: str | None
    trained: bool = True
    warnings: tuple[str, ...] = ()
    request_id: str = ""

    def as_json(self) -> Json:
        """For ``--json`` and HTTP."""
        return {
            "items": self.items,
            "fallback": self.fallback,
            "trained": self.trained,
            "warnings": list(self.warnings),
            "request_id": self.request_id,
        }


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One page of the products that a filter selects, ordered by id.

    page: from 1, or 0 where the page starts after an id instead; pages: at least 1; total: how many products
    the filter selects. last: the last id of this page, where another one follows.
    """

    products: list[Json]
    page: int
    pages: int
    size: int
    total: int
    last: str | None = None

    def as_json(self) -> Json:
        """For HTTP."""
        return {
            "products": self.products,
            "page": self.page or None,
            "pages": self.pages,
            "size": self.size,
            "total": self.total,
        }


@dataclass(frozen=True, slots=True)
class EvaluationAnswer:
    """An evaluation in the shape of ``--json``, and where its report lies."""

    evaluation: Json
    folder: Path

    def as_json(self) -> Json:
        """For ``--json``: the evaluation plus the report's folder."""
        return {**self.evaluation, "report": str(self.folder)}
