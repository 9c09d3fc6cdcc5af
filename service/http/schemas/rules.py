"""Rules of merchandisers: what is pinned, blocked and boosted, and the history of that."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from data.rules import LARGEST_FACTOR, LARGEST_PLUS, LAST_POSITION, LONGEST_CATEGORY, LONGEST_NOTE
from service.http.ids import ID_PATTERN, ProductId
from service.http.schemas.base import WHOLE, Incoming, Outgoing, shown
from service.http.schemas.moments import Timestamp

Action = Literal["pin", "block", "boost"]
Surface = Literal["similar", "recommendations", "both"]
LARGEST_NUMBER = 2**53
"""Whole numbers up to this one are exact in every JSON reader."""

CategoryName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_CATEGORY,
        pattern=ID_PATTERN,
        description="a category of the shop, spelled as in the catalogue",
        examples=["Vest top"],
    ),
]


class RuleIn(Incoming):
    """A rule to order: one product, one action, and where it holds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "action": "pin",
                    "product_id": "0110065001",
                    "query_product_id": "0108775015",
                    "surface": "similar",
                    "position": 1,
                    "ends": "2099-07-01T00:00:00Z",
                    "note": "new season first",
                }
            ]
        }
    )

    action: Action = Field(description="`pin` at a position, `block`, or `boost`")
    product_id: ProductId
    query_product_id: ProductId | None = Field(
        default=None, description="only where this product is asked about, or was dealt with last"
    )
    query_category: CategoryName | None = Field(
        default=None, description="only where a product of this category is; neither of the two: everywhere"
    )
    surface: Surface = Field(default="both", description="in look-alikes (`similar`), recommendations, both")
    position: Annotated[int, Field(ge=1, le=LAST_POSITION), WHOLE] | None = Field(
        default=None, description="of a pin, from 1"
    )
    factor: float | None = Field(
        default=None,
        gt=0,
        le=LARGEST_FACTOR,
        allow_inf_nan=False,
        description="of a boost: what the score is multiplied by for ordering",
    )
    plus: float | None = Field(
        default=None,
        ge=-LARGEST_PLUS,
        le=LARGEST_PLUS,
        allow_inf_nan=False,
        description="of a boost, instead: what is added; a cosine, or a share of the best score",
    )
    starts: Timestamp | None = Field(default=None, description="from this moment on; null: at once")
    ends: Timestamp | None = Field(default=None, description="up to this moment; null: for ever")
    note: str = Field(
        default="", max_length=LONGEST_NOTE, description="why, for colleagues", examples=["new season first"]
    )


class TermsOut(Outgoing):
    """The words of a rule."""

    action: Action
    product_id: str = Field(examples=["0110065001"])
    query_product_id: str | None = None
    query_category: str | None = None
    surface: Surface
    position: int | None = None
    factor: float | None = None
    plus: float | None = None
    starts: str | None = Field(default=None, description="ISO 8601, UTC")
    ends: str | None = Field(default=None, description="ISO 8601, UTC")
    note: str = ""


_TERMS: dict[str, object] = {
    "action": "pin",
    "product_id": "0110065001",
    "query_product_id": "0108775015",
    "query_category": None,
    "surface": "similar",
    "position": 1,
    "factor": None,
    "plus": None,
    "starts": None,
    "ends": "2099-07-01T00:00:00+00:00",
    "note": "new season first",
}
_RULE: dict[str, object] = {
    **_TERMS,
    "rule_id": 3,
    "state": "in_force",
    "overruled_by": None,
    "who": "local",
    "at": "2026-07-01T10:00:00+00:00",
    "change_id": 3,
}
_CHANGE: dict[str, object] = {
    "change_id": 4,
    "rule_id": 3,
    "kind": "remove",
    "who": "local",
    "at": "2026-07-02T10:00:00+00:00",
    "undoes": None,
    "undone": False,
    "terms": _TERMS,
}


class RuleOut(TermsOut):
    """A rule that was not taken back."""

    rule_id: int = Field(examples=[3])
    state: Literal["in_force", "waiting", "over"] = Field(description="by its start and its end")
    overruled_by: int | None = Field(
        default=None, description="the later pin that has its position while both hold"
    )
    who: str = Field(description="the name of the key that ordered it, or `local`", examples=["local"])
    at: str = Field(description="when; ISO 8601, UTC")
    change_id: int = Field(description="the entry of the history to undo", examples=[3])


class RulesOut(Outgoing):
    """Rules, oldest first."""

    model_config = shown({"rules": [_RULE]})

    rules: list[RuleOut]


class RuleAdded(Outgoing):
    """A rule that holds from the very next answer on."""

    model_config = shown({"rule": _RULE, "overrules": [], "warnings": []})

    rule: RuleOut
    overrules: list[int] = Field(description="earlier pins on the same position of the same answers")
    warnings: list[str] = Field(description="what stands in its way, in words")


class RuleChangeOut(Outgoing):
    """An entry of the history."""

    model_config = shown(_CHANGE)

    change_id: int = Field(examples=[4])
    rule_id: int = Field(examples=[3])
    kind: Literal["add", "remove"]
    who: str = Field(examples=["local"])
    at: str = Field(description="ISO 8601, UTC")
    undoes: int | None = Field(default=None, description="the change that this one reverts")
    undone: bool = Field(description="whether a later change reverts it")
    terms: TermsOut


class RuleHistoryOut(Outgoing):
    """Changes, the newest first. next: what to send as `before` for the ones that follow; null at the end."""

    model_config = shown({"changes": [_CHANGE], "next": None})

    changes: list[RuleChangeOut]
    next: int | None = None


class UndoIn(Incoming):
    """Which change to revert."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"change_id": 3}]})

    change_id: Annotated[int, Field(ge=1, le=LARGEST_NUMBER), WHOLE] | None = Field(
        default=None, description="null: the last change that was not undone"
    )


class RuleOn(Outgoing):
    """The rule that moved a product in this answer. Its score is what it was without the rule."""

    rule_id: int = Field(examples=[3])
    action: Action
    scope: str = Field(description="`everywhere`, or `product …` or `category …`", examples=["everywhere"])
    position: int | None = None
    factor: float | None = None
    plus: float | None = None
    ordered_by: float | None = Field(default=None, description="of a boost: what it was ordered by")


RuleMark = Annotated[
    RuleOn | None,
    Field(description="absent, or the rule that moved this product", exclude_if=lambda rule: rule is None),
]
