"""Times every request by the template of its route, and counts those under way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.metrics import Metrics

UNKNOWN = "none"
"""Stands for all addresses that no route has: what strangers try must not grow the list of series."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Measured:
    """ASGI middleware, the outermost: what it measures is what the client waits for."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and look at the clock."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, watched)
        finally:
            self._metrics.in_flight.dec()
            labels = (_method(scope), _template(scope), str(request.status))
            self._metrics.requests.labels(*labels).observe(time.perf_counter() - request.began)


@dataclass(slots=True)
class _Request:
    """status: 500 until an answer begins, as an application that fails before it leaves the server one."""

    status: int = 500
    began: float = field(default_factory=time.perf_counter)


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in METHODS else UNKNOWN


def _template(scope: Scope) -> str:
    """The route as it is written in the program, e.g. ``/v1/products/{product_id:path}/similar``."""
    route = getattr(scope.get("route"), "path", None)
    if isinstance(route, str) and route:
        return route
    return "/static" if str(scope.get("path", "")).startswith("/static/") else UNKNOWN
