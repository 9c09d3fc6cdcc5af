"""Similar items: from a request with products and photos to hits with what a person wants to know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.errors import SpaceMismatch
from service import ruled_hits
from service.answers import Json, SimilarAnswer
from service.browsing import TRIES, as_card
from service.explaining import explanations
from service.filtering import filter_of
from service.lookalikes import least_score, nothing_alike
from service.merchandising import Plan
from service.parts import Parts
from service.requests import Encoded, Look, SimilarRequest
from service.rulebook import SIMILAR, plan_for
from service.stages import stage

if TYPE_CHECKING:
    from index.hits import Hit
    from index.query import Example, Query
    from index.view import IndexView


def similar(parts: Parts, request: SimilarRequest) -> SimilarAnswer:
    """Products that look like the examples, best first; never one of the example products."""
    for _ in range(TRIES):
        answer, whole = _answer(parts, request)
        if whole:
            break
    return answer


def _answer(parts: Parts, request: SimilarRequest) -> tuple[SimilarAnswer, bool]:
    """The answer of one view, and whether the shop still has all of it: a product may be deleted just after
    it was found, and its place is another's then.
    """
    index = parts.index().pinned()  # one view for all of the answer: it never mixes spaces
    query = query_of(parts, index, request)
    asked = [look.product_id for look in request.examples if look.product_id is not None]
    plan = plan_for(parts.shop, SIMILAR, lambda: asked) if request.rules else Plan()
    with stage("search"):
        found = ruled_hits.search(index, query, plan)
    more = dict(found.rules)
    if request.explain:
        for product, why in explanations(index, query, found.hits, request.examples).items():
            more[product] = {**more.get(product, {}), **why}
    answer = SimilarAnswer(
        hits=_described(parts, found.hits, more),
        space=index.space,
        generation=index.generation,
        warnings=(*index.warnings, *_nothing(index, query, found.hits), *found.warnings),
    )
    return answer, len(answer.hits) == len(found.hits)


def query_of(parts: Parts, index: IndexView, request: SimilarRequest) -> Query:
    """What a request asks of a view. Raises NotReady, UsageError, BadFilter, BadPhoto, SpaceMismatch."""
    from index.query import Query

    least = least_score(parts.shop, index.space, index.layout, request)
    return Query(
        examples=_examples(parts, index, request.examples),
        negatives=_examples(parts, index, request.negatives),
        strategy=request.strategy,
        k=request.k,
        where=filter_of(request.where),
        aspects=dict(request.aspects) if request.aspects else None,
        diversity=request.diversity,
        exclude=request.exclude,
        min_score=least,
        near_duplicates=request.near_duplicates,
    )


def _nothing(index: IndexView, query: Query, hits: Sequence[Hit]) -> tuple[str, ...]:
    """A warning where there are products, but each of them stays below the least score."""
    if hits or query.min_score is None:
        return ()
    best = index.search(replace(query, k=1, min_score=None, diversity=0.0, explain_aspects=False))
    if not best:
        return ()
    return (nothing_alike(best[0].score, query.min_score, filtered=query.where is not None),)


def _examples(parts: Parts, index: IndexView, looks: Sequence[Look]) -> tuple[Example, ...]:
    from index.query import Example

    return tuple(
        Example(product_id=look.product_id, weight=look.weight)
        if look.product_id is not None
        else Example(vector=photo_vector(parts, index, look), weight=look.weight, space=index.space)
        for look in looks
    )


def photo_vector(parts: Parts, index: IndexView, look: Look) -> NDArray[np.float32]:
    """The vector (d,) of a photo from outside, in the index's space. Raises BadPhoto, SpaceMismatch."""
    if look.encoded is not None:
        return _scaled(index, look.encoded)
    if look.photo is None:
        raise TypeError("a look without a photo has no photo's vector")
    embedder = parts.embedder(index.space)
    blocks = embedder.encode(embedder.prepare(look.photo)[None])
    vector: NDArray[np.float32] = embedder.layout.scale(blocks)[0]
    return vector


def _scaled(index: IndexView, photo: Encoded) -> NDArray[np.float32]:
    if photo.space != index.space:
        raise SpaceMismatch(
            f"the photo was encoded in space {photo.space}, but the shop searches {index.space} now; "
            "encode it again",
            shop=index.space,
            embedder=photo.space,
        )
    vector: NDArray[np.float32] = index.layout.scale(photo.blocks[None])[0]
    return vector


def _described(parts: Parts, hits: Sequence[Hit], more: Mapping[str, Json]) -> list[Json]:
    cards = parts.shop.cards([hit.product_id for hit in hits])
    return [
        {
            "product_id": hit.product_id,
            "score": round(float(hit.score), 6),
            "photo_id": hit.photo_id,
            **as_card(cards[hit.product_id]),
            "aspects": {name: round(float(c), 4) for name, c in (hit.aspects or {}).items()},
            **more.get(hit.product_id, {}),
        }
        for hit in hits
        if hit.product_id in cards
    ]
