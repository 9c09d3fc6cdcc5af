"""Importing interactions from a file."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from data.errors import TooManyRejects, UsageError
from data.interactions import EventNames, read_interactions
from service.answers import EventsReport
from service.parts import Parts
from service.progress import Step, Tell
from service.requests import EventsRequest

WRITER = "vitrine interactions"


def import_interactions(parts: Parts, request: EventsRequest, tell: Tell) -> EventsReport:
    """Store a file's interactions chunk by chunk; what is stored already is counted as repeated."""
    shop = parts.shop
    began = time.perf_counter()
    reasons: Counter[str] = Counter()
    rows = stored = repeated = rejected = 0
    with shop.writer(WRITER):
        names = EventNames(request.default_event, request.event_names)
        chunks = read_interactions(request.events, request.columns, shop.known_products, names)
        if request.weights is not None:
            shop.event_weights = {**shop.event_weights, **request.weights}
        number = shop.begin_import("interactions", str(request.events.resolve()))
        try:
            for chunk in chunks:
                done = shop.put_interactions(chunk.interactions)
                refused = [*chunk.rejects, *chunk.conflicts(done.conflicts)]
                shop.put_rejects(number, refused)
                stored += done.stored
                repeated += done.repeated
                rejected += len(refused)
                rows += chunk.rows_read
                reasons.update(reject.reason for reject in refused)
                tell(Step("interactions", rows))
        except UsageError as error:
            raise _torn(error, rows, stored) from error
        shop.finish_import(number, rows, stored + repeated, rejected)
    report = EventsReport(
        rows=rows,
        used=stored + repeated,
        rejected=rejected,
        stored=stored,
        repeated=repeated,
        reasons=dict(reasons),
        seconds=time.perf_counter() - began,
    )
    allowed = request.max_reject_share
    refuse_too_many(shop.directory, rejected, rows, allowed, reasons, report.as_json())
    return report


def _torn(error: UsageError, rows: int, stored: int) -> UsageError:
    """What went wrong inside a file, and what was done by then."""
    if not rows:
        return error
    return UsageError(
        f"{error.message}. {rows} rows were read before, {stored} of them stored anew and kept: mend the "
        "file and import it again, they will be known already",
        **error.detail,
    )


def refuse_too_many(
    shop: Path,
    rejected: int,
    rows: int,
    allowed: float,
    reasons: Mapping[str, int],
    report: Mapping[str, object],
) -> None:
    """Raise TooManyRejects if more than the share ``allowed`` of the rows was rejected; the rest is kept."""
    if not rows or rejected / rows <= allowed:
        return
    worst = ", ".join(f"{n} {reason}" for reason, n in Counter(reasons).most_common(3))
    raise TooManyRejects(
        f"{rejected} of {rows} rows were rejected ({rejected / rows:.1%}; allowed are {allowed:.1%}): "
        f"{worst}; the other {rows - rejected} are kept. See which with `vitrine info --shop {shop} "
        "--rejects OUT.csv`, mend the file and run again, or allow more with --max-reject-share",
        report=dict(report),
    )
