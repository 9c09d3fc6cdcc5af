"""Search by looks: like a product, like a photo, like several examples."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from service.answers import Json
from service.fading import faded, newest_of
from service.http.caching import NOT_MODIFIED, REVALIDATE, Known, is_known, not_modified, question_tag
from service.http.encoding import TheEncoder
from service.http.hops import OneHop
from service.http.ids import ProductPath
from service.http.opened import OpenEngine, TheSettings
from service.http.params import SimilarQuery, within
from service.http.photosearch import search_by_photos
from service.http.routes.failures import UPLOAD, failures
from service.http.schemas.hits import HitsOut, SearchIn
from service.http.schemas.searches import SEARCHES
from service.http.uploads import ONLY_PHOTOS, Photos
from service.requests import Look, SimilarRequest

router = APIRouter(prefix="/v1", tags=["search by looks"], route_class=OneHop)

SearchBody = Annotated[SearchIn, Body(openapi_examples=SEARCHES)]


@router.head("/products/{product_id:path}/similar", response_model=HitsOut, include_in_schema=False)
@router.get(
    "/products/{product_id:path}/similar",
    response_model=HitsOut,
    responses={
        304: NOT_MODIFIED,
        **failures("unknown_product", "empty_shop", "no_vector", "not_ready", "shop_busy", "bad_filter"),
    },
)
def similar_by_id(
    request: Request,
    response: Response,
    product_id: ProductPath,
    query: SimilarQuery,
    engine: OpenEngine,
    settings: TheSettings,
    _: Known = None,
) -> Json | Response:
    """Products that look like one product, best first.

    The product itself is never in the answer; a product with several photos is one hit, with the photo that
    matched. `where` is exact: if k products satisfy it, k are answered. `aspect=colour=2` weighs colour twice
    as much as its share; `aspect=colour=0` asks for the same shape and texture in any colour. For a product
    that is sold out, `where=in_stock` answers look-alikes that are not. The ETag changes with every change of
    the shop that may change the answer, so an answer that is kept is never out of date once it was asked
    about.
    """
    asked = query.request((Look(product_id=product_id),), settings)
    state = engine.search_state()
    tag = question_tag(request, state)
    if is_known(request, tag, anything=False):
        return not_modified(tag, REVALIDATE)
    found = engine.similar(asked)
    if engine.search_state() == state:  # else it changed meanwhile, and nobody knows which one was answered
        response.headers["ETag"] = tag
    response.headers["Cache-Control"] = REVALIDATE
    return found.as_json()


@router.post(
    "/similar",
    response_model=HitsOut,
    responses=failures(
        "forbidden",
        "empty_shop",
        "not_ready",
        "space_mismatch",
        "weights_missing",
        "shop_busy",
        "bad_filter",
        *UPLOAD,
    ),
    dependencies=ONLY_PHOTOS,
)
async def similar_by_photo(
    request: Request,
    photo: Photos,
    query: SimilarQuery,
    engine: OpenEngine,
    settings: TheSettings,
    encoder: TheEncoder,
) -> Json:
    """Products that look like an uploaded photo (several photos: like all of them together).

    Send `multipart/form-data` with the field `photo`. Nothing of the photo is stored. Photos that come at the
    same time are encoded together. When too many are waiting the answer is 503 with `Retry-After`.
    """
    asked = partial(query.request, settings=settings)
    return (await search_by_photos(engine, encoder, request, photo, asked)).as_json()


@router.post(
    "/search",
    response_model=HitsOut,
    responses=failures(
        "forbidden",
        "unknown_product",
        "empty_shop",
        "no_vector",
        "not_ready",
        "shop_busy",
        "bad_filter",
    ),
)
def search(body: SearchBody, engine: OpenEngine, settings: TheSettings) -> Json:
    """Products that look like several weighted examples and unlike the negatives.

    "Like this but cheaper", "in blue" and "in stock" are examples with a `where`; "this dress in that colour"
    is two examples, or one with aspect weights. With `half_life_days` the examples that were looked at lately
    count most.
    """
    within(len(body.examples) + len(body.negatives), settings.max_examples, "the number of examples")
    examples, negatives = _looks(body)
    request = SimilarRequest(
        examples=examples,
        negatives=negatives,
        strategy=body.strategy,
        k=within(body.wanted, settings.max_k, "k"),
        where=body.where,
        aspects=body.aspects or None,
        diversity=body.diversity,
        min_score=body.min_score,
        exclude=frozenset(body.exclude),
        explain=body.explain,
        rules=body.rules,
    )
    return engine.similar(request).as_json()


def _looks(body: SearchIn) -> tuple[tuple[Look, ...], tuple[Look, ...]]:
    """Examples and negatives, the older ones with less weight where the body asks for it."""
    groups = [
        [(Look(product_id=one.product_id, weight=one.weight), one.at) for one in group]
        for group in (body.examples, body.negatives)
    ]
    if body.half_life_days is None:
        examples, negatives = (tuple(look for look, _ in group) for group in groups)
    else:
        newest = newest_of(*groups)
        examples, negatives = (faded(group, body.half_life_days, newest) for group in groups)
    return examples, negatives
