"""Search by a photo of one's own, or by several products that shall and shall not be resembled."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from data.errors import UnknownProduct, UsageError
from service.engine import Engine
from service.http.encoding import TheEncoder
from service.http.opened import OpenEngine, TheSettings
from service.http.photosearch import search_by_photos
from service.http.uploads import Photo
from service.page.basket import Basket
from service.page.hits import HITS, Found, found, nothing, settled
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
    looks, problem = settled(request, engine, alike=True)
    empty = Found(looks, problem=problem)
    return page(request, "search.html", empty.status, similar=empty, asked=False, basket=Basket())


@router.post("/search")
async def search_photo(request: Request, photo: Photo, engine: OpenEngine, encoder: TheEncoder) -> Response:
    """What looks like an uploaded photo, for browsers without JavaScript; what is wrong with the photo or the
    controls stands beside them.
    """
    looks, problem = await run_in_threadpool(settled, request, engine, True)
    similar = Found(looks, problem=problem)
    if problem is None:
        try:
            answer = await search_by_photos(engine, encoder, request, [photo], partial(_asked, looks))
            similar = Found(looks, answer.hits, nothing(answer))
        except UsageError as error:
            similar = Found(looks, problem=error.message)
    return page(
        request, "search.html", similar.status, similar=similar, asked=not similar.problem, basket=Basket()
    )


def _by_examples(request: Request, engine: Engine, basket: Basket) -> Response:
    cards = engine.cards(basket.ids)
    gone = [one for one in basket.ids if one not in cards]
    if gone:
        raise UnknownProduct(f"no product {gone[0]!r:.80} in this shop", product_id=gone[0])
    similar = found(request, engine, partial(_request, basket), calibrated=not basket.unlikes)
    return page(request, "examples.html", similar.status, similar=similar, basket=basket, cards=cards)


def _request(basket: Basket, looks: Looks) -> SimilarRequest:
    return _asked(looks, *basket.looks())


def _asked(looks: Looks, examples: tuple[Look, ...], negatives: tuple[Look, ...] = ()) -> SimilarRequest:
    """A search for what resembles examples and not negatives, as the controls say."""
    return SimilarRequest(
        examples=examples,
        negatives=negatives,
        k=HITS,
        where=looks.where,
        aspects=looks.aspects,
        diversity=looks.diversity / 100,
        min_score=looks.min_score,
    )
