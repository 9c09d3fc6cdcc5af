"""The look-alikes of every product of a shop in one file, for carousels that are computed beforehand."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import EmptyShop
from service.answers import Json
from service.merchandising import Plan
from service.parts import Parts
from service.progress import Step, Tell
from service.requests import Auto, Look, SimilarRequest
from service.row_file import check_row_file, row_file
from service.rulebook import SIMILAR, plans_for
from service.ruled_hits import search_many
from service.searching import query_of

if TYPE_CHECKING:
    from index.hits import Hit
    from index.query import Query

COLUMNS: Mapping[str, type] = {
    "product_id": str,
    "rank": int,
    "similar_id": str,
    "score": float,
    "photo_id": str,
}
PORTION = 2048
MOST_HITS = 100_000
"""Products, and hits at most, of a portion: what is in memory at a time."""


@dataclass(frozen=True, slots=True)
class SimilarItemsRequest:
    """An order for the look-alikes of all products with a photo.

    out: the file: .parquet, .csv or .jsonl; replaced if it is there. k: how many for each product. where: a
    filter over the look-alikes (every product is asked about, whether it passes or not). aspects, exclude,
    min_score, rules: as in ``SimilarRequest``, for every product. Raises UsageError for another file.
    """

    out: Path
    k: int = 10
    where: str | None = None
    aspects: Mapping[str, float] | None = None
    exclude: frozenset[str] = frozenset()
    min_score: float | Auto | None = None
    rules: bool = True

    def __post_init__(self) -> None:
        check_row_file(self.out)

    def about(self, product_id: str) -> SimilarRequest:
        """The same question about one product."""
        return SimilarRequest(
            (Look(product_id=product_id),),
            k=self.k,
            where=self.where,
            aspects=self.aspects,
            exclude=self.exclude,
            min_score=self.min_score,
            rules=self.rules,
        )


@dataclass(frozen=True, slots=True)
class SimilarItemsReport:
    """What was written: a row for each hit. products: asked about; without: those that nothing was found for;
    seconds: of all of it.
    """

    out: Path
    products: int
    without: int
    rows: int
    seconds: float
    space: str
    generation: int
    warnings: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Products a second."""
        return self.products / max(self.seconds, 1e-9)

    def as_json(self) -> Json:
        """For ``--json``."""
        return {
            "out": str(self.out),
            "products": self.products,
            "without_hits": self.without,
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "products_a_second": round(self.rate, 1),
            "space": self.space,
            "generation": self.generation,
            "warnings": list(self.warnings),
        }


def export(parts: Parts, request: SimilarItemsRequest, tell: Tell) -> SimilarItemsReport:
    """Write the look-alikes of every live product with a photo, by product id and rank.

    All of them are of one view of the shop. In memory are the index, the ids, and a portion of 2,048 products
    or 100,000 hits. Raises EmptyShop, BadFilter, UsageError, NotReady, OSError.
    """
    began = time.perf_counter()
    index = parts.index().pinned()
    products = index.product_ids()
    if not products:
        raise EmptyShop("no product in this shop has a photo any more; run vitrine index with a catalogue")
    query = replace(query_of(parts, index, request.about(products[0])), explain_aspects=False)
    rows = without = 0
    step = max(min(PORTION, MOST_HITS // request.k), 1)
    with row_file(request.out, COLUMNS) as write:
        for first in range(0, len(products), step):
            rate = first / max(time.perf_counter() - began, 1e-9)
            tell(Step("look-alikes", first, len(products), f"{rate:,.0f} products/s" if first else ""))
            some = products[first : first + step]
            plans = plans_for(parts.shop, SIMILAR, some) if request.rules else [Plan()] * len(some)
            found = search_many(index, [_about(query, product) for product in some], plans)
            lines = _lines(some, found)
            write(lines)
            rows += len(lines)
            without += sum(not hits for hits in found)
        tell(Step("look-alikes", len(products), len(products)))
    return SimilarItemsReport(
        request.out,
        len(products),
        without,
        rows,
        time.perf_counter() - began,
        index.space,
        index.generation,
        index.warnings,
    )


def _about(query: Query, product_id: str) -> Query:
    """The same question about another product."""
    from index.query import Example

    return replace(query, examples=(Example(product_id),))


def _lines(products: Sequence[str], found: Sequence[Sequence[Hit]]) -> list[tuple[object, ...]]:
    """A row for each hit, as ``COLUMNS`` says."""
    return [
        (product, rank, hit.product_id, round(hit.score, 6), hit.photo_id)
        for product, hits in zip(products, found, strict=True)
        for rank, hit in enumerate(hits, 1)
    ]
