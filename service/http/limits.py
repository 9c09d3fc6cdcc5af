"""How often one client may ask: by key and by address, counted in this process."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable

from fastapi import Request
from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.errors import answer
from service.loopback import ip_of

UNLIMITED = frozenset({"/health/live"})
IPV6_CLIENT = 64
"""Bits that tell one IPv6 client from another: whoever has an address has all of its /64."""


class Limited:
    """ASGI middleware that answers 429 with ``Retry-After`` to who asks more often than allowed.

    Fixed windows: what is allowed in a second may come at once. who: whom a request counts for; None: nobody.
    """

    def __init__(self, app: ASGIApp, rate: str, who: Callable[[Scope], str | None]) -> None:
        self._app = app
        self._rates = parse_many(rate)
        self._who = who
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        who = self._who(scope) if scope["type"] == "http" and scope["path"] not in UNLIMITED else None
        if who is not None:
            for rate in self._rates:
                if not await self._limiter.hit(rate, who):
                    await self._refuse(rate, who, scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _refuse(
        self, rate: RateLimitItem, who: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        until = (await self._limiter.get_window_stats(rate, who)).reset_time
        seconds = max(1, math.ceil(until - time.time()))
        message = f"this client may ask {rate}; come again in {seconds} s"
        refusal = answer(Request(scope), 429, "rate_limited", message, {"limit": str(rate)})
        refusal.headers["Retry-After"] = str(seconds)
        await refusal(scope, receive, send)


def by_address(scope: Scope) -> str | None:
    """The client's address, or the network that one IPv6 client has to itself; None on a Unix socket."""
    client = scope.get("client")
    if not client:
        return None
    found = ip_of(str(client[0]))
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, IPV6_CLIENT), strict=False))
    return str(client[0] if found is None else found)


def by_key(scope: Scope) -> str | None:
    """The name of the key, which ``Access`` left there."""
    name = scope.get("state", {}).get("key_name")
    return None if name is None else str(name)
