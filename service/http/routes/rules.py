"""Rules of merchandisers: products pinned, blocked and boosted; every change can be undone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from data.rules import Terms
from service.answers import Json
from service.http.hops import OneHop
from service.http.ids import ProductId
from service.http.opened import OpenEngine
from service.http.routes.failures import failures
from service.http.schemas.rules import (
    LARGEST_NUMBER,
    CategoryName,
    RuleAdded,
    RuleChangeOut,
    RuleHistoryOut,
    RuleIn,
    RulesOut,
    UndoIn,
)
from service.http.who import Who
from service.ruling import MOST_CHANGES

router = APIRouter(prefix="/v1/rules", tags=["merchandising"], route_class=OneHop)

RuleNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="the rule's number", examples=[3])]
Product = Annotated[ProductId | None, Query(description="only rules that are for this product or move it")]
Category = Annotated[CategoryName | None, Query(description="only rules for this category")]
Limit = Annotated[int, Query(ge=1, le=MOST_CHANGES, description="how many changes at most", examples=[20])]
Before = Annotated[
    int | None,
    Query(ge=1, le=LARGEST_NUMBER, description="only changes with a smaller number", examples=[40]),
]


@router.get("", response_model=RulesOut, responses=failures())
def rules(engine: OpenEngine, product: Product = None, category: Category = None) -> Json:
    """The rules that were not taken back, oldest first, with their states.

    `product` and `category` select; with both, a rule that fits either is listed.
    """
    return {"rules": engine.rules(product, category)}


@router.post("", response_model=RuleAdded, status_code=201, responses=failures(403, 404, 409))
def add_rule(body: RuleIn, engine: OpenEngine, who: Who) -> Json:
    """Order a rule. It is on disk when this answers, and holds in the next answer of every process.

    Of two pins on one position the later wins, and `overrules` names the earlier one. A rule for a product
    that the shop does not have, for the product itself, or that ends before it starts is refused.
    """
    return engine.add_rule(Terms(**body.model_dump()), who)


@router.get("/history", response_model=RuleHistoryOut, responses=failures())
def rule_history(engine: OpenEngine, limit: Limit = 100, before: Before = None) -> Json:
    """Every change of the rules with who made it and when, the newest first."""
    found = engine.rule_history(limit + 1, before)
    shown = found[:limit]
    return {"changes": shown, "next": shown[-1]["change_id"] if len(found) > limit else None}


@router.post("/undo", response_model=RuleChangeOut, responses=failures(403, 404, 409))
def undo_rule(body: UndoIn, engine: OpenEngine, who: Who) -> Json:
    """Revert a change: the last one that was not undone, or a given one. That is a new entry of the history.

    An undo is a change too, and can be undone by its number.
    """
    return engine.undo_rule(who, body.change_id)


@router.delete("/{rule_id:int}", response_model=RuleChangeOut, responses=failures(403, 404, 409))
def remove_rule(rule_id: RuleNumber, engine: OpenEngine, who: Who) -> Json:
    """Take a rule back. It stays in the history, and undoing this change puts it in force again."""
    return engine.remove_rule(rule_id, who)
