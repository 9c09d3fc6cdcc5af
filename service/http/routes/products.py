"""Products: read, list, put, delete, and their photos."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from data.errors import UsageError
from service.answers import Json
from service.http.caching import revalidated
from service.http.cursors import EXAMPLE_CURSOR, LONGEST_CURSOR, after, cursor_after
from service.http.describe import photo_url, with_urls
from service.http.encoding import TheEncoder
from service.http.hops import OneHop
from service.http.ids import ProductPath, only_an_id
from service.http.opened import OpenEngine, TheSettings
from service.http.params import within
from service.http.routes.failures import UPLOAD, failures
from service.http.schemas.base import Where
from service.http.schemas.products import (
    Deleted,
    PhotoAdded,
    ProductIn,
    ProductOut,
    ProductPageOut,
    ProductPatch,
    ProductsIn,
    ProductsPut,
)
from service.http.uploads import ONLY_PHOTOS, Photo, read_photo

router = APIRouter(prefix="/v1", tags=["products"], dependencies=[Depends(revalidated)], route_class=OneHop)

JUST_A_PRODUCT = [Depends(only_an_id)]

PageNumber = Annotated[int | None, Query(ge=1, le=1_000_000, description="from 1", examples=[1])]
PageSize = Annotated[int | None, Query(ge=1, le=10_000, description="products on one page", examples=[48])]
Filter = Annotated[Where | None, Query()]
Cursor = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=LONGEST_CURSOR,
        description="`next_cursor` of the answer before, to go on from there, with the same `where`; instead "
        "of `page`",
        examples=[EXAMPLE_CURSOR],
    ),
]


@router.head("/products", include_in_schema=False)
@router.get("/products", response_model=ProductPageOut, responses=failures("bad_filter"))
def products(
    engine: OpenEngine,
    settings: TheSettings,
    where: Filter = None,
    page: PageNumber = None,
    size: PageSize = None,
    cursor: Cursor = None,
) -> Json:
    """Products that a filter selects, ordered by id: by pages, or from one answer to the next by cursor.

    Pages shift when products are added or deleted meanwhile. A cursor does not: going on by `next_cursor`
    until it is null, every product that is there all along comes exactly once.
    """
    wanted = within(size or settings.page_size, settings.max_page_size, "size")
    if cursor is None:
        found = engine.products(where, page or 1, wanted)
    elif page is None:
        found = engine.products_after(where, after(cursor, where), wanted)
    else:
        raise UsageError("a list goes on by page or by cursor: give one of them")
    following = None if found.last is None else cursor_after(found.last, where)
    return {**found.as_json(), "next_cursor": following}


@router.post("/products", response_model=ProductsPut, responses=failures("forbidden", "shop_busy"))
def put_products(body: ProductsIn, engine: OpenEngine, settings: TheSettings) -> Json:
    """Add products or replace their fields: all of the batch, or none of it.

    It is on disk when this answers, and filters, lists and recommendations see it at once. Photos stay as
    they are; `POST /v1/products/{product_id}/photos` adds them.
    """
    within(len(body.products), settings.max_batch, "the number of products")
    return engine.put_products([one.product(one.product_id) for one in body.products])


@router.post(
    "/products/{product_id:path}/photos",
    response_model=PhotoAdded,
    status_code=201,
    responses=failures(
        "forbidden", "unknown_product", "shop_busy", "space_mismatch", "weights_missing", *UPLOAD
    ),
    dependencies=ONLY_PHOTOS,
)
async def add_photo(
    request: Request,
    product_id: ProductPath,
    photo: Photo,
    engine: OpenEngine,
    settings: TheSettings,
    encoder: TheEncoder,
) -> Json:
    """Add a photo to a product. It is stored, encoded and searchable when this answers.

    Send `multipart/form-data` with the field `photo`. The file's own name is never used.
    """
    await run_in_threadpool(engine.product, product_id)  # an unknown one is said before a photo is decoded
    (encoded,) = await encoder.encode(engine, [photo], request)
    data = await run_in_threadpool(read_photo, photo, settings)
    added = await run_in_threadpool(engine.add_photo, product_id, data, encoded=encoded)
    return {
        "photo_id": added.photo_id,
        "product_id": added.product_id,
        "position": added.position,
        "status": added.status,
        "url": photo_url(added.photo_id),
    }


@router.head("/products/{product_id:path}", include_in_schema=False, dependencies=JUST_A_PRODUCT)
@router.get("/products/{product_id:path}", response_model=ProductOut, responses=failures("unknown_product"))
def product(product_id: ProductPath, engine: OpenEngine) -> Json:
    """One product with its attributes and photos."""
    return with_urls(engine.product(product_id))


@router.put(
    "/products/{product_id:path}",
    response_model=ProductOut,
    responses=failures("forbidden", "shop_busy"),
    dependencies=JUST_A_PRODUCT,
)
def put_product(product_id: ProductPath, body: ProductIn, engine: OpenEngine) -> Json:
    """Add a product or replace its fields; filters and lists see it at once. Its photos stay as they are."""
    return with_urls(engine.put_product(body.product(product_id)))


@router.patch(
    "/products/{product_id:path}",
    response_model=ProductOut,
    responses=failures("forbidden", "unknown_product", "shop_busy"),
    dependencies=JUST_A_PRODUCT,
)
def change_product(product_id: ProductPath, body: ProductPatch, engine: OpenEngine) -> Json:
    """Change some fields of a product, such as price and stock; filters and lists see it at once.

    What is left out stays as it is. Two changes at the same time both count, as long as they are of different
    fields.
    """
    return with_urls(engine.change_product(product_id, body.change()))


@router.delete(
    "/products/{product_id:path}",
    response_model=Deleted,
    responses=failures("forbidden", "unknown_product", "shop_busy"),
    dependencies=JUST_A_PRODUCT,
)
def delete_product(product_id: ProductPath, engine: OpenEngine) -> Json:
    """Take a product out; it is gone from every answer at once."""
    engine.delete_product(product_id)
    return {"product_id": product_id, "deleted": True}
