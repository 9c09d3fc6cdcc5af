"""Routes that refuse what they do not know, so that a typing error does not pass silently."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Cookie, Header, Path
from fastapi.routing import APIRoute

from service.http.ids import LONGER_ROUTES

ELSEWHERE = (Path, Header, Cookie)
LONGER = (*LONGER_ROUTES, "/recommendations")


class Declared(APIRoute):
    """A route whose address carries only parameters that the route declares; others are 422, before a byte of
    the body is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request of this route."""
        handler = super().get_route_handler()
        declared = get_flat_params(self.dependant)  # those of a model each by itself, and no Query then
        known = frozenset(one.alias for one in declared if not isinstance(one.field_info, ELSEWHERE))
        longer = () if self.path.endswith(LONGER) else LONGER

        async def checked(request: Request) -> Response:
            unknown = request.query_params.keys() - known
            if unknown and request.scope["path"].endswith(longer):
                # The parameters are those of a longer route, which an id with a slash looks like.
                raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)
            refuse_unknown("query", request.query_params, known, "Extra inputs are not permitted")
            return await handler(request)

        return checked


def refuse_unknown(place: str, given: Iterable[str], known: frozenset[str], problem: str) -> None:
    """Raises RequestValidationError for every name of ``query`` or ``body`` that is not known."""
    unknown = [name for name in given if name not in known]
    if unknown:
        raise RequestValidationError([{"loc": (place, name), "msg": problem} for name in unknown])
