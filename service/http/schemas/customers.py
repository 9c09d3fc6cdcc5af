"""Interactions, recommendations and forgetting."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from service.http.ids import CustomerId, Id, ProductId
from service.http.schemas.base import (
    CategoryCap,
    Diversity,
    Exclude,
    HowMany,
    Incoming,
    Outgoing,
    Rules,
    Seen,
    Where,
    Why,
    shown,
)
from service.http.schemas.moments import Timestamp
from service.http.schemas.products import Card
from service.http.schemas.rules import RuleMark

Event = Literal["view", "click", "like", "cart", "purchase", "rate", "dislike", "return"]

Value = Annotated[
    float,
    Field(
        ge=-1e9,
        le=1e9,
        allow_inf_nan=False,
        description="for `rate`: 1 to 5 stars; else how much",
        examples=[5],
    ),
]


class InteractionIn(Incoming):
    """One thing a customer did."""

    event_id: (
        Annotated[Id, Field(description="the caller's own id of this event: sent twice, counted once")] | None
    ) = None
    customer_id: CustomerId
    product_id: ProductId
    event: Event
    value: Value | None = None
    timestamp: Timestamp | None = None


class InteractionsIn(Incoming):
    """A batch of interactions: all are stored, or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "interactions": [
                        {
                            "event_id": "e-1",
                            "customer_id": "c-1007",
                            "product_id": "0108775015",
                            "event": "like",
                            "timestamp": "2026-07-01T10:00:00Z",
                        }
                    ]
                }
            ]
        }
    )

    interactions: list[InteractionIn] = Field(min_length=1)


class InteractionsOut(Outgoing):
    """What became of a batch. It is on disk when this arrives."""

    model_config = shown({"stored": 1, "repeated": 0})

    stored: int = Field(description="new ones", examples=[1])
    repeated: int = Field(description="those that were stored before and change nothing", examples=[0])
    conflicts: list[str] = Field(
        default_factory=list,
        description="ids of events that were not stored, as another event bears them; absent if none",
    )


class ReasonOut(Outgoing):
    """Why a product was recommended."""

    source: str = Field(description="where the candidate came from", examples=["looks"])
    share: float = Field(description="this source's part of the score, 0 to 1", examples=[0.62])
    because_product_id: str | None = Field(
        default=None, description="the product of the history it follows from"
    )
    photo_id: str | None = Field(default=None, description="the photo that made the difference")
    text: str = Field(default="", description="the reason as a sentence", examples=["looks like Strap top"])


class Item(Card):
    """A recommended product."""

    score: float = Field(description="higher is better; comparable within one answer only")
    reasons: list[ReasonOut] = Field(default_factory=list)
    rule: RuleMark = None


class ItemsOut(Outgoing):
    """Recommendations, best first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "product_id": "0110065001",
                            "score": 0.83,
                            "title": "Strap top",
                            "category": "Vest top",
                            "price": 9.99,
                            "in_stock": True,
                            "photo_id": "9f86d081884c7d65",
                            "reasons": [
                                {
                                    "source": "looks",
                                    "share": 0.62,
                                    "because_product_id": "0108775015",
                                    "photo_id": "1b4f0e9851971998",
                                    "text": "looks like Vest, which you liked",
                                }
                            ],
                        }
                    ],
                    "fallback": None,
                    "trained": True,
                    "warnings": [],
                    "request_id": "4f3c2a9be1d84b7c9d0e5a6f7b8c9d0e",
                }
            ]
        }
    )

    items: list[Item]
    fallback: str | None = Field(
        default=None, description="null, or the word for why this is not personal", examples=["no_history"]
    )
    trained: bool = Field(default=True, description="false while the default blend is used")
    warnings: list[str] = Field(default_factory=list)
    request_id: str = Field(
        description="of this answer, as the log of recommendations keeps it",
        examples=["4f3c2a9be1d84b7c9d0e5a6f7b8c9d0e"],
    )


class SeenIn(Incoming):
    """One thing a visitor without an account did in this session."""

    product_id: ProductId
    event: Event = "view"
    value: Value | None = None
    timestamp: Timestamp | None = None


class SessionIn(HowMany, Incoming):
    """An anonymous history, oldest first; nothing of it is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"history": [{"product_id": "0108775015", "event": "view"}], "k": 12, "where": "in_stock"}
            ]
        }
    )

    history: list[SeenIn] = Field(description="what the visitor did, oldest first")
    where: Where | None = None
    exclude: Exclude = Field(default_factory=list)
    seen: Seen = "drop"
    diversity: Diversity | None = None
    category_cap: CategoryCap | None = None
    why: Why = True
    rules: Rules = True


class Forgotten(Outgoing):
    """A customer of whom nothing is stored any more."""

    model_config = shown(
        {
            "customer_id": "c-1007",
            "deleted": 17,
            "note": "every interaction is deleted; what was learnt from them goes with the next training",
        }
    )

    customer_id: str = Field(examples=["c-1007"])
    deleted: int = Field(description="how many interactions were deleted", examples=[17])
    note: str = Field(
        description="what remains, and until when",
        examples=["every interaction is deleted; what was learnt from them goes with the next training"],
    )
