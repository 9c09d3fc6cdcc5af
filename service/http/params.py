"""Query parameters that routes share, and the limits that settings put on requests."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import Query
from pydantic import Field

from data.errors import UsageError
from service.http.schemas.base import (
    CategoryCap,
    Diversity,
    Exclude,
    HowMany,
    MinScore,
    Rules,
    Seen,
    Where,
    Why,
)
from service.http.schemas.hits import Explain
from service.requests import Look, SimilarRequest
from service.settings import Settings

MAX_ASPECTS = 32


class SimilarParams(HowMany):
    """How a search by looks shall answer."""

    where: Where | None = None
    aspect: list[Annotated[str, Field(max_length=128)]] = Field(
        default_factory=list,
        max_length=MAX_ASPECTS,
        description="weight of an aspect for this search as `name=weight`; repeat it for several",
        examples=[["colour=2", "shape=1"]],
    )
    diversity: Diversity = 0.0
    min_score: MinScore | None = None
    exclude: Exclude = Field(default_factory=list)
    explain: Explain = False
    rules: Rules = True

    def request(self, examples: tuple[Look, ...], settings: Settings) -> SimilarRequest:
        """The engine's request for some examples. Raises UsageError."""
        return SimilarRequest(
            examples=examples,
            k=within(self.wanted, settings.max_k, "k"),
            where=self.where,
            aspects=aspects_of(self.aspect),
            diversity=self.diversity,
            exclude=frozenset(self.exclude),
            min_score=self.min_score,
            explain=self.explain,
            rules=self.rules,
        )


class RecommendParams(HowMany):
    """How recommendations for a customer shall be made."""

    where: Where | None = None
    why: Why = True
    diversity: Diversity | None = None
    seen: Seen = "drop"
    category_cap: CategoryCap | None = None
    exclude: Exclude = Field(default_factory=list)
    rules: Rules = True


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
        if not equals or not name.strip() or math.isnan(weight) or weight < 0:
            raise UsageError(f"an aspect is given as name=weight with a weight of at least 0, not {text!r}")
        weights[name.strip()] = weight
    return weights or None
