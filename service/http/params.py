"""Query parameters that routes share, and the limits that settings put on requests."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from data.errors import UsageError
from service.http.ids import ProductId
from service.http.schemas.base import Diversity, K, MinScore, Seen, Where
from service.requests import Look, SimilarRequest
from service.settings import Settings

MAX_ASPECTS = 32


class SimilarParams(BaseModel):
    """How a search by looks shall answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    k: K = 10
    where: Where | None = None
    aspect: list[Annotated[str, Field(max_length=128)]] = Field(
        default_factory=list,
        max_length=MAX_ASPECTS,
        description="weight of an aspect for this search as `name=weight`; repeat it for several",
        examples=[["colour=2", "shape=1"]],
    )
    diversity: Diversity = 0.0
    min_score: MinScore | None = None
    exclude: list[ProductId] = Field(
        default_factory=list, max_length=1000, description="never answer these products"
    )

    def request(self, examples: tuple[Look, ...], settings: Settings) -> SimilarRequest:
        """The engine's request for some examples. Raises UsageError."""
        return SimilarRequest(
            examples=examples,
            k=within(self.k, settings.max_k, "k"),
            where=self.where,
            aspects=aspects_of(self.aspect),
            diversity=self.diversity,
            exclude=frozenset(self.exclude),
            min_score=self.min_score,
        )


class RecommendParams(BaseModel):
    """How recommendations for a customer shall be made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    k: K = 10
    where: Where | None = None
    why: bool = Field(default=True, description="whether to say the reasons")
    diversity: Diversity | None = None
    seen: Seen = Field(
        default="drop", description="`drop` what the customer already dealt with, or `keep` it"
    )
    category_cap: int | None = Field(
        default=None, ge=1, le=10_000, description="at most so many of one category"
    )
    exclude: list[ProductId] = Field(
        default_factory=list, max_length=1000, description="never answer these products"
    )


SimilarQuery = Annotated[SimilarParams, Query()]
RecommendQuery = Annotated[RecommendParams, Query()]


def within(number: int, limit: int, name: str) -> int:
    """The number, if the service's limit allows it. Raises UsageError."""
    if number > limit:
        raise UsageError(f"{name} is {number}, but this service answers at most {limit}", limit=limit)
    return number


def aspects_of(texts: list[str]) -> dict[str, float] | None:
    """``["colour=2", "shape=1"]`` → weights by name; None for an empty list. Raises UsageError."""
    weights: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.partition("=")
        try:
            weight = float(number)
        except ValueError:
            weight = math.nan
        if not equals or not name.strip() or not math.isfinite(weight) or weight < 0:
            raise UsageError(f"an aspect is given as name=weight with a weight of at least 0, not {text!r}")
        weights[name.strip()] = weight
    return weights or None
