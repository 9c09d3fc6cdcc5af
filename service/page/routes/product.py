"""One product with what looks like it, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from data.errors import NotReady
from service.http.describe import with_urls
from service.http.ids import ProductPath
from service.http.opened import OpenEngine
from service.page.basket import Basket
from service.page.hits import HITS, Found, controls, found
from service.page.looks import Looks
from service.page.render import page
from service.page.ruled import lines
from service.page.why import why
from service.requests import Look, SimilarRequest

router = APIRouter()

MOST_ASKED = 8  # products of which one page says why another is like them


@router.get("/products/{product_id:path}")
def product(request: Request, product_id: ProductPath, engine: OpenEngine) -> Response:
    """One product, its photos, and what looks like it."""
    shown = with_urls(engine.product(product_id))

    def asked(looks: Looks) -> SimilarRequest:
        return SimilarRequest(
            examples=(Look(product_id=product_id),),
            k=HITS,
            where=looks.where,
            aspects=looks.aspects,
            diversity=looks.diversity / 100,
            min_score=looks.min_score,
        )

    try:
        similar = found(request, engine, asked)
    except NotReady as error:
        similar = Found(Looks(()), reason=error.message)
    return page(
        request,
        "product.html",
        similar.status,
        product=shown,
        similar=similar,
        basket=Basket((product_id,)),
        rules=lines(engine, engine.rules_for(shown)),
    )


@router.get("/why")
def why_page(
    request: Request,
    engine: OpenEngine,
    asked: Annotated[list[str], Query(alias="product", min_length=1, max_length=MOST_ASKED)],
    other: str,
) -> Response:
    """Why a product is a hit of a search by products: photo pairs, aspects, where the photos agree."""
    looks = controls(request, engine)
    index = engine.parts.index().pinned()
    pairs = [(one, why(index, one, other, looks.aspects)) for one in dict.fromkeys(asked)]
    cards = engine.cards({*asked, other})
    return page(
        request, "why.html", pairs=pairs, cards=cards, other=other, looks=looks, basket=Basket(tuple(asked))
    )
