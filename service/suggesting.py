"""Recommendations: from a request to items with titles, photos and reasons, and to rows of the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from data.ids import storable
from data.shown import Shown
from data.where import parse
from service.answers import Json, RecommendAnswer
from service.browsing import cards
from service.parts import Parts
from service.requests import RecommendRequest

if TYPE_CHECKING:
    from recommender.recommender import Reason, Recommendation, Request


def recommend(parts: Parts, request: RecommendRequest, surface: str | None = None) -> RecommendAnswer:
    """Products for a customer or an anonymous history, best first.

    surface: where they are shown. With one, and where the shop logs, they go to the log, and the answer may
    be one of those that are shuffled to explore.
    """
    if request.model is not None:
        return _by_model(parts, request, request.model)
    from recommender.exploration import pool_size, shown_order

    log = parts.log if surface is not None else None
    explore = 0.0 if log is None else log.settings.explore
    serving, request_id = parts.serving(), uuid4().hex
    found = serving.recommender.recommend(_asked(request, pool_size(request.k, explore)))
    order, propensities = shown_order(len(found.items), request.k, explore, request_id)
    items = [found.items[place] for place in order]
    known = cards(parts, [item.product_id for item in items])
    own = () if serving.warning is None else (serving.warning,)
    answer = RecommendAnswer(
        items=[_item(item, known.get(item.product_id, {})) for item in items],
        fallback=found.fallback,
        trained=serving.recommender.trained,
        warnings=(*parts.index().warnings, *own, *found.warnings),
        request_id=request_id,
    )
    if log is not None and surface is not None:
        log.put(_rows(answer, propensities.tolist(), serving.policy, surface, request.customer_id))
    return answer


def _by_model(parts: Parts, request: RecommendRequest, name: str) -> RecommendAnswer:
    """What a single trained model would say."""
    from recommender.single import recommend_by

    found = recommend_by(parts.shop, parts.index(), name, _asked(request, request.k))
    known = cards(parts, [item.product_id for item in found.items])
    return RecommendAnswer(
        items=[_item(item, known.get(item.product_id, {})) for item in found.items],
        fallback=found.fallback,
        trained=True,
        warnings=(*parts.index().warnings, *found.warnings),
        request_id=uuid4().hex,
    )


def _asked(request: RecommendRequest, k: int) -> Request:
    from recommender.recommender import Request

    return Request(
        customer_id=request.customer_id,
        history=request.history,
        k=k,
        where=parse(request.where) if request.where and request.where.strip() else None,
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
