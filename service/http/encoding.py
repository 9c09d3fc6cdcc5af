"""Uploaded photos on their way to vectors: bounded in number, decoded on own threads, encoded together.

Nothing here runs on the threads that answer other requests, so a search by product never waits for a photo.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated, TypeVar

from fastapi import Depends, Request, UploadFile
from starlette.exceptions import HTTPException

from data.cores import cores
from service.engine import Engine
from service.http.batching import Batcher, Prepared, Unwatched, Watch
from service.http.errors import Overloaded
from service.http.uploads import read_photo
from service.requests import Encoded
from service.settings import Settings

MOST_DECODERS = 4
CLIENT_LEFT = 499
"""The status for a client that is no longer there to read it, as nginx logs it."""

Answer = TypeVar("Answer")


class UploadEncoder:
    """Turns uploads into vectors for all requests of a service. Safe to use from several threads.

    At most ``upload_queue`` photos are inside at a time, from admission until they are encoded. No client
    waits longer than ``upload_seconds``; a photo that a thread is still busy with keeps its place.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._batcher = Batcher(settings.upload_window_ms / 1000, largest=settings.upload_batch)
        self._lock = threading.Lock()
        self._inside = 0
        self._decoders: ThreadPoolExecutor | None = None

    @property
    def waiting(self) -> int:
        """Photos inside now: to be decoded, being decoded, or to be encoded."""
        return self._inside

    @property
    def watch(self) -> Watch:
        """Who is told what happens; assign another to measure."""
        return self._batcher.watch

    @watch.setter
    def watch(self, watch: Watch | None) -> None:
        self._batcher.watch = watch or Unwatched()

    async def encode(
        self, engine: Engine, uploads: Sequence[UploadFile], request: Request
    ) -> tuple[Encoded, ...]:
        """The vectors of uploads, in order, in the shop's space (each says in which).

        Raises Overloaded where there is no place for all of them or they take too long, BadPhoto and
        UsageError for one that cannot be used, HTTPException(499) when the client has left meanwhile.
        """
        answers = self._admit(engine, uploads)
        try:
            async with asyncio.timeout(self._settings.upload_seconds):
                return tuple(await _unless_left(request, _all(answers)))
        except TimeoutError:
            self.watch.refused()
            raise Overloaded(
                f"the photo was not searched within the {self._settings.upload_seconds:g} seconds allowed; "
                "try again in a second, or send a smaller one"
            ) from None
        finally:
            for answer in answers:
                answer.cancel()

    def close(self) -> None:
        """Answer what was taken, then let the threads go; an upload that comes later starts new ones."""
        with self._lock:
            decoders, self._decoders = self._decoders, None
        if decoders is not None:
            decoders.shutdown(wait=True)
        self._batcher.close()

    def _admit(self, engine: Engine, uploads: Sequence[UploadFile]) -> list[Future[Encoded]]:
        with self._lock:
            if self._inside + len(uploads) > self._settings.upload_queue:
                self.watch.refused()
                raise Overloaded("too many photos are waiting to be searched; try again in a second")
            if self._decoders is None:
                self._decoders = ThreadPoolExecutor(min(MOST_DECODERS, cores()), "vitrine-decode")
            decoders = self._decoders
            answers: list[Future[Encoded]] = [Future() for _ in uploads]
            for upload, answer in zip(uploads, answers, strict=True):
                self._batcher.announce()
                self._inside += 1
                decoders.submit(self._decode, engine, upload, answer)
        return answers

    def _decode(self, engine: Engine, upload: UploadFile, answer: Future[Encoded]) -> None:
        """Runs on a decoder's thread: from an upload to the batcher, or to what is wrong with it."""
        try:
            prepared = None if answer.cancelled() else self._prepared(engine, upload, answer)
        except Exception as error:  # whatever it is, it is the answer to this upload
            if answer.set_running_or_notify_cancel():
                answer.set_exception(error)
            prepared = None
        if prepared is None:
            self._batcher.withdraw()
            self._leave()
        else:
            self._batcher.hand_in(prepared)
            answer.add_done_callback(lambda _: self._leave())

    def _prepared(self, engine: Engine, upload: UploadFile, answer: Future[Encoded]) -> Prepared:
        data = read_photo(upload, self._settings)
        space = engine.shop.current_space()
        embedder = engine.parts.embedder(None if space is None else space.space)
        size = embedder.runtime.batch
        began = time.monotonic()
        try:
            photo = embedder.prepare(data)
            return Prepared(embedder, size, photo, embedder.colours(photo), answer)
        finally:
            self.watch.decoded(time.monotonic() - began)

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1


async def _all(answers: Sequence[Future[Answer]]) -> list[Answer]:
    return await asyncio.gather(*map(asyncio.wrap_future, answers))


async def _unless_left(request: Request, work: Coroutine[None, None, Answer]) -> Answer:
    """What ``work`` gives; it is cancelled when the client leaves, since nobody would read it."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise HTTPException(CLIENT_LEFT, "the client left before its photo was searched")
    finally:
        for task in (working, leaving):
            task.cancel()


async def _left(request: Request) -> None:
    """Returns when the client has left. To be asked after the body was read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def encoder_of(request: Request) -> UploadEncoder:
    """The encoder of the app that answers this request."""
    encoder: UploadEncoder = request.app.state.uploads
    return encoder


TheEncoder = Annotated[UploadEncoder, Depends(encoder_of)]
