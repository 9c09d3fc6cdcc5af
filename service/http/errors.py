"""Every failure as ``{"error": {"code", "message", "detail", "request_id"}}``, and which status each has.

``STATUS`` is the one table from error class to HTTP status. Whatever is not in the tree of ``data.errors`` is
a fault of ours: it answers 500 with the code ``internal`` and tells the client nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from data import errors as e
from service.http.request_id import current_request_id
from service.http.wants import API_PATHS, wants_page
from service.page.problems import problem_page


class Overloaded(e.VitrineError):
    """More photos are waiting to be encoded than the service queues; trying again soon helps."""

    code = "overloaded"


STATUS: Mapping[type[e.VitrineError], int] = {
    e.VitrineError: 500,
    e.UsageError: 422,
    e.BadFilter: 422,
    e.BadPhoto: 422,
    e.NotFound: 404,
    e.UnknownProduct: 404,
    e.UnknownPhoto: 404,
    e.UnknownCustomer: 404,
    e.UnknownRule: 404,
    # The client named nothing wrong: it is the service that has no shop (yet).
    e.ShopMissing: 503,
    e.NotReady: 409,
    e.EmptyShop: 409,
    e.NoVector: 409,
    e.NotTrained: 409,
    e.SpaceMismatch: 409,
    e.ShopBusy: 409,
    e.Damaged: 503,
    e.SchemaMismatch: 503,
    e.WeightsMissing: 409,
    e.TooManyRejects: 422,
    e.LeakageFound: 500,
    Overloaded: 503,
}
# Codes of refusals that come from the HTTP layer itself.
CODES: Mapping[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "no_route",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    416: "range_not_satisfiable",
    429: "rate_limited",
}
RETRY_AFTER_SECONDS = 1


def status_of(error: e.VitrineError) -> int:
    """The status of an error: its own, else that of its nearest ancestor in the table."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def body(code: str, message: str, detail: object = None) -> dict[str, object]:
    """The one shape of an error, with the number of the request that is being answered."""
    number = current_request_id()
    return {"error": {"code": code, "message": message, "detail": detail, "request_id": number}}


def plain(value: object) -> object:
    """What JSON can carry of an error's detail; anything else becomes its text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    return str(value)


def answer(request: Request, status: int, code: str, message: str, detail: object = None) -> Response:
    """An error for a program as JSON, for a person with a browser as a page; its code also for the log."""
    request.scope.setdefault("state", {})["error_code"] = code
    if wants_page(request):
        response: Response = problem_page(request, status, code, message)
    else:
        response = JSONResponse(body(code, message, plain(detail)), status)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if not request.url.path.startswith(API_PATHS):
        response.headers["Vary"] = "Accept"  # the same address answers a person and a program differently
    return response


async def on_vitrine_error(request: Request, error: Exception) -> Response:
    """An error that Vitrine raised on purpose."""
    if not isinstance(error, e.VitrineError):
        return await on_anything_else(request, error)
    return answer(request, status_of(error), error.code, error.message, error.detail or None)


async def on_validation_error(request: Request, error: Exception) -> Response:
    """A request that does not fit its schema: which field, and what is wrong with it (never the value)."""
    problems = []
    if isinstance(error, RequestValidationError):
        for found in error.errors():
            where = ".".join(str(part) for part in found.get("loc", ()))
            problems.append({"where": where, "problem": str(found.get("msg", "invalid"))})
    first = f"{problems[0]['where']}: {problems[0]['problem']}" if problems else "it does not fit its schema"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    message = f"the request is not valid: {first}{more}"
    return answer(request, 422, "invalid_request", message, {"problems": problems})


async def on_http_error(request: Request, error: Exception) -> Response:
    """A refusal of the HTTP layer: no such route, method not allowed, body too large."""
    if not isinstance(error, HTTPException):
        return await on_anything_else(request, error)
    code = CODES.get(error.status_code, "http_error")
    messages = {
        404: f"there is no route {request.url.path}; /docs lists those there are",
        405: f"{request.method} is not possible on {request.url.path}; /docs lists what is",
        413: f"the body is larger than the {request.app.state.settings.max_upload_bytes} bytes allowed",
    }
    message = messages.get(error.status_code, str(error.detail))
    response = answer(request, error.status_code, code, message)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(sorted(_allowed(request)))
    return response


def _allowed(request: Request) -> set[str]:
    """The methods that an address has, of all the routes that match it.

    An id may contain slashes, so that ``/v1/products/{id}`` matches ``…/similar`` too; the longer route wins.
    """
    fitting = [
        route
        for route in iter_route_contexts(request.app.routes)
        if route.methods and route.matches(request.scope)[0] != Match.NONE
    ]
    exact = [route for route in fitting if not (route.path or "").endswith("}")]
    return {method for route in exact or fitting for method in route.methods or ()}


async def on_anything_else(request: Request, _: Exception) -> Response:
    """A fault of ours. The server's log has the traceback; the client gets no word of it."""
    return answer(request, 500, "internal", "something went wrong on our side; the service's log says what")


def install(app: FastAPI) -> None:
    """Make the app answer every failure in the one shape."""
    app.add_exception_handler(e.VitrineError, on_vitrine_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_anything_else)
