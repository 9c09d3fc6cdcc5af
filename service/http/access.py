"""Whether a request may go on: the key that it came with, looked at before a byte of its body is read."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from data.errors import Damaged
from service.http.errors import answer
from service.http.keys import CurrentKeys
from service.http.roles import Asked, RoleTable
from service.http.sessions import COOKIE, Sessions
from service.http.wants import wants_page
from service.keys import LONGEST_KEY, Key, Role, find
from service.loopback import ip_of, is_local_name

KEY_HEADER = "X-API-Key"
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
READING = frozenset({"GET", "HEAD", "OPTIONS"})
SIGN_IN = "/sign-in"


class Access:
    """ASGI middleware that lets a request pass, or answers 401 or 403 in its stead.

    With keys: those of ``Authorization: Bearer`` and ``X-API-Key``, or the page's session cookie; a cookie
    counts for a write only from a page of this very service. Without keys: everybody on this machine, and
    nobody else. The name of the key is left in the request's state.
    """

    def __init__(self, app: ASGIApp, keys: CurrentKeys, sessions: Sessions) -> None:
        self._app = app
        self._keys = keys
        self._sessions = sessions
        self._table: RoleTable | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if self._table is None:
            self._table = RoleTable(scope["app"].router.routes)
        asked = self._table.asked(scope["method"], scope["path"])
        state = scope.setdefault("state", {})
        state["route"] = asked.route
        request = Request(scope)
        try:
            keys = self._keys.now()
        except Damaged as error:
            return None if asked.role is None else answer(request, 503, error.code, error.message)
        if not keys:
            return None if asked.role is None else _without_keys(request)
        return self._with_keys(request, keys, asked)

    def _with_keys(self, request: Request, keys: Sequence[Key], asked: Asked) -> Response | None:
        secret = presented(request.headers)
        if secret is not None:
            key = find(keys, secret) if len(secret) <= LONGEST_KEY else None
        else:
            key = self._sessions.key_of(request.cookies.get(COOKIE, ""), keys)
        if key is not None:
            request.state.key_name = key.name
            request.state.signed_in = key.name if secret is None else None
        else:
            request.state.stranger = True
        if asked.role is None:
            return None
        if key is None:
            return _unknown(request, secret is not None)
        if key.role < asked.role:
            return _too_low(request, key.role, asked.role)
        if secret is None and request.method not in READING and not same_origin(request.headers):
            message = "a write with the page's cookie must come from a page of this service"
            return answer(request, 403, "forbidden", message)
        return None


def presented(headers: Headers) -> str | None:
    """The key that a request carries in its headers, or None. Never looked for in the address."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    return headers.get(KEY_HEADER)


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that a page of this service sent the request.

    ``Sec-Fetch-Site`` says so; over plain HTTP browsers leave it out, and ``Origin`` does.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(headers.get("origin", "")).netloc
    return bool(origin) and origin == headers.get("host")


def _unknown(request: Request, presented_one: bool) -> Response:
    if wants_page(request) and request.method in READING and not presented_one:
        there = quote(request.scope["path"]) + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN}?back={quote(there)}", 303, {"Cache-Control": "no-store"})
    message = (
        "the service does not know this key; `vitrine keys list` shows those there are"
        if presented_one
        else f"a key is needed: send it as `Authorization: Bearer KEY` or `{KEY_HEADER}: KEY`"
    )
    refusal = answer(request, 401, "unauthorized", message)
    refusal.headers["WWW-Authenticate"] = "Bearer"
    return refusal


def _too_low(request: Request, has: Role, needs: Role) -> Response:
    message = f"this takes a key with the role {needs.word}, and this one has {has.word}"
    return answer(request, 403, "role_too_low", message, {"role": has.word, "needs": needs.word})


def _without_keys(request: Request) -> Response | None:
    """None where the request comes from this machine, else its refusal.

    Addresses that are none (a test's, a Unix socket's) did not come over a network. The Host is looked at so
    that no page can reach the service by a name of its own that it lets point here (DNS rebinding); headers
    of proxies are, so that a proxy on this machine does not open the service to everybody.
    """
    ends = [ip_of(str(end[0])) for end in (request.scope.get("client"), request.scope.get("server")) if end]
    real = [end for end in ends if end is not None]
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    served = request.scope.get("server")
    if not all(end.is_loopback for end in real):
        reason = "it was asked from another machine"
    elif any(name in request.headers for name in FORWARDED):
        reason = "a proxy passed this on"
    elif served and ip_of(str(served[0])) is not None and not is_local_name(host):
        reason = "it was asked under a name that is not this machine's own"
    else:
        return None
    message = f"without keys the service answers on its own machine only, and {reason}: `vitrine keys add`"
    return answer(request, 403, "keys_required", message)
