"""Searches by looks, and what they answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from data.aspects import LARGEST_WEIGHT
from service.http.ids import ProductId
from service.http.schemas.base import (
    Diversity,
    Exclude,
    HowMany,
    Incoming,
    MinScore,
    Outgoing,
    Rules,
    Strategy,
    Where,
)
from service.http.schemas.moments import Timestamp
from service.http.schemas.products import Card
from service.http.schemas.rules import RuleMark

AspectWeights = Annotated[
    dict[str, Annotated[float, Field(ge=0, le=LARGEST_WEIGHT, allow_inf_nan=False)]],
    Field(
        max_length=32,
        description="weights of aspects for this search (0: ignore it); others keep their default share",
        examples=[{"colour": 2, "shape": 1}],
    ),
]


Explain = Annotated[
    bool,
    Field(
        description="whether hits say which photos matched, and each aspect's part of the score",
        examples=[True],
    ),
]


class AspectPart(Outgoing):
    """One aspect of a score."""

    share: float = Field(description="how much it counts in this search; all shares add up to 1")
    cosine: float = Field(description="how alike the hit's photo is in this aspect")
    part: float = Field(description="what it adds to the score (share times cosine for an `average`)")


class QueryPhoto(Outgoing):
    """A photo that was asked with: of a product, or an upload."""

    product_id: str | None = Field(default=None, description="the example, if it was a product")
    photo_id: str | None = Field(default=None, description="its photo")
    upload: int | None = Field(default=None, description="which of the uploads, from 0")


class ExplanationOut(Outgoing):
    """Why a hit has its score."""

    query: QueryPhoto = Field(description="the photo of the examples that is closest")
    photo_id: str = Field(description="the photo of the hit that matched")
    cosine: float = Field(description="between these two photos, under this search's weights")
    aspects: dict[str, AspectPart] = Field(
        description="by name; the parts add up to the score",
        examples=[{"shape": {"share": 0.6, "cosine": 0.94, "part": 0.564}}],
    )


class Hit(Card):
    """A product that looks like what was asked for."""

    score: float = Field(description="cosine in [-1, 1]; higher is closer", examples=[0.913])
    photo_id: str | None = Field(default=None, description="the photo that matched best")
    aspects: dict[str, float] = Field(
        default_factory=dict,
        description="cosine of each aspect: in what it is alike",
        examples=[{"shape": 0.94, "texture": 0.88, "colour": 0.79}],
    )
    explanation: ExplanationOut | None = Field(default=None, description="why, where `explain` asks for it")
    rule: RuleMark = None


class HitsOut(Outgoing):
    """Hits, best first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "hits": [
                        {
                            "product_id": "0110065001",
                            "score": 0.913,
                            "photo_id": "9f86d081884c7d65",
                            "title": "Strap top",
                            "category": "Vest top",
                            "price": 9.99,
                            "in_stock": True,
                            "aspects": {"shape": 0.94, "texture": 0.88, "colour": 0.79},
                            "explanation": None,
                        }
                    ],
                    "space": "bundled-1a2b3c4d5e6f",
                    "generation": 7,
                    "warnings": [],
                }
            ]
        }
    )

    hits: list[Hit]
    space: str = Field(description="fingerprint of the embedder", examples=["bundled-1a2b3c4d5e6f"])
    generation: int = Field(description="number of the index in use", examples=[7])
    warnings: list[str] = Field(default_factory=list, description="what an operator should know")


class ExampleIn(Incoming):
    """A product whose looks count."""

    product_id: ProductId
    weight: float = Field(
        default=1.0, ge=1e-6, le=1e6, allow_inf_nan=False, description="only proportions matter"
    )
    at: Timestamp | None = Field(
        default=None,
        description="when this was looked at; needed with `half_life_days`, otherwise without effect",
    )


class SearchIn(HowMany, Incoming):
    """A search by examples."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "examples": [{"product_id": "0108775015"}, {"product_id": "0110065001", "weight": 0.5}],
                    "negatives": [{"product_id": "0111565001"}],
                    "strategy": "average",
                    "k": 12,
                    "where": 'category = "Dress" and price < 50',
                    "aspects": {"colour": 2},
                    "diversity": 0.2,
                }
            ]
        }
    )

    examples: list[ExampleIn] = Field(min_length=1, description="what the hits shall resemble")
    negatives: list[ExampleIn] = Field(default_factory=list, description="what they shall not resemble")
    strategy: Strategy = Field(
        default="average",
        description="`average` of the examples, `best` (the closest example counts), or `sum` of scores",
    )
    half_life_days: float | None = Field(
        default=None,
        ge=0.001,
        le=36_500,
        allow_inf_nan=False,
        description="days of age that halve an example's weight, counted back from the newest example; every "
        "example and negative then needs its `at`",
        examples=[30],
    )
    where: Where | None = None
    aspects: AspectWeights = Field(default_factory=dict)
    diversity: Diversity = 0.0
    min_score: MinScore | None = None
    exclude: Exclude = Field(default_factory=list)
    explain: Explain = False
    rules: Rules = True
