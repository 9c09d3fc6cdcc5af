"""The pages: browse, product, search by photo, customers, reports, and the API's own documentation."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from data.errors import NotReady, UsageError
from service.answers import SimilarAnswer
from service.engine import Engine
from service.http.describe import with_urls
from service.http.gate import TheGate
from service.http.ids import CustomerPath, ProductPath
from service.http.opened import OpenEngine, TheSettings
from service.http.uploads import Photo, read_photo
from service.page.filters import Filters
from service.page.links import customer_link
from service.page.looks import Looks
from service.page.render import page
from service.page.reports import REPORT_POLICY, report_file, reports
from service.page.timeline import timeline
from service.requests import Look, RecommendRequest, SimilarRequest

router = APIRouter(include_in_schema=False)

HITS = 24
RECOMMENDATIONS = 24
CUSTOMERS_ON_PAGE = 60
HISTORY = 200
LATELY = 10
MOST_CATEGORIES = 400
NOTHING = "Nothing fits."

PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]


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
        categories=_categories(engine),
        columns=engine.columns(),
    )


@router.get("/products/{product_id:path}")
def product(request: Request, product_id: ProductPath, engine: OpenEngine) -> Response:
    """One product, its photos, and what looks like it."""
    found = with_urls(engine.product(product_id))
    try:
        looks = Looks.of(request, engine.aspects(), engine.calibration() is not None)
        wanted = SimilarRequest(
            examples=(Look(product_id=product_id),),
            k=HITS,
            where=looks.where,
            aspects=looks.aspects,
            diversity=looks.diversity / 100,
            min_score=looks.min_score,
        )
        answer = engine.similar(wanted)
        hits, reason = answer.hits, _nothing(answer)
    except NotReady as error:
        looks, hits, reason = Looks(()), [], error.message
    return page(request, "product.html", product=found, looks=looks, hits=hits, reason=reason)


@router.get("/search")
def search(request: Request, engine: OpenEngine) -> Response:
    """The page to search by a photo of one's own."""
    looks = Looks.of(request, engine.aspects(), engine.calibration() is not None)
    return page(request, "search.html", looks=looks, hits=None, reason=NOTHING)


@router.post("/search")
def search_photo(
    request: Request, photo: Photo, engine: OpenEngine, settings: TheSettings, gate: TheGate
) -> Response:
    """What looks like an uploaded photo, for browsers without JavaScript."""
    looks = Looks.of(request, engine.aspects(), engine.calibration() is not None)
    with gate.enter():
        example = Look(photo=read_photo(photo, settings), name="upload")
        answer = engine.similar(SimilarRequest(examples=(example,), k=HITS, min_score=looks.min_score))
    return page(request, "search.html", looks=looks, hits=answer.hits, reason=_nothing(answer))


def _nothing(answer: SimilarAnswer) -> str:
    """What to say where there is no hit."""
    return " ".join(f"{text[:1].upper()}{text[1:]}." for text in answer.warnings) or NOTHING


@router.get("/customers")
def customers(
    request: Request,
    engine: OpenEngine,
    number: PageNumber = 1,
    wanted: Annotated[str, Query(alias="id")] = "",
) -> Response:
    """Customers by id; or, asked for one, on to that customer's page."""
    if wanted.strip():
        return RedirectResponse(customer_link(wanted.strip()), 303)
    listed = engine.customers(CUSTOMERS_ON_PAGE + 1, (number - 1) * CUSTOMERS_ON_PAGE)
    return page(
        request,
        "customers.html",
        customers=listed[:CUSTOMERS_ON_PAGE],
        number=number,
        more=len(listed) > CUSTOMERS_ON_PAGE,
    )


@router.get("/customers/{customer_id:path}")
def customer(request: Request, customer_id: CustomerPath, engine: OpenEngine) -> Response:
    """What a customer did, and what is recommended to them and why."""
    history = engine.history(customer_id)
    shown = history[-HISTORY:]
    answer = engine.recommend(RecommendRequest(customer_id=customer_id, k=RECOMMENDATIONS))
    because = {
        reason["because_product_id"]
        for item in answer.items
        for reason in _reasons(item)
        if reason["because_product_id"]
    }
    cards = engine.cards({one.product_id for one in shown} | because)
    days = timeline(shown, cards)
    return page(
        request,
        "customer.html",
        customer_id=customer_id,
        days=days,
        lately=[(day.day, moment) for day in days for moment in day.moments][:LATELY],
        interactions=len(history),
        shown=len(shown),
        answer=answer,
        cards=cards,
    )


def _reasons(item: dict[str, object]) -> list[dict[str, str | None]]:
    reasons = item.get("reasons")
    return reasons if isinstance(reasons, list) else []


@router.get("/reports")
def report_list(request: Request, settings: TheSettings) -> Response:
    """The shop's evaluation reports."""
    return page(request, "reports.html", reports=reports(settings.shop / "reports"))


@router.get("/reports/{name:path}")
def report(name: str, settings: TheSettings) -> Response:
    """A file of a report, apart from the service's own pages."""
    path, kind = report_file(settings.shop / "reports", name)
    return FileResponse(path, media_type=kind, headers={"Content-Security-Policy": REPORT_POLICY})


@router.get("/docs")
def docs(request: Request) -> Response:
    """The API's documentation, drawn from /openapi.json by the page itself."""
    return page(request, "docs.html")


def _categories(engine: Engine) -> list[str]:
    """The shop's categories, most products first, at most 400; then by name."""
    column = engine.parts.table().column("category")
    counted = Counter(str(name) for name in column if name is not None and name == name)
    return sorted(name for name, _ in counted.most_common(MOST_CATEGORIES))
