"""What stands before every route: a limit on bodies, and a refusal of what other sites make browsers send."""

from __future__ import annotations

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.errors import answer

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Guard:
    """ASGI middleware that refuses early, and adds the headers that keep browsers careful.

    A body that declares itself too large is refused before a byte of it is read; one that does not declare
    its size is counted while it comes. (FastAPI's own limit answers in plain text, not in our one shape.)
    A write that a page of another site makes a browser send is refused, so that nobody's browser can be used
    against a service on the same machine. origins: those whose pages may write all the same.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, origins: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._max = max_body_bytes
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
            await send(message)

        received = 0

        async def receive_within() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max:
                raise HTTPException(413)
            return message

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, receive_within, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, request = Headers(scope=scope), Request(scope)
        declared = headers.get("content-length", "0")
        if not declared.isascii() or not declared.isdigit():
            return answer(request, 400, "bad_request", "the Content-Length header is not a number")
        # Compared as text first: the header may have more digits than Python turns into a number.
        if len(declared) > 18 or int(declared) > self._max:
            message = f"the body is larger than the {self._max} bytes allowed"
            return answer(request, 413, "too_large", message, {"max_bytes": self._max})
        foreign = headers.get("sec-fetch-site") == "cross-site" and headers.get("origin") not in self._origins
        if scope["method"] not in SAFE_METHODS and foreign:
            message = "writing is not allowed from another site's pages; call the service from a backend"
            return answer(request, 403, "forbidden", message)
        return None
