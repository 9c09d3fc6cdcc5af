"""Whether the process lives, and whether the shop can be searched."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from data.errors import NotReady, VitrineError
from service.http.errors import answer
from service.http.opened import TheSlot
from service.http.routes.failures import failures
from service.http.schemas.health import Alive, Ready
from service.http.stopping import Stopping

STOPPING = "stopping"

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", response_model=Alive)
async def live() -> Alive:
    """200 as long as the process answers. Touches neither the shop nor a thread."""
    return Alive()


@router.get("/ready", response_model=Ready, responses=failures())
def ready(request: Request, slot: TheSlot) -> Response | Ready:
    """200 when searches can be answered; else 503, and `detail.missing` says what to do.

    The code is `stopping` from the moment the service was told to stop: it still answers, but send requests
    elsewhere.
    """
    stopping: Stopping = request.app.state.stopping
    if stopping.begun:
        return answer(request, 503, STOPPING, "the service is about to stop; send requests to another one")
    try:
        engine = slot.engine()
        lacking = engine.obstacles()
        if not lacking:
            return Ready(warnings=list(engine.warnings()))
    except VitrineError as error:
        return answer(request, 503, error.code, error.message, {"missing": [error.message]})
    message = "the shop cannot be searched yet: " + "; ".join(lacking)
    return answer(request, 503, NotReady.code, message, {"missing": lacking})
