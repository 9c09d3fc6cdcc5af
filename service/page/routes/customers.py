"""Customers: what each did, likes the looks of, is recommended, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from service.http.ids import CustomerPath
from service.http.opened import OpenEngine
from service.page.links import customer_link
from service.page.render import page
from service.page.routes.paging import PageNumber
from service.page.timeline import timeline
from service.requests import RecommendRequest

router = APIRouter()

RECOMMENDATIONS = 24
CUSTOMERS_ON_PAGE = 60
HISTORY = 200
LATELY = 10
OF_A_SOURCE = 10


@router.get("/customers")
def customers(
    request: Request,
    engine: OpenEngine,
    number: PageNumber = 1,
    wanted: Annotated[str, Query(alias="id")] = "",
) -> Response:
    """Customers by id; or, asked for one, on to that customer's page."""
    if wanted.strip():
        return RedirectResponse(customer_link(wanted.strip()), 303)
    listed = engine.customers(CUSTOMERS_ON_PAGE + 1, (number - 1) * CUSTOMERS_ON_PAGE)
    return page(
        request,
        "customers.html",
        customers=listed[:CUSTOMERS_ON_PAGE],
        number=number,
        more=len(listed) > CUSTOMERS_ON_PAGE,
    )


@router.get("/customers/{customer_id:path}")
def customer(request: Request, customer_id: CustomerPath, engine: OpenEngine) -> Response:
    """What a customer did, their tastes, what is recommended and why, and what each source would say."""
    history = engine.history(customer_id)
    shown = history[-HISTORY:]
    answer = engine.recommend(RecommendRequest(customer_id=customer_id, k=RECOMMENDATIONS))
    portrait = engine.portrait(customer_id, OF_A_SOURCE)
    because = {
        reason["because_product_id"]
        for item in answer.items
        for reason in _reasons(item)
        if reason["because_product_id"]
    }
    said = {one for voice in portrait.voices for one in voice.products}
    liked = {one for interest in portrait.interests for one in interest.products}
    cards = engine.cards({one.product_id for one in shown} | because | said | liked)
    days = timeline(shown, cards)
    return page(
        request,
        "customer.html",
        customer_id=customer_id,
        days=days,
        lately=[(day.day, moment) for day in days for moment in day.moments][:LATELY],
        interactions=len(history),
        shown=len(shown),
        answer=answer,
        portrait=portrait,
        recommended={str(item["product_id"]) for item in answer.items},
        cards=cards,
    )


def _reasons(item: dict[str, object]) -> list[dict[str, str | None]]:
    reasons = item.get("reasons")
    return reasons if isinstance(reasons, list) else []
