"""Addresses of pages, with ids safely inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode


def product_link(product_id: object) -> str:
    """The page of a product."""
    return f"/products/{quote(str(product_id), safe='')}"


def customer_link(customer_id: object) -> str:
    """The page of a customer."""
    return f"/customers/{quote(str(customer_id), safe='')}"


def photo_link(photo_id: object, size: int) -> str:
    """A thumbnail."""
    return f"/v1/photos/{quote(str(photo_id), safe='')}?size={size}"


def heatmap_link(product_id: str, other: str, photos: tuple[str, str], which: str) -> str:
    """A picture of where two photos agree; photos: the product's and the other's; which: "query" draws on
    the product's, "hit" on the other's.
    """
    path = f"/v1/products/{quote(product_id, safe='')}/heatmap"
    asked = {"other": other, "photo": photos[0], "other_photo": photos[1], "which": which}
    return f"{path}?{urlencode(asked)}"


def why_link(product_ids: Iterable[str], other: str, parameters: Mapping[str, object]) -> str:
    """Why a product is a hit of a search by products, with the search's parameters."""
    said = [(name, value) for name, value in parameters.items() if value not in (None, "", False)]
    asked = [("product", one) for one in product_ids]
    return f"/why?{urlencode([*asked, ('other', other), *said])}"


def with_query(path: str, parameters: Mapping[str, object]) -> str:
    """A path with those parameters that say something."""
    said = {name: value for name, value in parameters.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(said)}" if said else path
