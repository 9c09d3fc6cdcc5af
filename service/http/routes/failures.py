"""What routes say in OpenAPI of the ways they can fail."""

from __future__ import annotations

from typing import Any

from service.http.schemas.base import ErrorAnswer

MEANINGS = {
    403: "`forbidden`: a page of another site sent this",
    404: "`unknown_product`, `unknown_photo` or `unknown_customer`: there is no such thing in the shop",
    409: "`empty_shop`, `no_vector`, `shop_busy`, …: the shop lacks what the request needs, or is busy",
    413: "`too_large`: the body is larger than the service allows",
    422: "`invalid_request`, `usage`, `bad_filter` or `bad_photo`: the request is wrong; `detail` says where",
    503: "`overloaded`, `shop_missing` or `damaged`: not now; `Retry-After` says when to come again",
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that can fail with these statuses (422 and 503 always can)."""
    return {
        status: {"model": ErrorAnswer, "description": MEANINGS[status]}
        for status in sorted({*statuses, 422, 503})
    }
