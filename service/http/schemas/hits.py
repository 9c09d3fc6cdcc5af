"""Searches by looks, and what they answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from service.http.ids import ProductId
from service.http.schemas.base import Diversity, Incoming, K, MinScore, Outgoing, Strategy, Where
from service.http.schemas.products import Card

AspectWeights = Annotated[
    dict[str, Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]],
    Field(
        max_length=32,
        description="weights of aspects for this search (0: ignore it); others keep their default share",
        examples=[{"colour": 2, "shape": 1}],
    ),
]


class Hit(Card):
    """A product that looks like what was asked for."""

    score: float = Field(description="cosine in [-1, 1]; higher is closer", examples=[0.913])
    photo_id: str | None = Field(default=None, description="the photo that matched best")
    aspects: dict[str, float] = Field(
        default_factory=dict,
        description="cosine of each aspect: in what it is alike",
        examples=[{"shape": 0.94, "texture": 0.88, "colour": 0.79}],
    )


class HitsOut(Outgoing):
    """Hits, best first."""

    hits: list[Hit]
    space: str = Field(description="fingerprint of the embedder", examples=["bundled-1a2b3c4d5e6f"])
    generation: int = Field(description="number of the index in use", examples=[7])
    warnings: list[str] = Field(default_factory=list, description="what an operator should know")


class ExampleIn(Incoming):
    """A product whose looks count."""

    product_id: ProductId
    weight: float = Field(
        default=1.0, gt=0, le=1e6, allow_inf_nan=False, description="only proportions matter"
    )


class SearchIn(Incoming):
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
    k: K = 10
    where: Where | None = None
    aspects: AspectWeights = Field(default_factory=dict)
    diversity: Diversity = 0.0
    min_score: MinScore | None = None
    exclude: list[ProductId] = Field(
        default_factory=list, max_length=10_000, description="products that must not be in the answer"
    )
