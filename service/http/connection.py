"""A connection of the server that waits for nobody: deadlines for heads, for answers left unread, and a cap.

uvicorn waits forever for the head of a request, and for a client that does not read its answer. (How long a
body may take is ``deadline``'s affair, which can still answer.)
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

_TEXT = (
    b'{"error":{"code":"overloaded","message":"too many connections; try again in a second","detail":null}}'
)
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b"Connection: close\r\nContent-Length: " + str(len(_TEXT)).encode() + b"\r\n\r\n" + _TEXT
)


@dataclass(frozen=True, slots=True)
class Waits:
    """head: seconds for the head of a request. send: that an answer may stay unread. most: connections."""

    head: float = 10.0
    send: float = 30.0
    most: int = 4096


class Config(uvicorn.Config):
    """uvicorn's, with how long connections wait."""

    def __init__(self, app: Any, waits: Waits, **options: Any) -> None:
        super().__init__(app, http=Connection, ws="none", **options)
        self.waits = waits


class Connection(H11Protocol):
    """One connection."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._waits: Waits = getattr(config, "waits", Waits())
        self._head: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there, and owes a head from now on."""
        super().connection_made(transport)
        if len(self.connections) > self._waits.most:
            transport.write(FULL)
            transport.close()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        super().data_received(data)
        self._watch()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is written to."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self._waits.send, self._cut)

    def resume_writing(self) -> None:
        """It read on."""
        super().resume_writing()
        self._forget_unread()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._forget_head()
        self._forget_unread()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """The clock runs while the client owes the rest of a head, or of a body that is answered already."""
        theirs, ours = self.conn.their_state, self.conn.our_state
        owes = theirs is h11.IDLE or (theirs is h11.SEND_BODY and ours is h11.DONE)
        if not owes or self.transport.is_closing():
            self._forget_head()
        elif self._head is None:
            self._head = self.loop.call_later(self._waits.head, self._cut)

    def _cut(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
