"""A search by uploaded photos, as the API and the page ask for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from fastapi import Request, UploadFile
from starlette.concurrency import run_in_threadpool

from data.errors import SpaceMismatch
from service.answers import SimilarAnswer
from service.engine import Engine
from service.http.encoding import UploadEncoder
from service.requests import Look, SimilarRequest

TRIES = 3

Ask = Callable[[tuple[Look, ...]], SimilarRequest]


async def search_by_photos(
    engine: Engine, encoder: UploadEncoder, request: Request, photos: Sequence[UploadFile], ask: Ask
) -> SimilarAnswer:
    """What ``ask`` asks for, with the uploads as examples.

    A shop that switches to another embedder between encoding and searching gets the photos encoded anew.
    Raises what ``Engine.similar`` and ``UploadEncoder.encode`` raise.
    """
    index = engine.parts.opened_index
    if index is None or not index.size:  # says that there is nothing to search before a photo is decoded
        await run_in_threadpool(engine.refresh)
    for _ in range(TRIES - 1):
        with suppress(SpaceMismatch):
            return await _asked(engine, encoder, request, photos, ask)
        await run_in_threadpool(engine.refresh)
    return await _asked(engine, encoder, request, photos, ask)


async def _asked(
    engine: Engine, encoder: UploadEncoder, request: Request, photos: Sequence[UploadFile], ask: Ask
) -> SimilarAnswer:
    encoded = await encoder.encode(engine, photos, request)
    looks = tuple(Look(encoded=one, name="upload") for one in encoded)
    return await run_in_threadpool(engine.similar, ask(looks))
