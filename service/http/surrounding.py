"""What surrounds every route, from the outside in, and why in this order.

Measured (what the client waits for) · Identified (a number for whatever follows) · the proxy's word on who
asks, where it is trusted · Logged (one line, and faults of ours become answers) · Leaving · CORS (so that
refusals reach the page that asked) · Guard (headers for browsers; bodies that are too large) · the limit per
address (before keys, as guessing them must be slow) · Access (the key; nothing of the body was read) · the
limit per key · Crowd · Deadline.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.http.access import KEY_HEADER, Access
from service.http.access_log import Logged
from service.http.crowd import Crowd
from service.http.deadline import Deadline
from service.http.guard import Guard
from service.http.keys import current_keys
from service.http.limits import Limited, by_address, by_key
from service.http.measured import Measured
from service.http.request_id import HEADER, Identified
from service.http.secured import describe_security
from service.http.sessions import Sessions
from service.http.stopping import Leaving
from service.settings import Settings

# Boundaries and part headers of a multipart body, on top of the photo itself.
ENVELOPE_BYTES = 64 * 1024
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
TAKEN = ("Authorization", KEY_HEADER, HEADER, "Content-Type", "If-None-Match")
TOLD = (HEADER, "Retry-After", "ETag")


def surround(app: FastAPI, settings: Settings) -> None:
    """Put everything around an app that has its ``state.metrics`` and ``state.stopping``.

    Leaves ``state.keys`` and ``state.sessions`` for the route that signs people in.
    """
    app.state.keys = current_keys(settings)
    app.state.sessions = Sessions(settings)
    describe_security(app, app.state.keys)
    # Each is put around those before it: the innermost comes first.
    app.add_middleware(Deadline, seconds=settings.receive_seconds, rate=settings.receive_bytes_per_second)
    app.add_middleware(Crowd, most=settings.max_in_flight)
    if settings.rate_limit_per_key:
        app.add_middleware(Limited, rate=settings.rate_limit_per_key, who=by_key)
    app.add_middleware(Access, keys=app.state.keys, sessions=app.state.sessions)
    if settings.rate_limit_per_address:
        app.add_middleware(Limited, rate=settings.rate_limit_per_address, who=by_address)
    app.add_middleware(
        Guard,
        max_body_bytes=settings.max_upload_bytes + ENVELOPE_BYTES,
        origins=frozenset(settings.cors_origins),
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=METHODS,
            allow_headers=TAKEN,
            expose_headers=TOLD,
        )
    app.add_middleware(Leaving, stopping=app.state.stopping)
    app.add_middleware(Logged, settings=settings)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    app.add_middleware(Identified)
    app.add_middleware(Measured, metrics=app.state.metrics)
