"""Recommendations: from a request to items with titles, photos and reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.where import parse
from service.answers import Json, RecommendAnswer
from service.browsing import cards
from service.parts import Parts
from service.requests import RecommendRequest

if TYPE_CHECKING:
    from recommender.recommender import Reason, Recommendation


def recommend(parts: Parts, request: RecommendRequest) -> RecommendAnswer:
    """Products for a customer or an anonymous history, best first."""
    from recommender.recommender import Request

    recommender = parts.recommender()
    asked = Request(
        customer_id=request.customer_id,
        history=request.history,
        k=request.k,
        where=parse(request.where) if request.where and request.where.strip() else None,
        exclude=request.exclude,
        seen=request.seen,
        diversity=request.diversity,
        category_cap=request.category_cap,
        why=request.why,
    )
    answer = recommender.recommend(asked)
    shown = cards(parts, [item.product_id for item in answer.items])
    return RecommendAnswer(
        items=[_item(item, shown.get(item.product_id, {})) for item in answer.items],
        fallback=answer.fallback,
        trained=recommender.trained,
        warnings=(*parts.index().warnings, *answer.warnings),
    )


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
