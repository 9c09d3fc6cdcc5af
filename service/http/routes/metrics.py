"""What Prometheus asks for."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from service.http.metrics import Metrics
from service.http.observed import Observed
from service.http.routes.failures import failures

router = APIRouter(tags=["health"])

TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Prometheus's text format, or OpenMetrics for whoever accepts it",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.get("/metrics", response_class=Response, responses={**failures(), **TEXT})
def metrics(request: Request) -> Response:
    """For Prometheus: counts and times of all workers since the service started, and the shop's state."""
    counted: Metrics = request.app.state.metrics
    observed: Observed = request.app.state.observed
    observed.count()
    text, kind = counted.exposition(request.headers.get("accept", ""), [observed])
    return Response(text, headers={"Content-Type": kind, "Cache-Control": "no-store"})
