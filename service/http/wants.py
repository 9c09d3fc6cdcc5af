"""Whether a request comes from a person looking at a page, or from a program."""

from __future__ import annotations

from fastapi import Request

API_PATHS = ("/v1/", "/health/", "/openapi.json", "/metrics", "/static/")


def wants_page(request: Request) -> bool:
    """True for a browser asking for a page: outside the API, and HTML is what it accepts."""
    if request.url.path.startswith(API_PATHS):
        return False
    return "text/html" in request.headers.get("accept", "")
