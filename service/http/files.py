"""Files as answers: whole or in part, refusals in the one shape."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from service.http.errors import CODES, answer

MESSAGES = {
    400: "the header Range cannot be read; write it as bytes=0-1023",
    416: "the file has no bytes in the range that was asked for; Content-Range says how many it has",
}


class FileAnswer(FileResponse):
    """A file, or what of it ``Range`` asks for; a unit other than bytes asks for nothing (RFC 9110, 14.2)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; or, where the range cannot be had, an error in the place of Starlette's bare one."""
        refused: Message | None = None
        kept = [(name, value) for name, value in scope["headers"] if name != b"range" or _in_bytes(value)]
        scope = {**scope, "headers": kept}

        async def pass_on(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] in MESSAGES:
                refused = message
            elif refused is None:
                await send(message)

        await super().__call__(scope, receive, pass_on)
        if refused is not None:
            status = refused["status"]
            error = answer(Request(scope), status, CODES[status], MESSAGES[status])
            size = Headers(raw=refused["headers"]).get("content-range")
            if size is not None:
                error.headers["Content-Range"] = size
            await error(scope, receive, send)


def _in_bytes(value: bytes) -> bool:
    """Whether a range is one of bytes, or says no unit."""
    unit, equals, _ = value.partition(b"=")
    return not equals or unit.strip().lower() == b"bytes"
