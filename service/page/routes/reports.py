"""Reports: how good the recommendations and the embedders are, the state of the index, and the rejects."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.http.files import FileAnswer
from service.http.opened import OpenEngine, TheSettings
from service.page.index_state import index_state
from service.page.rejected import rejected
from service.page.render import page
from service.page.reports import REPORT_POLICY, report_file, reports

router = APIRouter()


@router.get("/reports")
def report_list(request: Request, engine: OpenEngine, settings: TheSettings) -> Response:
    """The shop's reports, its index, and what of the last imports could not be used."""
    return page(
        request,
        "reports.html",
        reports=reports(settings.shop / "reports"),
        state=index_state(engine),
        rejected=rejected(engine.shop.rejects()),
    )


@router.get("/reports/{name:path}")
def report(name: str, settings: TheSettings) -> Response:
    """A file of a report, apart from the service's own pages."""
    path, kind = report_file(settings.shop / "reports", name)
    return FileAnswer(path, media_type=kind, headers={"Content-Security-Policy": REPORT_POLICY})
