"""A number for every request, in its answer, in its failure and in every line of the log about it."""

from __future__ import annotations

import re
from contextvars import ContextVar
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

HEADER = "X-Request-ID"
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What is taken over from a client: short, and nothing that could be mistaken for more in a log."""

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """The number of the request that is being answered here; None outside of one."""
    return _current.get()


class Identified:
    """ASGI middleware that gives each request its number: the client's own if it is short and plain."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with ``X-Request-ID`` on the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        number = given if PLAIN.fullmatch(given) else uuid4().hex

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = number
            await send(message)

        token = _current.set(number)
        try:
            with bound_contextvars(request_id=number):
                await self._app(scope, receive, numbered)
        finally:
            _current.reset(token)
