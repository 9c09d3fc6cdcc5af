"""Recommendations: from a request to items with titles, photos and reasons, and to rows of the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from data.ids import storable
from data.shown import Shown
from service import ruled_items
from service.answers import Json, RecommendAnswer
from service.browsing import TRIES, cards
from service.filtering import filter_of
from service.merchandising import Plan
from service.parts import Parts
from service.requests import RecommendRequest
from service.rulebook import RECOMMENDATIONS, plan_for, rule_json
from service.ruled_items import Draw
from service.stages import stage

if TYPE_CHECKING:
    from recommender.portrait import Portrait
    from recommender.recommender import Reason, Recommendation, Request

RULED = "+rules"
"""Ends the policy in the log of an answer for which there were rules."""


def recommend(parts: Parts, request: RecommendRequest, surface: str | None = None) -> RecommendAnswer:
    """Products for a customer or an anonymous history, best first.

    surface: where they are shown. With one, and where the shop logs, they go to the log, and the answer may
    be one of those that are shuffled to explore.
    """
    if request.model is not None:
        return _by_model(parts, request, request.model)
    log = parts.log if surface is not None else None
    draw = Draw(0.0 if log is None else log.settings.explore, uuid4().hex)
    serving, plan = parts.serving(), _plan(parts, request) if request.rules else Plan()
    for _ in range(TRIES):
        with stage("rank"):
            found = ruled_items.recommend(serving.recommender, _asked(request, request.k), plan, draw)
        known = cards(parts, [spot.product_id for spot in found.spots])
        if all(spot.product_id in known for spot in found.spots):
            break  # else one was deleted just after it was found, and its place is another's
    warnings = (*found.warnings, *ruled_items.not_followed(parts, request, found, plan))
    own = () if serving.warning is None else (serving.warning,)
    answer = RecommendAnswer(
        items=[
            _item(found.items[spot.product_id], known.get(spot.product_id, {})) | rule_json(spot)
            for spot in found.spots
        ],
        fallback=found.fallback,
        trained=serving.recommender.trained,
        warnings=(*parts.catalogue().warnings, *own, *warnings),
        request_id=draw.key,
    )
    if log is not None and surface is not None:
        policy = serving.policy + (RULED if plan else "")
        log.put(_rows(answer, found.propensities, policy, surface, request.customer_id))
    return answer


def _plan(parts: Parts, request: RecommendRequest) -> Plan:
    """The rules for a request; what is asked about is the product that the customer dealt with last."""

    def asked() -> list[str]:
        known = request.history
        if known is None and request.customer_id is not None:
            known = parts.shop.history(request.customer_id, 1)
        return [event.product_id for event in (known or ())[-1:]]

    return plan_for(parts.shop, RECOMMENDATIONS, asked)


def portrait(parts: Parts, customer_id: str, each: int) -> Portrait:
    """A customer's interests, and what each source would recommend alone, at most ``each`` products."""
    from recommender.recommender import Request

    return parts.serving().recommender.portrait(Request(customer_id=customer_id), each)


def _by_model(parts: Parts, request: RecommendRequest, name: str) -> RecommendAnswer:
    """What a single trained model would say."""
    from recommender.single import recommend_by

    found = recommend_by(parts.shop, parts.catalogue(), name, _asked(request, request.k))
    known = cards(parts, [item.product_id for item in found.items])
    return RecommendAnswer(
        items=[_item(item, known.get(item.product_id, {})) for item in found.items],
        fallback=found.fallback,
        trained=True,
        warnings=(*parts.catalogue().warnings, *found.warnings),
        request_id=uuid4().hex,
    )


def _asked(request: RecommendRequest, k: int) -> Request:
    from recommender.recommender import Request

    return Request(
        customer_id=request.customer_id,
        history=request.history,
        k=k,
        where=filter_of(request.where),
        exclude=request.exclude,
        seen=request.seen,
        diversity=request.diversity,
        category_cap=request.category_cap,
        why=request.why,
    )


def _rows(
    answer: RecommendAnswer, propensities: Sequence[float], policy: str, surface: str, customer_id: str | None
) -> list[Shown]:
    """An answer as the log keeps it; a customer id that no database can hold has no history to join."""
    now = datetime.now(UTC)
    return [
        Shown(
            request_id=answer.request_id,
            timestamp=now,
            surface=surface,
            position=position,
            product_id=str(item["product_id"]),
            score=float(str(item["score"])),
            propensity=propensity,
            policy=policy,
            customer_id=customer_id if customer_id is not None and storable(customer_id) else None,
            fallback=answer.fallback,
        )
        for position, (item, propensity) in enumerate(zip(answer.items, propensities, strict=True), 1)
    ]


def _item(item: Recommendation, card: Json) -> Json:
    return {
        **card,
        "product_id": item.product_id,
        "score": round(float(item.score), 6),
        "reasons": [_reason(r) for r in item.reasons],
    }


def _reason(reason: Reason) -> Json:
    return {
        "source": reason.source,
        "share": round(float(reason.share), 4),
        "because_product_id": reason.because_product_id,
        "photo_id": reason.photo_id,
        "text": reason.text,
    }
