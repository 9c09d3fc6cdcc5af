"""Search by looks: like a product, like a photo, like several examples."""

from __future__ import annotations

from fastapi import APIRouter

from service.answers import Json
from service.http.gate import TheGate
from service.http.ids import ProductPath
from service.http.opened import OpenEngine, TheSettings
from service.http.params import SimilarQuery, within
from service.http.routes.failures import failures
from service.http.schemas.hits import ExampleIn, HitsOut, SearchIn
from service.http.uploads import Photos, read_photo
from service.requests import Look, SimilarRequest

router = APIRouter(prefix="/v1", tags=["search by looks"])


@router.get("/products/{product_id:path}/similar", response_model=HitsOut, responses=failures(404, 409))
def similar_by_id(
    product_id: ProductPath, query: SimilarQuery, engine: OpenEngine, settings: TheSettings
) -> Json:
    """Products that look like one product, best first.

    The product itself is never in the answer; a product with several photos is one hit, with the photo that
    matched. `where` is exact: if k products satisfy it, k are answered. `aspect=colour=2` weighs colour twice
    as much as its share; `aspect=colour=0` asks for the same shape and texture in any colour.
    """
    return engine.similar(query.request((Look(product_id=product_id),), settings)).as_json()


@router.post("/similar", response_model=HitsOut, responses=failures(409, 413))
def similar_by_photo(
    photo: Photos, query: SimilarQuery, engine: OpenEngine, settings: TheSettings, gate: TheGate
) -> Json:
    """Products that look like an uploaded photo (several photos: like all of them together).

    Send `multipart/form-data` with the field `photo`. Nothing of the photo is stored. When too many photos
    are waiting to be encoded the answer is 503 with `Retry-After`.
    """
    with gate.enter():
        looks = tuple(Look(photo=read_photo(one, settings), name="upload") for one in photo)
        return engine.similar(query.request(looks, settings)).as_json()


@router.post("/search", response_model=HitsOut, responses=failures(404, 409))
def search(body: SearchIn, engine: OpenEngine, settings: TheSettings) -> Json:
    """Products that look like several weighted examples and unlike the negatives.

    "Like this but cheaper" and "like this, in stock" are examples with a `where`; "this dress in that colour"
    is two examples, or one with aspect weights.
    """
    within(len(body.examples) + len(body.negatives), settings.max_examples, "the number of examples")
    request = SimilarRequest(
        examples=_looks(body.examples),
        negatives=_looks(body.negatives),
        strategy=body.strategy,
        k=within(body.k, settings.max_k, "k"),
        where=body.where,
        aspects=body.aspects or None,
        diversity=body.diversity,
        min_score=body.min_score,
        exclude=frozenset(body.exclude),
    )
    return engine.similar(request).as_json()


def _looks(examples: list[ExampleIn]) -> tuple[Look, ...]:
    return tuple(Look(product_id=example.product_id, weight=example.weight) for example in examples)
