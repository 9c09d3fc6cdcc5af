"""Products: read, list, put, delete, and their photos."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from data.records import Product
from service.answers import Json
from service.http.describe import photo_url, with_urls
from service.http.gate import TheGate
from service.http.ids import ProductPath
from service.http.opened import OpenEngine, TheSettings
from service.http.params import within
from service.http.routes.failures import failures
from service.http.schemas.base import Where
from service.http.schemas.products import Deleted, PhotoAdded, ProductIn, ProductOut, ProductPageOut
from service.http.uploads import Photo, read_photo

router = APIRouter(prefix="/v1", tags=["products"])

PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="from 1")]
PageSize = Annotated[int | None, Query(ge=1, le=10_000, description="products on one page")]
Filter = Annotated[Where | None, Query()]


@router.get("/products", response_model=ProductPageOut, responses=failures())
def products(
    engine: OpenEngine,
    settings: TheSettings,
    where: Filter = None,
    page: PageNumber = 1,
    size: PageSize = None,
) -> Json:
    """Products that a filter selects, ordered by id, by pages."""
    wanted = within(size or settings.page_size, settings.max_page_size, "size")
    return engine.products(where, page, wanted).as_json()


@router.post(
    "/products/{product_id:path}/photos",
    response_model=PhotoAdded,
    status_code=201,
    responses=failures(404, 409, 413),
)
def add_photo(
    product_id: ProductPath, photo: Photo, engine: OpenEngine, settings: TheSettings, gate: TheGate
) -> Json:
    """Add a photo to a product. It is stored, encoded and searchable when this answers.

    Send `multipart/form-data` with the field `photo`. The file's own name is never used.
    """
    with gate.enter():
        added = engine.add_photo(product_id, read_photo(photo, settings))
    return {
        "photo_id": added.photo_id,
        "product_id": added.product_id,
        "position": added.position,
        "status": added.status,
        "url": photo_url(added.photo_id),
    }


@router.get("/products/{product_id:path}", response_model=ProductOut, responses=failures(404))
def product(product_id: ProductPath, engine: OpenEngine) -> Json:
    """One product with its attributes and photos."""
    return with_urls(engine.product(product_id))


@router.put("/products/{product_id:path}", response_model=ProductOut, responses=failures(403, 409, 413))
def put_product(product_id: ProductPath, body: ProductIn, engine: OpenEngine) -> Json:
    """Add a product or replace its fields; filters and lists see it at once. Its photos stay as they are."""
    product = Product(
        product_id=product_id,
        title=body.title,
        category=body.category,
        price=body.price,
        in_stock=body.in_stock,
        attributes=dict(body.attributes),
    )
    return with_urls(engine.put_product(product))


@router.delete("/products/{product_id:path}", response_model=Deleted, responses=failures(403, 404, 409))
def delete_product(product_id: ProductPath, engine: OpenEngine) -> Json:
    """Take a product out; it is gone from every answer at once."""
    engine.delete_product(product_id)
    return {"product_id": product_id, "deleted": True}
