"""What clients and caches may keep, and for how long: tags, conditional requests, Cache-Control."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import Header, Request, Response

# The pixels of a photo id change only when the catalogue replaces the file.
# Private: who may see them depends on a key, which may come in any of several headers.
PHOTOS = "private, max-age=3600"
REVALIDATE = "private, no-cache"
NEVER = "no-store"

Known = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="an ETag got earlier; where it still holds, the answer is 304 without a body",
        examples=['"5f2b6c1d9e8a7f3045d2c1b0a9f8e7d6"'],
    ),
]
NOT_MODIFIED = {"description": "the answer is still the one of `If-None-Match`"}


def tag_of(*parts: object) -> str:
    """An ETag (RFC 9110, strong) of some values."""
    text = "\0".join(map(str, parts))
    return f'"{hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'


def content_tag(path: Path, form: object = None) -> str:
    """The ETag of a file's content in some form (a thumbnail's side, or None for the file as it is)."""
    state = path.stat()
    return tag_of(_digest(path, state.st_size, state.st_mtime_ns), form)


@lru_cache(maxsize=65_536)  # of some 300 bytes each
def _digest(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_known(request: Request, tag: str, anything: bool = True) -> bool:
    """Whether the client has what the tag stands for (``If-None-Match``, weakly compared as RFC 9110 says).

    anything: whether ``*`` counts, which holds only where it is sure that there is something at the address.
    """
    header = ",".join(request.headers.getlist("if-none-match"))
    named = [one.strip().removeprefix("W/") for one in header.split(",")]
    return tag in named or (anything and "*" in named)


def not_modified(tag: str, cache_control: str) -> Response:
    """304 with the headers that the answer would have had."""
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": cache_control})


def question_tag(request: Request, state: str) -> str:
    """The ETag of an answer that follows from a state and from the request's address alone."""
    return tag_of(request.app.version, state, request.url.path, request.url.query)


async def revalidated(response: Response) -> None:
    """A dependency of routes whose answers may be kept, but asked about before each use."""
    response.headers["Cache-Control"] = REVALIDATE


async def never_stored(response: Response) -> None:
    """A dependency of routes whose answers no cache is to keep: they speak of a person."""
    response.headers["Cache-Control"] = NEVER
