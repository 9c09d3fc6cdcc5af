"""Ids as they come in requests: the shop's own strings, checked before anything is looked up."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import HTTPException, Path
from pydantic import AfterValidator, Field

LONGEST_ID = 256
# No control characters; the engine behind the schema cannot say "not blank" as well, so that is a check
# below.
ID_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]+$"


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("an id must not be blank")
    return value


def _was_utf8(value: str) -> str:
    """In an address, whatever is no UTF-8 has become U+FFFD by now: several ids would be one."""
    if "\ufffd" in value:
        raise ValueError("an id in an address must be percent-encoded UTF-8")
    return value


Id = Annotated[
    str, Field(min_length=1, max_length=LONGEST_ID, pattern=ID_PATTERN), AfterValidator(_not_blank)
]
ProductId = Annotated[Id, Field(description="the shop's own product id", examples=["0108775015"])]
CustomerId = Annotated[Id, Field(description="the shop's own customer id", examples=["c-1007"])]

ProductPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=LONGEST_ID,
        pattern=ID_PATTERN,
        description="the shop's own product id, URL-encoded; an id may contain slashes (`a/b` or `a%2Fb`)",
        examples=["0108775015"],
    ),
    AfterValidator(_not_blank),
    AfterValidator(_was_utf8),
]
LONGER_ROUTES = ("/similar", "/photos", "/heatmap")


async def only_an_id(product_id: ProductPath) -> None:
    """A dependency of the routes of a product itself.

    Their addresses match those of the longer routes too: ``PUT …/x/similar`` is not about a product
    ``x/similar``, which nobody could read again, but a method that ``…/x/similar`` does not have.
    """
    if product_id.endswith(LONGER_ROUTES):
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)


CustomerPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=LONGEST_ID,
        pattern=ID_PATTERN,
        description="the shop's own customer id, URL-encoded",
        examples=["c-1007"],
    ),
    AfterValidator(_not_blank),
    AfterValidator(_was_utf8),
]
PhotoPath = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{16}$", description="a photo id as answers carry it", examples=["9f86d081884c7d65"]
    ),
]
