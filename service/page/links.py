"""Addresses of pages, with ids safely inside."""

from __future__ import annotations

from collections.abc import Mapping
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


def with_query(path: str, parameters: Mapping[str, object]) -> str:
    """A path with those parameters that say something."""
    said = {name: value for name, value in parameters.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(said)}" if said else path
