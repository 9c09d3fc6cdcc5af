"""What all bodies share."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from data.where import LONGEST_FILTER
from service.http.ids import ProductId

Where = Annotated[
    str,
    Field(
        max_length=LONGEST_FILTER,
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
        examples=[0.2],
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


def _whole(value: object) -> object:
    """A number such as 3.0 is a whole one in JSON, whose schema knows no other."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""To be the last of an annotation, after the limits: they would not be in the schema otherwise."""
K = Annotated[
    int,
    Field(
        ge=1,
        le=10_000,
        description="how many at most; the service's own limit may be lower",
        examples=[12],
    ),
    WHOLE,
]
Exclude = Annotated[
    list[ProductId],
    Field(
        max_length=1000,  # as many as an address can carry
        description="products that must not be in the answer",
        examples=[["0110065001"]],
    ),
]
CategoryCap = Annotated[
    int,
    Field(ge=1, le=10_000, description="at most so many of one category", examples=[3]),
    WHOLE,
]
Rules = Annotated[
    bool,
    Field(description="false: as if nothing were pinned, blocked or boosted by hand", examples=[True]),
]
Strategy = Literal["average", "best", "sum"]
Seen = Annotated[
    Literal["drop", "keep"],
    Field(
        description="`drop` what the customer already dealt with, or `keep` it",
        examples=["drop"],
    ),
]
Why = Annotated[bool, Field(description="whether to say the reasons", examples=[True])]


class Incoming(BaseModel):
    """A request's body. Unknown fields are refused, so that a typing error does not pass silently; so is
    anything of another type than the schema says (``0`` for false, ``"3"`` for 3).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class HowMany(BaseModel):
    """What every request for a list of hits or recommendations has: how many. In a body and in a query."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    k: K = 10
    limit: K | None = Field(default=None, description="another name of `k`; give one of the two")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.limit is not None and "k" in self.model_fields_set and self.k != self.limit:
            raise ValueError("k and limit are two names of one number: give one of them")
        return self

    @property
    def wanted(self) -> int:
        """The number, by whichever name it came."""
        return self.k if self.limit is None else self.limit


class Outgoing(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(extra="ignore")


def shown(*examples: dict[str, object]) -> ConfigDict:
    """The ``model_config`` of a body with examples for the documentation."""
    told: dict[str, Any] = {"examples": list(examples)}
    return ConfigDict(json_schema_extra=told)


class ErrorDetail(Outgoing):
    """What went wrong, for a program and for a person."""

    code: str = Field(description="a stable word for programs", examples=["unknown_product"])
    message: str = Field(
        description="one sentence that says what to do",
        examples=["there is no product 'no such' in the shop"],
    )
    detail: object = Field(default=None, description="further facts, different for each code, or null")
    request_id: str = Field(
        description="the number of the request, as in `X-Request-ID` and in the service's log",
        examples=["5f2b7d0c9a8e4b1f8c3d6e7a9b0c1d2e"],
    )


class ErrorAnswer(Outgoing):
    """The one shape of every failure."""

    error: ErrorDetail
