"""Small versions of ``benchmarks.faults``: killed while writing, read while swapped, stopped in a request."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.faults import swap_while_reading
from benchmarks.killing import kill_while_writing
from benchmarks.stopping import stop_with_requests_in_flight

pytestmark = pytest.mark.slow


def test_what_was_acknowledged_survives_kill_9(shop: Path) -> None:
    found = kill_while_writing(shop, 3, random.Random(1), photos=False)
    assert found["times"] == 3
    assert found["events"] > 0


def test_no_answer_is_mixed_or_stale_while_generations_are_swapped(shop: Path) -> None:
    found = swap_while_reading(shop, 3, readers=4)
    assert found["swaps"] == 3
    assert found["answers"] > 0


def test_requests_in_flight_are_answered_whole_before_the_process_leaves(shop: Path) -> None:
    assert stop_with_requests_in_flight(shop, 2)["requests"] == 40
