"""What routes say in OpenAPI of the ways they can fail: each code with its status, meaning and an example."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from service.http.schemas.base import ErrorAnswer

# Code → status, what it means, and a message as it may read.
FAILURES: dict[str, tuple[int, str, str]] = {
    "bad_request": (
        400,
        "the body cannot be read at all",
        "there was an error parsing the body",
    ),
    "unauthorized": (
        401,
        "the service has keys, and the request brings none that it knows",
        "a key is needed: send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`",
    ),
    "role_too_low": (
        403,
        "the key may not do this; `detail.needs` says which role may",
        "this takes a key with the role admin, and this one has read",
    ),
    "keys_required": (
        403,
        "the service has no keys, and then answers on its own machine only",
        "without keys the service answers on its own machine only: `vitrine keys add`",
    ),
    "forbidden": (
        403,
        "a page of another site made a browser send this",
        "writing is not allowed from another site's pages; call the service from a backend",
    ),
    "unknown_product": (404, "the shop has no such product", "no product 'no-such' in this shop"),
    "unknown_photo": (404, "the shop has no such photo", "no photo '0000000000000000' in this shop"),
    "unknown_customer": (
        404,
        "nothing is stored of such a customer",
        "nothing is stored of a customer 'c-0'",
    ),
    "unknown_rule": (404, "no such rule or change", "no rule 3 is in force in this shop"),
    "empty_shop": (
        409,
        "nothing is indexed yet",
        "nothing is indexed yet; run `vitrine index CATALOGUE` first",
    ),
    "not_ready": (
        409,
        "what the request needs was not made yet",
        "the least score of a look-alike is not known yet; run `vitrine embedders evaluate`",
    ),
    "no_vector": (
        409,
        "the product has no photo that could be used",
        "product 's-1' has no usable photo, so nothing can be found by its looks",
    ),
    "space_mismatch": (
        409,
        "the embedder's vectors are not those of the shop",
        "the shop's vectors are of another space; run `vitrine index` again",
    ),
    "weights_missing": (
        409,
        "the embedder's weights are not installed",
        "the weights of the embedder are not there",
    ),
    "shop_busy": (
        409,
        "another process kept the database locked; try again",
        "another process kept the shop's database locked for 30 s; try again when it is done",
    ),
    "too_slow": (
        408,
        "the body came too slowly",
        "the body came too slowly",
    ),
    "too_large": (
        413,
        "the body is larger than the service allows",
        "the body is larger than the 20971520 bytes allowed",
    ),
    "range_not_satisfiable": (
        416,
        "the file has no bytes in the range that `Range` asks for; `Content-Range` says how many it has",
        "the file has no bytes in the range that was asked for; Content-Range says how many it has",
    ),
    "invalid_request": (
        422,
        "a parameter or the body does not fit its schema; `detail.problems` says where",
        "the request is not valid: query.k: Input should be greater than or equal to 1",
    ),
    "usage": (
        422,
        "what is asked for is not possible, or beyond a limit of the service",
        "k is 500, but this service answers at most 200",
    ),
    "bad_filter": (
        422,
        "`where` cannot be understood",
        "no column 'size' in this shop; its columns are category, price",
    ),
    "bad_photo": (
        422,
        "a photo cannot be used; `detail.reason` says why",
        "the file is no image that can be read",
    ),
    "rate_limited": (
        429,
        "this key or address asked too often; `Retry-After` says when to come again",
        "this client may ask 100 per 1 second; come again in 1 s",
    ),
    "overloaded": (
        503,
        "too many photos or requests are waiting; `Retry-After` says when to come again",
        "too many photos are waiting to be searched; try again in a second",
    ),
    "shop_missing": (503, "there is no shop yet", "no shop in my-shop: make one with 'vitrine index'"),
    "damaged": (
        503,
        "a file of the shop is damaged",
        "the shop's database is damaged: restore it from a backup",
    ),
    "schema_mismatch": (
        503,
        "the shop is of another version of Vitrine",
        "the shop's database is of another version",
    ),
}
ALWAYS = (
    "unauthorized",
    "role_too_low",
    "keys_required",
    "invalid_request",
    "usage",
    "rate_limited",
    "overloaded",
    "shop_missing",
    "damaged",
    "schema_mismatch",
)
WRITES = ("bad_request", "too_slow", "too_large")
UPLOAD = ("bad_photo", "overloaded")
"""What every route that takes a photo may also answer."""

_DETAILS: dict[str, object] = {
    "unknown_product": {"product_id": "no-such"},
    "invalid_request": {
        "problems": [{"where": "query.k", "problem": "Input should be greater than or equal to 1"}]
    },
    "usage": {"limit": 200},
    "role_too_low": {"role": "read", "needs": "admin"},
    "rate_limited": {"limit": "100 per 1 second"},
    "bad_filter": {"column": "size", "columns": ["category", "price"]},
    "bad_photo": {"reason": "not_an_image"},
}


def failures(*ways: int | str) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that can fail with these codes; a status stands for all of its codes.

    ``invalid_request`` and ``usage``, and what is wrong with a shop as a whole, can always be; what is wrong
    with a body can be wherever a write can be forbidden.
    """
    writes = WRITES if "forbidden" in ways or HTTPStatus.FORBIDDEN in ways else ()
    told = {*ways, *ALWAYS, *writes}
    codes = [code for code, (status, _, _) in FAILURES.items() if code in told or status in told]
    statuses = sorted({FAILURES[code][0] for code in codes})
    return {status: _described([c for c in codes if FAILURES[c][0] == status]) for status in statuses}


def _described(codes: Iterable[str]) -> dict[str, Any]:
    told = list(codes)
    return {
        "model": ErrorAnswer,
        "description": "; ".join(f"`{code}`: {FAILURES[code][1]}" for code in told),
        "content": {"application/json": {"examples": {code: _example(code) for code in told}}},
    }


def _example(code: str) -> dict[str, Any]:
    _, meaning, message = FAILURES[code]
    error = {
        "code": code,
        "message": message,
        "detail": _DETAILS.get(code),
        "request_id": "5f2b7d0c9a8e4b1f8c3d6e7a9b0c1d2e",
    }
    return {"summary": meaning, "value": {"error": error}}
