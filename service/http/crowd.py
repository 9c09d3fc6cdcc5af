"""How many requests one process answers at the same time."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.errors import answer

ALWAYS = ("/health/", "/metrics")


class Crowd:
    """ASGI middleware that answers 503 with ``Retry-After`` when too many requests are inside already.

    Whoever watches the service is let in all the same.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] != "http" or scope["path"].startswith(ALWAYS):
            await self._app(scope, receive, send)
            return
        if self._inside >= self._most:
            message = f"{self._most} requests are being answered already; try again in a second"
            await answer(Request(scope), 503, "overloaded", message)(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1
