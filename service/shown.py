"""The log of recommendations as a file for off-policy evaluation: what was shown, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import UsageError
from recommender.rewards import REWARDED, with_rewards
from service.answers import Json
from service.parts import Parts

if TYPE_CHECKING:
    import pandas as pd

FORMATS = (".parquet", ".csv")


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """An order to write the log of recommendations with rewards.

    out: a .parquet or .csv file. since: only what was shown from this moment on (aware). days: how long after
    an answer an event counts for it. events: which ones count.
    """

    out: Path
    since: datetime | None = None
    days: float = 7.0
    events: Sequence[str] = REWARDED

    def __post_init__(self) -> None:
        if self.out.suffix.lower() not in FORMATS:
            raise UsageError(f"the file must end in {' or '.join(FORMATS)}, not {self.out.name!r}")
        if not 0 < self.days <= 3650:
            raise UsageError(
                f"an event counts for an answer for some days, above 0 and at most 3650, not {self.days:g}"
            )
        if self.since is not None and self.since.tzinfo is None:
            raise UsageError("the moment from which on rows are wanted needs a time zone")


def export_shown(parts: Parts, request: ShownRequest) -> Json:
    """Write the file; returns path, rows, answers, customers, rewarded, left_out, events and days.

    Raises UsageError for an unknown event.
    """
    if parts.log is not None:
        parts.log.flush()
    # The log first: an event between the two readings belongs to a row that has been read.
    shown = parts.shop.recommendation_log.frame(request.since)
    now, window = datetime.now(UTC), timedelta(days=request.days)
    found = with_rewards(shown, parts.shop.interactions(), now, window, request.events)
    _write(found.table, request.out)
    return {
        "path": str(request.out),
        "rows": len(found.table),
        "answers": int(found.table["request_id"].nunique()),
        "customers": int(found.table["customer_id"].nunique()),
        "rewarded": int(found.table["reward"].sum()),
        "left_out": {why: count for why, count in found.left_out.items() if count},
        "events": list(request.events),
        "days": request.days,
    }


def _write(table: pd.DataFrame, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() == ".parquet":
        table.to_parquet(out, index=False)
    else:
        table.to_csv(out, index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ")
