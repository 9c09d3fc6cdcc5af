"""The pixels of photos, whole or as thumbnails, with cache headers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from data.photos import probe
from service.answers import Json
from service.http.caching import NOT_MODIFIED, PHOTOS, Known, content_tag, is_known, not_modified
from service.http.files import FileAnswer
from service.http.hops import OneHop
from service.http.ids import PhotoPath
from service.http.opened import OpenEngine
from service.http.routes.failures import failures
from service.http.schemas.products import PhotoDeleted

router = APIRouter(prefix="/v1", tags=["photos"], route_class=OneHop)

# Thumbnails come in these sides only, so that nobody can fill the cache with every size there is.
SIDES = (96, 192, 320, 480, 640, 960, 1280, 1920)
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
}

Size = Annotated[
    int | None,
    Query(
        ge=1,
        le=SIDES[-1],
        description=f"fit into a square of this side, in pixels, as JPEG; rounded up to one of {SIDES}",
        examples=[320],
    ),
]


@router.head("/photos/{photo_id}", include_in_schema=False)
@router.get(
    "/photos/{photo_id}",
    response_class=Response,
    responses={
        200: {"description": "the photo", "content": {"image/*": {}}},
        206: {"description": "the part of it that `Range` asks for", "content": {"image/*": {}}},
        304: NOT_MODIFIED,
        **failures("bad_request", "unknown_photo", "range_not_satisfiable", "bad_photo"),
    },
)
def photo(
    request: Request, photo_id: PhotoPath, engine: OpenEngine, size: Size = None, _: Known = None
) -> Response:
    """A photo as it was given, or as a JPEG thumbnail of at most `size` pixels in each direction.

    The ETag is of the content: a photo that is replaced by another file has another one.
    """
    path = engine.photo_file(photo_id)
    side = None if size is None else next(s for s in SIDES if s >= size)
    tag = content_tag(path, side)
    headers = {"ETag": tag, "Cache-Control": PHOTOS}
    if is_known(request, tag):
        return not_modified(tag, PHOTOS)
    media = MEDIA_TYPES.get(probe(path)[2]) if side is None else None
    if media is not None:
        return FileAnswer(path, media_type=media, headers=headers)
    pixels = engine.thumbnail(photo_id, side or SIDES[-1])
    return Response(pixels, media_type="image/jpeg", headers=headers)


@router.delete(
    "/photos/{photo_id}",
    response_model=PhotoDeleted,
    responses=failures("forbidden", "unknown_photo", "shop_busy"),
)
def delete_photo(photo_id: PhotoPath, engine: OpenEngine) -> Json:
    """Delete one photo of a product; nothing is found by its looks any more, from the next answer on.

    The file goes too if it was uploaded. A photo that the catalogue lists comes back with the next
    `vitrine index` unless it is taken out of the catalogue.
    """
    engine.drop_photo(photo_id)
    return {"photo_id": photo_id, "deleted": True}
