"""Products and photos as bodies."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from service.http.schemas.base import Incoming, Outgoing

AttributeName = Annotated[str, Field(min_length=1, max_length=128)]
AttributeText = Annotated[StrictStr, Field(max_length=4000)]
AttributeNumber = Annotated[StrictFloat, Field(allow_inf_nan=False)]
AttributeWhole = Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]
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

    product_id: str = Field(examples=["0108775015"])
    title: str | None = None
    category: str | None = None
    price: float | None = None
    in_stock: bool = True
    attributes: dict[str, str | bool | float | None] = Field(
        default_factory=dict,
        description="every further column of the catalogue",
        examples=[{"colour": "black"}],
    )
    photos: list[PhotoOut] = Field(default_factory=list)


class ProductPageOut(Outgoing):
    """One page of products, ordered by id."""

    products: list[Card]
    page: int = Field(description="from 1", examples=[1])
    pages: int = Field(description="how many pages there are", examples=[32])
    size: int = Field(description="products on a full page", examples=[48])
    total: int = Field(description="how many products the filter selects", examples=[1500])


class ProductIn(Incoming):
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

    title: str | None = Field(default=None, max_length=2000)
    category: str | None = Field(default=None, max_length=500)
    price: float | None = Field(default=None, ge=0, le=1e12, allow_inf_nan=False)
    in_stock: bool = True
    attributes: dict[AttributeName, AttributeValue] = Field(
        default_factory=dict, max_length=200, description="further columns, each usable in `where`"
    )


class PhotoAdded(PhotoOut):
    """A photo that has just been stored, encoded, and can be found by its looks."""

    product_id: str


class Deleted(Outgoing):
    """A product that is gone."""

    product_id: str
    deleted: bool = True
