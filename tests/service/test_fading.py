from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data.errors import UsageError
from service.fading import LEAST_SHARE, faded, newest_of
from service.requests import Look

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def look(days: float | None, weight: float = 1.0) -> tuple[Look, datetime | None]:
    return Look(product_id=f"p{days}", weight=weight), None if days is None else NOW - timedelta(days=days)


def test_weights_are_halved_with_every_half_life() -> None:
    group = [look(0), look(10), look(20, weight=4), look(5)]
    weights = [one.weight for one in faded(group, 10, newest_of(group))]
    assert weights == pytest.approx([1, 0.5, 1, 0.5**0.5])


def test_only_the_distance_to_the_newest_example_counts() -> None:
    early = [look(1000), look(1010)]
    assert [one.weight for one in faded(early, 10, newest_of(early))] == pytest.approx([1, 0.5])


def test_the_newest_may_be_among_the_negatives() -> None:
    assert newest_of([look(10), look(None)], [look(3)]) == NOW - timedelta(days=3)
    assert newest_of([look(None)], []) is None


def test_an_example_of_a_century_ago_is_still_one() -> None:
    (one,) = faded([look(36_500)], 0.001, NOW)
    assert one.weight == LEAST_SHARE


def test_an_example_without_a_time_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'pNone' has no 'at'"):
        faded([look(0), look(None)], 10, NOW)
    assert faded([], 10, NOW) == ()
