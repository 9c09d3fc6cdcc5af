"""Browse: everything there is, by pages, and what filters leave of it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data.errors import UsageError
from service.http.opened import OpenEngine, TheSettings
from service.page.facets import facets
from service.page.filters import Filters
from service.page.render import page
from service.page.routes.paging import PageNumber

router = APIRouter()


@router.get("/")
def browse(request: Request, engine: OpenEngine, settings: TheSettings, number: PageNumber = 1) -> Response:
    """Everything there is, or what a filter selects of it."""
    filters = Filters.of(request)
    expression = problem = None
    try:
        expression = filters.expression
        found = engine.products(expression, number, settings.page_size)
    except UsageError as error:
        problem = error.message
        found = engine.products(None, 1, settings.page_size)
    if not found.total and expression is None:
        return page(request, "empty.html")
    return page(
        request,
        "browse.html",
        422 if problem else 200,
        found=found,
        filters=filters,
        filtered=expression is not None and problem is None,
        problem=problem,
        facets=facets(engine.parts.table()),
        columns=engine.columns(),
    )


@router.get("/docs")
def docs(request: Request) -> Response:
    """The API's documentation, drawn from /openapi.json by the page itself."""
    return page(request, "docs.html")
