"""Moments in every spelling that files have."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.timestamps import parse_moment

MAY = datetime(2024, 5, 1, tzinfo=UTC)
NOON = MAY.replace(hour=12)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2024-05-01", MAY), ("20240501", MAY), (" 2024-05-01 ", MAY), (date(2024, 5, 1), MAY),
        ("2024-05-01T12:00:00", NOON), ("2024-05-01 12:00", NOON), ("2024-05-01T12:00:00Z", NOON),
        ("2024-05-01T14:00:00+02:00", NOON),
        ("2024-05-01T12:00:00.000250Z", NOON + timedelta(microseconds=250)),
        (1714564800, NOON), (1714564800.5, NOON + timedelta(seconds=0.5)), ("1714564800", NOON),
        (1714564800000, NOON), ("1714564800000", NOON), (1714564800000000, NOON), (1714564800000000000, NOON),
        (datetime(2024, 5, 1, 12), NOON), (NOON.astimezone(timezone(timedelta(hours=-7))), NOON),
        (20240501, MAY), (20240501.0, MAY), ("1970-01-01", datetime(1970, 1, 1, tzinfo=UTC)),
        (315532800, datetime(1980, 1, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_spellings(cell: object, moment: datetime) -> None:
    found = parse_moment(cell)
    assert found == moment
    assert found is not None
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "cell",
    ["", " ", "yesterday", "2024-13-01", "2024-02-30", "01.05.2024", "nan", "inf", "1_000", "99999999", None,
     True, [], float("nan"), float("inf"), -1, 1e30, "1969-12-31", "2200-01-01", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", "2024-05-01T25:00", 0, 45413, "45413", 45413.5,
     99999999, 20241301, 202405011200, "202405011200", 20240501120000, "20240501120000"],
)  # fmt: skip
def test_what_is_no_moment(cell: object) -> None:
    assert parse_moment(cell) is None


@given(st.one_of(st.text(), st.floats(), st.integers(), st.datetimes(), st.none(), st.booleans()))
def test_nothing_breaks_it(cell: object) -> None:
    found = parse_moment(cell)
    assert found is None or (found.tzinfo is UTC and 1970 <= found.year <= 2199)
