"""What all bodies share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Where = Annotated[
    str,
    Field(
        max_length=4000,
        description="a filter expression; only products that satisfy it are answered",
        examples=['category = "Dress" and price < 50 and in_stock'],
    ),
]
Diversity = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="0: best first; 1: as different from each other as can be",
    ),
]
MinScore = Annotated[
    Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] | Literal["auto"],
    Field(
        description="leave out hits whose score is below this cosine; `auto`: below the threshold that "
        "`vitrine embedders evaluate` calibrated on the shop's own photos",
        examples=[0.6, "auto"],
    ),
]
K = Annotated[
    int, Field(ge=1, le=10_000, description="how many at most; the service's own limit may be lower")
]
Strategy = Literal["average", "best", "sum"]
Seen = Literal["drop", "keep"]


class Incoming(BaseModel):
    """A request's body. Unknown fields are refused, so that a typing error does not pass silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Outgoing(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(extra="ignore")


class ErrorDetail(Outgoing):
    """What went wrong, for a program and for a person."""

    code: str = Field(description="a stable word for programs", examples=["unknown_product"])
    message: str = Field(
        description="one sentence that says what to do",
        examples=["there is no product 'no such' in the shop"],
    )
    detail: object = Field(default=None, description="further facts, different for each code, or null")


class ErrorAnswer(Outgoing):
    """The one shape of every failure."""

    error: ErrorDetail
