"""Moments as files write them: ISO 8601, or seconds and milliseconds since 1970."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from data.records import FIRST_YEAR, LAST_YEAR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A number up to the first bound counts seconds (to the year 5138), then milli-, micro- and nanoseconds.
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_BASIC_DATE = 8
_FIRST_NUMBER = datetime(1980, 1, 1, tzinfo=UTC)
"""Numbers that would mean an earlier moment mean something else: a spreadsheet's days since 1900 (45413), a
count, or a date and time written together (202405011200)."""


def parse_moment(cell: object) -> datetime | None:
    """A cell as an aware datetime in UTC, or None where it is none.

    Texts are ISO 8601 (``2024-05-01``, ``2024-05-01 12:30``, ``…T12:30:00.5+02:00``, ``…Z``); without a
    zone they are taken as UTC, a date alone as its first moment. Numbers, also as text, are seconds since
    1970, or milli-, micro- or nanoseconds where they are too large for that; eight digits are a date
    (``20240501``). Years before 1970 or after 2199 are refused, and of numbers those before 1980.
    """
    moment = _read(cell)
    return moment if moment is not None and FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _read(cell: object) -> datetime | None:
    if isinstance(cell, datetime):
        return _as_utc(cell)
    if isinstance(cell, date):
        return datetime.combine(cell, time(), UTC)
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return _read(str(int(cell))) if _looks_like_a_date(cell) else _since_epoch(cell)
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    if len(text) != _BASIC_DATE or not text.isdigit():
        try:
            return _since_epoch(float(text)) if "_" not in text else None
        except ValueError:
            pass  # not a number: it may be a date
    try:
        return _as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _looks_like_a_date(number: float) -> bool:
    """Whether a number is a whole one of eight digits."""
    return 10 ** (_BASIC_DATE - 1) <= number < 10**_BASIC_DATE and number == int(number)


def _since_epoch(number: float) -> datetime | None:
    for bound, per_second in _UNITS:
        if 0 <= number < bound:
            moment = _EPOCH + timedelta(microseconds=round(number * (1e6 / per_second)))
            return moment if moment >= _FIRST_NUMBER else None
    return None  # before 1970, too large, or no number at all


def _as_utc(moment: datetime) -> datetime | None:
    try:
        plain = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return plain.astimezone(UTC)
    except (ValueError, OverflowError):  # near the first and the last year
        return None
