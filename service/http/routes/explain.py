"""Where two photos agree, as a picture."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from service.heatmaps import HeatmapRequest, Which
from service.http.bounded import TheBench
from service.http.caching import REVALIDATE, is_known, not_modified
from service.http.hops import OneHop
from service.http.ids import ProductId, ProductPath
from service.http.opened import OpenEngine
from service.http.routes.failures import failures

router = APIRouter(prefix="/v1", tags=["search by looks"], route_class=OneHop)

PhotoId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$", examples=["9f86d081884c7d65"])]


class HeatmapParams(BaseModel):
    """Which photos to compare, and on which of them to draw."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    other: ProductId = Field(description="the product to compare with")
    photo: PhotoId | None = Field(
        default=None, description="the product's photo; by default, with the other's, the closest two"
    )
    other_photo: PhotoId | None = Field(default=None, description="the other product's photo")
    which: Which = Field(
        default="query",
        description="whose photo the heat is drawn on: the product's, or the other's (`hit`)",
        examples=["query"],
    )
    aspect: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        description="an aspect that a network gives (`shape`, `texture`); by default the deep one",
        examples=["shape"],
    )


@router.get(
    "/products/{product_id:path}/heatmap",
    response_class=Response,
    responses={
        200: {"description": "the photo with heat over it", "content": {"image/jpeg": {}}},
        304: {"description": "the picture is still the one of `If-None-Match`"},
        **failures(404, 409),
    },
)
async def heatmap(
    request: Request,
    product_id: ProductPath,
    query: Annotated[HeatmapParams, Query()],
    engine: OpenEngine,
    bench: TheBench,
) -> Response:
    """A photo of the product with heat where it agrees with a photo of another one.

    The heat is each place's part of the cosine between both photos, before the network's pooling (Stylianou
    et al., 2019). The deeper, the more this place makes them alike; a place with nothing in common shows the
    photo.
    """
    wanted = HeatmapRequest(
        product_id, query.other, query.photo, query.other_photo, query.which, query.aspect
    )
    pair = await run_in_threadpool(engine.heatmap_pair, wanted)
    tag = f'"{pair.etag}"'
    if is_known(request, tag):
        return not_modified(tag, REVALIDATE)
    picture = await bench.run(partial(engine.heatmap, pair))
    return Response(picture, media_type="image/jpeg", headers={"ETag": tag, "Cache-Control": REVALIDATE})
