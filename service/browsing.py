"""Looking at what the shop holds: products, pages of products, photos."""

from __future__ import annotations

import heapq
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from data.errors import UnknownPhoto, UsageError
from data.records import Card, Photo, Product
from service.answers import Json, ProductPage
from service.filtering import filter_of
from service.parts import Parts

TRIES = 5
"""How often a question is asked anew because products that were found are deleted meanwhile."""
LARGEST_PAGE = 1000
LARGEST_THUMBNAIL = 2048
LARGEST_KEPT = 512
"""Thumbnails up to this side are kept in memory."""


def as_card(product: Product | Card) -> Json:
    """What every list shows of a product."""
    return {
        "product_id": product.product_id,
        "title": product.title,
        "category": product.category,
        "price": product.price,
        "in_stock": product.in_stock,
    }


def as_json(product: Product, photos: Iterable[Photo]) -> Json:
    """A product with its attributes and photos."""
    return {
        **as_card(product),
        "attributes": dict(product.attributes),
        "photos": [{"photo_id": p.photo_id, "position": p.position, "status": p.status} for p in photos],
    }


def product(parts: Parts, product_id: str) -> Json:
    """One product. Raises UnknownProduct."""
    found = parts.shop.product(product_id)
    return as_json(found, parts.shop.photos_of(product_id))


def cards(parts: Parts, product_ids: Iterable[str]) -> dict[str, Json]:
    """Id → card with the id of the first usable photo (None without one); unknown ids are left out."""
    ids = list(product_ids)
    photos = parts.shop.photos_of_products(ids)
    return {
        id_: {**as_card(found), "photo_id": _first_usable(photos.get(id_, []))}
        for id_, found in parts.shop.cards(ids).items()
    }


def _first_usable(photos: Sequence[Photo]) -> str | None:
    return next((photo.photo_id for photo in photos if photo.status != "rejected"), None)


def products(parts: Parts, where: str | None, page: int, size: int) -> ProductPage:
    """Page ``page`` (from 1) of the live products that a filter selects, ordered by id."""
    if page < 1 or not 1 <= size <= LARGEST_PAGE:
        raise UsageError(f"pages count from 1 and hold 1 to {LARGEST_PAGE} products")
    selected = _selected(parts, where)
    first, last = (page - 1) * size, page * size
    chosen = sorted(selected)[first:last]
    return _page(parts, chosen, page, size, len(selected), more=last < len(selected))


def products_after(parts: Parts, where: str | None, after: str, size: int) -> ProductPage:
    """The next ``size`` of these products, from the first one whose id is greater than ``after``.

    What is added or deleted meanwhile moves nothing: every product that is there all along comes once.
    """
    if not 1 <= size <= LARGEST_PAGE:
        raise UsageError(f"pages hold 1 to {LARGEST_PAGE} products")
    selected = _selected(parts, where)
    following = heapq.nsmallest(size + 1, (id_ for id_ in selected if id_ > after))
    return _page(parts, following[:size], None, size, len(selected), more=len(following) > size)


def _selected(parts: Parts, where: str | None) -> list[str]:
    """Ids of the live products that a filter selects, in no order."""
    table = parts.table()
    chosen = filter_of(where)
    if chosen is None:
        return list(table.ids)
    return [table.ids[row] for row in np.flatnonzero(chosen.mask(table))]


def _page(
    parts: Parts, chosen: Sequence[str], page: int | None, size: int, total: int, *, more: bool
) -> ProductPage:
    shown = cards(parts, chosen)
    return ProductPage(
        products=[shown[id_] for id_ in chosen if id_ in shown],
        page=page or 0,
        pages=max(1, math.ceil(total / size)),
        size=size,
        total=total,
        last=chosen[-1] if chosen and more else None,
    )


def aspects(parts: Parts) -> Mapping[str, float]:
    """Aspect → default share of the shop's embedder."""
    layout = parts.index().layout
    return {name: float(share) for name, share in zip(layout.names, layout.shares, strict=True)}


def photo_file(parts: Parts, photo_id: str) -> Path:
    """Where a photo's file lies. Raises UnknownPhoto."""
    path = parts.shop.photo_path(parts.shop.photo(photo_id))
    if not path.is_file():
        raise UnknownPhoto(
            f"the file of photo {photo_id!r} is gone from {path.parent}; index the catalogue again"
        )
    return path


def thumbnail(parts: Parts, photo_id: str, side: int) -> bytes:
    """A photo as JPEG, upright, at most ``side`` pixels in each direction."""
    if not 16 <= side <= LARGEST_THUMBNAIL:
        raise UsageError(f"a thumbnail's side is 16 to {LARGEST_THUMBNAIL} pixels, not {side}")
    path = photo_file(parts, photo_id)
    if side > LARGEST_KEPT:
        return jpeg_of(path, side)
    return _jpeg(path, path.stat().st_mtime_ns, side)


def thumbnails_kept() -> tuple[int, int]:
    """How often a thumbnail was found in memory, and how often it had to be made, in this process."""
    told = _jpeg.cache_info()
    return told.hits, told.misses


@lru_cache(maxsize=1024)  # of at most some 60 kB each
def _jpeg(path: Path, _changed: int, side: int) -> bytes:
    return jpeg_of(path, side)


def jpeg_of(source: Path | bytes, side: int) -> bytes:
    """A photo as JPEG that fits a square of ``side`` pixels; never enlarged. Raises BadPhoto."""
    from PIL import Image

    from data.photos import decode

    upright = Image.fromarray(decode(source))
    upright.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=85)
    return out.getvalue()
