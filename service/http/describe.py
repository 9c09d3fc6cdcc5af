"""Small additions to what the engine answers: where the pixels of a photo are."""

from __future__ import annotations

from collections.abc import Mapping

from service.answers import Json


def photo_url(photo_id: str) -> str:
    """The route of a photo's pixels."""
    return f"/v1/photos/{photo_id}"


def with_urls(product: Json) -> Json:
    """A product whose photos say where they are."""
    photos = product.get("photos")
    found = photos if isinstance(photos, list) else []
    return {**product, "photos": [_with_url(photo) for photo in found]}


def _with_url(photo: Mapping[str, object]) -> Json:
    return {**photo, "url": photo_url(str(photo["photo_id"]))}
