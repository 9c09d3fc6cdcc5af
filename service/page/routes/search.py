"""Search by a photo of one's own, or by several products that shall and shall not be resembled."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from data.errors import UnknownProduct
from service.engine import Engine
from service.http.encoding import TheEncoder
from service.http.opened import OpenEngine, TheSettings
from service.http.photosearch import search_by_photos
from service.http.uploads import Photo
from service.page.basket import Basket
from service.page.hits import HITS, NOTHING, controls, nothing
from service.page.looks import Looks
from service.page.render import page
from service.requests import Look, SimilarRequest

router = APIRouter()


@router.get("/search")
def search(request: Request, engine: OpenEngine, settings: TheSettings) -> Response:
    """By the products that the address names; the page to search by a photo where it names none."""
    basket = Basket.of(request, settings.max_examples)
    if basket:
        return _by_examples(request, engine, basket)
    looks = controls(request, engine, alike=True)
    return page(request, "search.html", looks=looks, hits=None, reason=NOTHING, basket=Basket())


@router.post("/search")
async def search_photo(request: Request, photo: Photo, engine: OpenEngine, encoder: TheEncoder) -> Response:
    """What looks like an uploaded photo, for browsers without JavaScript."""
    looks = await run_in_threadpool(controls, request, engine, True)

    def asked(examples: tuple[Look, ...]) -> SimilarRequest:
        return SimilarRequest(examples, k=HITS, min_score=looks.min_score)

    answer = await search_by_photos(engine, encoder, request, [photo], asked)
    return page(
        request,
        "search.html",
        looks=looks,
        hits=answer.hits,
        reason=nothing(answer),
        basket=Basket(),
    )


def _by_examples(request: Request, engine: Engine, basket: Basket) -> Response:
    looks = controls(request, engine)
    if basket.unlikes:
        looks = looks.uncalibrated()
    cards = engine.cards(basket.ids)
    gone = [one for one in basket.ids if one not in cards]
    if gone:
        raise UnknownProduct(f"no product {gone[0]!r:.80} in this shop", product_id=gone[0])
    answer = engine.similar(_request(basket, looks))
    return page(
        request,
        "examples.html",
        looks=looks,
        basket=basket,
        cards=cards,
        hits=answer.hits,
        reason=nothing(answer),
    )


def _request(basket: Basket, looks: Looks) -> SimilarRequest:
    examples, negatives = basket.looks()
    return SimilarRequest(
        examples=examples,
        negatives=negatives,
        k=HITS,
        where=looks.where,
        aspects=looks.aspects,
        diversity=looks.diversity / 100,
        min_score=looks.min_score,
    )
