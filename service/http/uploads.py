"""Uploaded photos: read whole, measured, and never written under a client's name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, File, Request, UploadFile

from data.errors import BadPhoto, UsageError
from data.photos import probe
from service.http.declared import refuse_unknown
from service.settings import Settings

MAX_PHOTOS = 8

Photo = Annotated[
    UploadFile, File(description="a JPEG, PNG, WebP, GIF or BMP file, told by its content, not its name")
]
Photos = Annotated[
    list[UploadFile],
    File(
        min_length=1,
        max_length=MAX_PHOTOS,
        description="one or several JPEG, PNG, WebP, GIF or BMP files (repeat the field)",
    ),
]
FIELDS = frozenset({"photo"})


async def _only_photos(request: Request) -> None:
    """Refuse a form with other fields. It was read before any dependency is asked, and is not read again."""
    problem = "there is no such field; send photos in 'photo', and whatever else in the address"
    refuse_unknown("body", await request.form(), FIELDS, problem)


ONLY_PHOTOS = [Depends(_only_photos)]
"""The ``dependencies`` of a route whose form is photos and nothing else."""


def read_photo(upload: UploadFile, settings: Settings) -> bytes:
    """The bytes of an upload, from its beginning.

    Raises UsageError (empty), BadPhoto (no photo, or too many bytes or pixels).
    """
    upload.file.seek(0)
    data = upload.file.read(settings.max_upload_bytes + 1)
    if not data:
        raise UsageError("the uploaded file is empty; send a photo in the multipart field 'photo'")
    if len(data) > settings.max_upload_bytes:
        raise BadPhoto(
            "too_many_bytes",
            f"the photo has more than the {settings.max_upload_bytes} bytes allowed; send a smaller one",
        )
    width, height = probe(data)[:2]
    if width * height > settings.max_pixels:
        raise BadPhoto(
            "too_many_pixels",
            f"the photo has {width} x {height} pixels, and {settings.max_pixels} are allowed; scale it down",
        )
    return data
