"""Rules of merchandisers on the page: all of them with their history, ordered and undone by plain forms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from service.http.opened import OpenEngine
from service.http.who import Who
from service.page.render import page
from service.page.ruled import RuleForm, UndoForm, inside, lines

router = APIRouter()

CHANGES = 200
ANCHOR = "#rules"


@router.get("/rules")
def rules(request: Request, engine: OpenEngine) -> Response:
    """All rules, and what was changed when by whom."""
    return page(
        request,
        "all_rules.html",
        rules=lines(engine, reversed(engine.rules())),
        changes=lines(engine, engine.rule_history(CHANGES)),
    )


@router.post("/rules")
def order(form: Annotated[RuleForm, Form()], engine: OpenEngine, who: Who) -> Response:
    """Order a rule, and go back to where its button was pressed."""
    engine.add_rule(form.terms(), who)
    return RedirectResponse(inside(form.back) + ANCHOR, 303)


@router.post("/rules/undo")
def undo(form: Annotated[UndoForm, Form()], engine: OpenEngine, who: Who) -> Response:
    """Revert a change of the rules, the last one if none is named."""
    engine.undo_rule(who, form.change_id)
    return RedirectResponse(inside(form.back) + ANCHOR, 303)
