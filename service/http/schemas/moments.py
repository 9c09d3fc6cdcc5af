"""Moments in bodies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _as_utc(value: datetime) -> datetime:
    """Times without a zone are taken as UTC; anything outside 1970 to 2200 is a mistake."""
    try:
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a timestamp lies between the years 1970 and 2200") from error
    if not EARLIEST <= moment < LATEST:
        raise ValueError("a timestamp lies between the years 1970 and 2200")
    return moment


# Seconds are numbers in JSON, which pydantic's own schema of a datetime does not say.
_SCHEMA = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "number", "minimum": 0, "exclusiveMaximum": LATEST.timestamp()},
    ],
}
Timestamp = Annotated[
    datetime,
    AfterValidator(_as_utc),
    WithJsonSchema(_SCHEMA),
    Field(
        strict=False,
        description="ISO 8601 or seconds since 1970; UTC where no zone is given; now, where there is none",
        examples=["2026-07-01T10:00:00Z"],
    ),
]
