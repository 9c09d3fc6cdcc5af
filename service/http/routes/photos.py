"""The pixels of photos, whole or as thumbnails, with cache headers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse

from data.photos import probe
from service.http.ids import PhotoPath
from service.http.opened import OpenEngine
from service.http.routes.failures import failures

router = APIRouter(prefix="/v1", tags=["photos"])

# Thumbnails come in these sides only, so that nobody can fill the cache with every size there is.
SIDES = (96, 192, 320, 480, 640, 960, 1280, 1920)
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
}
CACHE_CONTROL = "public, max-age=3600"

Size = Annotated[
    int | None,
    Query(
        ge=1,
        le=SIDES[-1],
        description=f"fit into a square of this side, in pixels, as JPEG; rounded up to one of {SIDES}",
        examples=[320],
    ),
]
Known = Annotated[str | None, Header(alias="If-None-Match", description="an ETag got earlier")]


@router.get(
    "/photos/{photo_id}",
    response_class=Response,
    responses={
        200: {"description": "the photo", "content": {"image/*": {}}},
        304: {"description": "the photo is still the one of `If-None-Match`"},
        **failures(404),
    },
)
def photo(
    photo_id: PhotoPath, engine: OpenEngine, size: Size = None, if_none_match: Known = None
) -> Response:
    """A photo as it was given, or as a JPEG thumbnail of at most `size` pixels in each direction."""
    path = engine.photo_file(photo_id)
    side = None if size is None else next(s for s in SIDES if s >= size)
    tag = _etag(path, side)
    headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL}
    if if_none_match is not None and _matches(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    media = MEDIA_TYPES.get(probe(path)[2]) if side is None else None
    if media is not None:
        return FileResponse(path, media_type=media, headers=headers)
    pixels = engine.thumbnail(photo_id, side or SIDES[-1])
    return Response(pixels, media_type="image/jpeg", headers=headers)


def _etag(path: Path, side: int | None) -> str:
    """Changes whenever the file or the size does."""
    state = path.stat()
    text = f"{path}\0{state.st_size}\0{state.st_mtime_ns}\0{side}"
    return f'"{hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]}"'


def _matches(tag: str, header: str) -> bool:
    """Whether an If-None-Match header names the tag (weakly compared, RFC 9110)."""
    named = [one.strip().removeprefix("W/") for one in header.split(",")]
    return tag in named or "*" in named
