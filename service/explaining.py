"""Why a product is among the hits, in words that JSON carries: photo by photo, aspect by aspect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from service.answers import Json
from service.requests import Look

if TYPE_CHECKING:
    from index.explain import Explanation
    from index.hits import Hit
    from index.query import Query
    from index.view import IndexView

DIGITS = 6


def explanations(
    index: IndexView, query: Query, hits: Sequence[Hit], looks: Sequence[Look]
) -> dict[str, Json]:
    """Product → ``{"explanation": …}`` for hits of a query, whose examples the looks are."""
    found = index.explain(query, hits) if hits else []
    return {
        hit.product_id: {"explanation": _as_json(one, hit, looks)}
        for hit, one in zip(hits, found, strict=True)
    }


def _as_json(found: Explanation, hit: Hit, looks: Sequence[Look]) -> Json:
    product = looks[found.example].product_id
    uploads = [place for place, look in enumerate(looks) if look.product_id is None]
    return {
        "query": {
            "product_id": product,
            "photo_id": found.photo_id,
            "upload": uploads.index(found.example) if product is None else None,
        },
        "photo_id": hit.photo_id,
        "cosine": round(found.cosine, DIGITS),
        "aspects": {
            name: {
                "share": round(one.share, DIGITS),
                "cosine": round(one.cosine, DIGITS),
                "part": round(one.part, DIGITS),
            }
            for name, one in found.aspects.items()
        },
    }
