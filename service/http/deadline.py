"""How long a body may take to arrive: slow clients are cut, as the server itself would wait forever."""

from __future__ import annotations

import asyncio
import time

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GRACE_SECONDS = 5.0
"""In which a body may come as slowly as it wants, so that a bad moment on the way is no failure."""


class Deadline:
    """ASGI middleware that gives a body so many seconds in all, and after a grace so many bytes per second.

    seconds: from the first look at the body until it is there. rate: bytes per second; 0: any. Too slow is
    408, and the connection is closed.
    """

    def __init__(self, app: ASGIApp, seconds: float, rate: int) -> None:
        self._app = app
        self._seconds = seconds
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with a receive that does not wait forever."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began: float | None = None
        received = 0
        whole = False

        async def in_time() -> Message:
            nonlocal began, received, whole
            if whole:  # what comes now is only the news that the client went away
                return await receive()
            now = time.monotonic()
            began = now if began is None else began
            try:
                async with asyncio.timeout(max(0.0, began + self._allowed(received) - now)):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the body came too slowly", {"Connection": "close"}) from None
            received += len(message.get("body", b""))
            whole = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        await self._app(scope, in_time, send)

    def _allowed(self, received: int) -> float:
        """Seconds from the beginning until more must have come than this."""
        if not self._rate:
            return self._seconds
        return min(self._seconds, GRACE_SECONDS + received / self._rate)
