"""One line of the log for each request; and the last net under it, for faults of ours."""

from __future__ import annotations

import hashlib
import hmac
import time
from http import HTTPStatus

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.errors import on_anything_else
from service.http.logs import request_logger
from service.http.roles import ELSEWHERE
from service.settings import Settings

QUIET = frozenset({"/health/live", "/health/ready", "/metrics", "/static"})
"""Asked for by machines all day long, or with every page: logged at the level debug."""
HASH_DIGITS = 16


class Logged:
    """ASGI middleware that says who asked for what, how it ended and how long it took.

    The route stands there as a template and the key as its name: an address, with its ids and filters, a key
    and a body never reach the log. A customer's id does, or a keyed hash of it.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._log = request_logger()
        self._secret = (
            settings.session_secret.get_secret_value().encode() if settings.hash_customer_ids else None
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and write the line. What is raised becomes a 500 here, with its traceback in the log."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status: int | None = None

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            self._log.error("failed", route=_route(scope), exc_info=True)
            if status is not None:
                raise  # an answer has begun: only closing the connection says that it is not whole
            await (await on_anything_else(Request(scope), error))(scope, receive, watched)
        finally:
            self._write(scope, status, (time.perf_counter() - began) * 1000)

    def _write(self, scope: Scope, status: int | None, ms: float) -> None:
        state = scope.get("state", {})
        client = scope.get("client")
        route = _route(scope)
        told: dict[str, object] = {
            "method": scope["method"],
            "route": route,
            "status": status,
            "ms": round(ms, 2),
            "key": state.get("key_name"),
            "address": client[0] if client else None,
        }
        customer = scope.get("path_params", {}).get("customer_id")
        if customer is not None:
            told["customer"] = self._named(str(customer))
        if "error_code" in state:
            told["code"] = state["error_code"]
        self._log.log(_level(status, route), "request", **told)

    def _named(self, customer: str) -> str:
        if self._secret is None:
            return customer
        return hmac.new(self._secret, customer.encode(), hashlib.sha256).hexdigest()[:HASH_DIGITS]


def _route(scope: Scope) -> str:
    """The route as the program spells it; for what was refused before it got there, as the roles know it."""
    route = getattr(scope.get("route"), "path", None)
    return str(route or scope.get("state", {}).get("route") or ELSEWHERE)


def _level(status: int | None, route: str) -> int:
    import logging

    if status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return logging.WARNING if status == HTTPStatus.SERVICE_UNAVAILABLE else logging.ERROR
    return logging.DEBUG if route.startswith(tuple(QUIET)) and (status or 500) < 400 else logging.INFO
