"""Products and photos as bodies."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from data.records import Product
from service.changing import CHANGEABLE, MOST_ATTRIBUTES, ProductChange
from service.http.cursors import EXAMPLE_CURSOR
from service.http.ids import ProductId
from service.http.schemas.base import Incoming, Outgoing, shown

LARGEST_WHOLE = 2**53
"""Beyond it not every whole number is one of those that a column keeps."""


def _not_whole(value: object) -> object:
    if isinstance(value, int):
        raise ValueError(
            f"a whole number is at most {LARGEST_WHOLE} or its negative; send a larger one as a text"
        )
    return value


AttributeName = Annotated[str, Field(min_length=1, max_length=128)]
AttributeText = Annotated[StrictStr, Field(max_length=4000)]
AttributeNumber = Annotated[StrictFloat, Field(allow_inf_nan=False), BeforeValidator(_not_whole)]
AttributeWhole = Annotated[StrictInt, Field(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE)]
AttributeValue = AttributeText | StrictBool | AttributeWhole | AttributeNumber | None


class PhotoOut(Outgoing):
    """One photo of a product."""

    photo_id: str = Field(examples=["9f86d081884c7d65"])
    position: int = Field(description="0 for the first photo", examples=[0])
    status: str = Field(description="pending (not encoded yet), done, or rejected", examples=["done"])
    url: str = Field(description="where its pixels are", examples=["/v1/photos/9f86d081884c7d65"])


class Card(Outgoing):
    """What every list shows of a product."""

    product_id: str = Field(examples=["0108775015"])
    title: str | None = Field(default=None, examples=["Strap top"])
    category: str | None = Field(default=None, examples=["Vest top"])
    price: float | None = Field(default=None, examples=[9.99])
    in_stock: bool | None = Field(default=None, examples=[True])
    photo_id: str | None = Field(default=None, description="its first photo, or the one that matched")


class ProductOut(Outgoing):
    """A product with everything the shop knows of it."""

    model_config = shown(
        {
            "product_id": "0108775015",
            "title": "Strap top",
            "category": "Vest top",
            "price": 9.99,
            "in_stock": True,
            "attributes": {"colour": "black", "new": True},
            "photos": [
                {
                    "photo_id": "9f86d081884c7d65",
                    "position": 0,
                    "status": "done",
                    "url": "/v1/photos/9f86d081884c7d65",
                }
            ],
        }
    )

    product_id: str = Field(examples=["0108775015"])
    title: str | None = Field(default=None, examples=["Strap top"])
    category: str | None = Field(default=None, examples=["Vest top"])
    price: float | None = Field(default=None, description="in the shop's own currency", examples=[9.99])
    in_stock: bool = Field(default=True, description="whether it can be bought now")
    attributes: dict[str, str | bool | float | None] = Field(
        default_factory=dict,
        description="every further column of the catalogue",
        examples=[{"colour": "black"}],
    )
    photos: list[PhotoOut] = Field(default_factory=list)


class ProductPageOut(Outgoing):
    """Some of the products that a filter selects, ordered by id."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "products": [
                        {
                            "product_id": "0108775015",
                            "title": "Strap top",
                            "category": "Vest top",
                            "price": 9.99,
                            "in_stock": True,
                            "photo_id": "9f86d081884c7d65",
                        }
                    ],
                    "page": 1,
                    "pages": 32,
                    "size": 48,
                    "total": 1500,
                    "next_cursor": EXAMPLE_CURSOR,
                }
            ]
        }
    )

    products: list[Card]
    page: int | None = Field(description="from 1; null where a cursor was given", examples=[1])
    pages: int = Field(description="how many pages there are", examples=[32])
    size: int = Field(description="products on a full page", examples=[48])
    total: int = Field(description="how many products the filter selects", examples=[1500])
    next_cursor: str | None = Field(
        description="what to send as `cursor` for the products that follow; null at the end",
        examples=[EXAMPLE_CURSOR],
    )


Title = Annotated[str, Field(max_length=2000, examples=["Linen shirt"])]
Category = Annotated[str, Field(max_length=500, examples=["Shirt"])]
Price = Annotated[
    float,
    Field(ge=0, le=1e12, allow_inf_nan=False, description="in the shop's own currency", examples=[39.9]),
]


class ProductFields(Incoming):
    """What can be said of a product, besides its further columns."""

    title: Title | None = None
    category: Category | None = None
    price: Price | None = None
    in_stock: bool = Field(default=True, description="whether it can be bought now")


class ProductIn(ProductFields):
    """A product's fields; what is left out is emptied. Its photos stay as they are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Linen shirt",
                    "category": "Shirt",
                    "price": 39.9,
                    "in_stock": True,
                    "attributes": {"colour": "sand", "new": True},
                }
            ]
        }
    )

    attributes: dict[AttributeName, AttributeValue] = Field(
        default_factory=dict,
        max_length=MOST_ATTRIBUTES,
        description="further columns, each usable in `where`",
    )

    def product(self, product_id: str) -> Product:
        """The record. Raises UsageError."""
        return Product(
            product_id=product_id,
            title=self.title,
            category=self.category,
            price=self.price,
            in_stock=self.in_stock,
            attributes=dict(self.attributes),
        )


class ProductOfBatch(ProductIn):
    """A product with its id."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"product_id": "s-1", "title": "Linen shirt", "price": 39.9}]}
    )

    product_id: ProductId


class ProductsIn(Incoming):
    """Products to add or to replace: all of them or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "products": [
                        {"product_id": "s-1", "title": "Linen shirt", "category": "Shirt", "price": 39.9},
                        {"product_id": "s-2", "title": "Linen trousers", "in_stock": False},
                    ]
                }
            ]
        }
    )

    products: list[ProductOfBatch] = Field(
        min_length=1, description="each once; the service's own limit on a batch applies"
    )


class ProductsPut(Outgoing):
    """What became of a batch. It is on disk when this arrives."""

    model_config = shown({"added": 1, "changed": 1, "same": 0})

    added: int = Field(description="new products", examples=[1])
    changed: int = Field(description="products that were there with other fields", examples=[1])
    same: int = Field(description="products that were there just so", examples=[0])


class ProductPatch(ProductFields):
    """New values of some fields; what is left out stays, null empties."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"price": 29.9, "in_stock": True, "attributes": {"sale": True, "new": None}}]
        }
    )

    attributes: dict[AttributeName, AttributeValue] = Field(
        default_factory=dict,
        max_length=MOST_ATTRIBUTES,
        description="laid over the product's own; null takes one away",
    )

    def change(self) -> ProductChange:
        """What it says to change."""
        told = {name: getattr(self, name) for name in CHANGEABLE & self.model_fields_set}
        return ProductChange(told, dict(self.attributes))


class PhotoAdded(PhotoOut):
    """A photo that has just been stored, encoded, and can be found by its looks."""

    model_config = shown(
        {
            "photo_id": "9f86d081884c7d65",
            "position": 0,
            "status": "done",
            "url": "/v1/photos/9f86d081884c7d65",
            "product_id": "0108775015",
        }
    )

    product_id: str = Field(examples=["0108775015"])


class Deleted(Outgoing):
    """A product that is gone."""

    model_config = shown({"product_id": "0108775015", "deleted": True})

    product_id: str = Field(examples=["0108775015"])
    deleted: bool = True


class PhotoDeleted(Outgoing):
    """A photo that is gone."""

    model_config = shown({"photo_id": "9f86d081884c7d65", "deleted": True})

    photo_id: str = Field(examples=["9f86d081884c7d65"])
    deleted: bool = True
