"""A failure as a page for a person."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from service.page.render import page

HEADINGS = {
    "no_route": "There is no such page",
    "unknown_product": "No such product",
    "unknown_customer": "No such customer",
    "shop_missing": "There is no shop here yet",
    "empty_shop": "Nothing is in the window yet",
    "bad_filter": "That filter cannot be read",
    "bad_photo": "That photo cannot be used",
    "internal": "Something went wrong on our side",
}
# Failures that a command mends: the page says which.
NEEDS_INDEX = frozenset({"shop_missing", "empty_shop"})


def problem_page(request: Request, status: int, code: str, message: str) -> HTMLResponse:
    """What went wrong, in words, and what to do."""
    return page(
        request,
        "problem.html",
        status,
        heading=HEADINGS.get(code, "That did not work"),
        message=message,
        code=code,
        needs_index=code in NEEDS_INDEX,
    )
