"""What customers do, and what is recommended to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Depends

from data.records import Interaction
from service.answers import Json
from service.http.caching import never_stored
from service.http.hops import OneHop
from service.http.ids import CustomerPath
from service.http.opened import OpenEngine, TheSettings
from service.http.params import RecommendQuery, within
from service.http.routes.failures import failures
from service.http.schemas.customers import (
    Forgotten,
    InteractionsIn,
    InteractionsOut,
    ItemsOut,
    SeenIn,
    SessionIn,
)
from service.requests import RecommendRequest

router = APIRouter(prefix="/v1", tags=["customers"], dependencies=[Depends(never_stored)], route_class=OneHop)

SESSION = "session"
RECOMMENDATIONS = "recommendations"
FORGOTTEN_NOTE = (
    "every interaction and every row of the log of recommendations is deleted, and evaluation reports name "
    "the customer no more. What the recommender learnt from them (it holds no customer's id) goes when it is "
    "next trained (`vitrine train`); then the database's free space is cleared too. Backups, exported files, "
    "and a database server's own logs are not ours to change. An event of this customer that is sent again "
    "later is stored again"
)


@router.post(
    "/interactions",
    response_model=InteractionsOut,
    response_model_exclude_unset=True,
    responses=failures("forbidden", "unknown_product", "shop_busy"),
)
def interactions(body: InteractionsIn, engine: OpenEngine, settings: TheSettings) -> Json:
    """Store what customers did: all of the batch, or none of it.

    It is on disk when this answers, and counts in the very next recommendation. An event sent twice (the same
    `event_id`; without one: the same customer, product, event and timestamp) is counted once, so a caller
    that got no answer may safely send it again. An `event_id` that another event bears is told in
    `conflicts`; the event that was there first stays. A timestamp that is not given is not compared.
    """
    within(len(body.interactions), settings.max_batch, "the number of interactions")
    now = datetime.now(UTC)
    return engine.add_interactions(
        [
            Interaction(
                customer_id=one.customer_id,
                product_id=one.product_id,
                event=one.event,
                timestamp=one.timestamp or now,
                value=one.value,
                event_id=one.event_id,
            )
            for one in body.interactions
        ],
        {at for at, one in enumerate(body.interactions) if one.timestamp is None},
    )


@router.get(
    "/customers/{customer_id:path}/recommendations",
    response_model=ItemsOut,
    responses=failures("empty_shop", "shop_busy", "bad_filter"),
)
def recommendations(
    customer_id: CustomerPath, query: RecommendQuery, engine: OpenEngine, settings: TheSettings
) -> Json:
    """Products for a customer, best first, each with its reasons.

    A customer without history gets what is popular and new, and `fallback` says so; it is never an error.
    What is answered is logged under its `request_id`, with the positions, unless the service is told not to.
    """
    request = RecommendRequest(
        customer_id=customer_id,
        k=within(query.wanted, settings.max_k, "k"),
        where=query.where,
        exclude=frozenset(query.exclude),
        seen=query.seen,
        diversity=query.diversity,
        category_cap=query.category_cap,
        why=query.why,
        rules=query.rules,
    )
    return engine.recommend(request, RECOMMENDATIONS).as_json()


@router.post(
    "/sessions/recommendations",
    response_model=ItemsOut,
    responses=failures("forbidden", "empty_shop", "shop_busy", "bad_filter"),
)
def session_recommendations(body: SessionIn, engine: OpenEngine, settings: TheSettings) -> Json:
    """Products for a visitor without an account, from what they did in this session.

    Nothing of the visitor is stored. What is answered is logged under its `request_id`, without a customer.
    """
    within(len(body.history), settings.max_batch, "the number of interactions")
    request = RecommendRequest(
        history=_history(body.history),
        k=within(body.wanted, settings.max_k, "k"),
        where=body.where,
        exclude=frozenset(body.exclude),
        seen=body.seen,
        diversity=body.diversity,
        category_cap=body.category_cap,
        why=body.why,
        rules=body.rules,
    )
    return engine.recommend(request, SESSION).as_json()


@router.delete(
    "/customers/{customer_id:path}",
    response_model=Forgotten,
    responses=failures("forbidden", "unknown_customer", "shop_busy"),
)
def forget(customer_id: CustomerPath, engine: OpenEngine) -> Json:
    """Forget a customer: every interaction is deleted, and what the log says was recommended to them.

    `note` says what remains, and until when.
    """
    return {
        "customer_id": customer_id,
        "deleted": engine.forget_customer(customer_id),
        "note": FORGOTTEN_NOTE,
    }


def _history(seen: list[SeenIn]) -> tuple[Interaction, ...]:
    """A session's events, those without a time one second apart up to now, so that their order counts."""
    now = datetime.now(UTC)
    return tuple(
        Interaction(
            customer_id=SESSION,
            product_id=one.product_id,
            event=one.event,
            timestamp=one.timestamp or now - timedelta(seconds=len(seen) - 1 - place),
            value=one.value,
        )
        for place, one in enumerate(seen)
    )
