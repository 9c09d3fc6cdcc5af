"""Where time is cut: edges of windows, and what lies between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from data.errors import NotReady, UsageError
from recommender.dataset import Dataset, Events
from recommender.evaluation.exam import Lesson, hold_exam
from recommender.items import Doubles

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.15
WINDOWS = 5
ROLLING_SHARE = 0.1
MOST_ROLLING = 8


def cuts(data: Dataset) -> list[float]:
    """Start of every validation window, then of the test window, in UTC seconds, rising.

    Raises NotReady where time cannot be cut.
    """
    times = data.events.times
    edges = window_edges(times, float(times[int(len(times) * (1 - TEST_SHARE))]))
    if len(edges) < 2:
        raise NotReady(
            "the interactions cannot be cut in time: nearly all carry the same timestamp; import them with "
            "their times, or use `--split user`"
        )
    return edges


def window_edges(times: Doubles, end: float) -> list[float]:
    """Rising edges of up to ``WINDOWS`` windows that end at ``end``, each of ``VALIDATION_SHARE`` of what
    is before.

    times: rising. Only edges with something before them are kept; ``[end]`` alone means that there is no
    window.
    """
    before = times[times < end]
    edges = [end]
    for window in range(1, WINDOWS + 1):
        place = int(len(before) * (1 - window * VALIDATION_SHARE))
        if len(before) and before[0] < before[place] < edges[0]:
            edges.insert(0, float(before[place]))
    return edges


def rolling_edges(times: Doubles, windows: int) -> list[float]:
    """Starts of the last ``windows`` windows of ``ROLLING_SHARE`` of all interactions each, rising.

    times: rising. Raises UsageError for a number of windows that cannot be, NotReady where the times do not
    allow so many.
    """
    if not 1 <= windows <= MOST_ROLLING:
        raise UsageError(f"{windows} rolling windows cannot be cut; ask for 1 to {MOST_ROLLING}")
    places = [int(len(times) * (1 - window * ROLLING_SHARE)) for window in range(windows, 0, -1)]
    edges = sorted({float(times[place]) for place in places} - {float(times[0])})
    if len(edges) < windows:
        raise NotReady(
            f"only {len(edges)} of {windows} rolling windows can be cut: too many interactions carry the "
            "same timestamp; ask for fewer windows, or use `--split user`"
        )
    return edges


def rolling(data: Dataset, edges: Sequence[float], choice: float, repeat: bool = False) -> list[Lesson]:
    """A lesson for every window between two neighbouring edges."""
    lessons = []
    for opens, closes in pairwise(edges):
        known = data.until(opens)
        exam = hold_exam(known, between(data, opens, closes), choice=choice, repeat=repeat)
        lessons.append(Lesson(known, exam))
    return lessons


def between(data: Dataset, first: float, last: float) -> Events:
    """The events from ``first`` on and before ``last``."""
    return data.events.where((data.events.times >= first) & (data.events.times < last))


def as_date(moment: float) -> str:
    """UTC seconds as ISO 8601."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def dates(edges: Sequence[float], window: Events) -> dict[str, object]:
    """The edges for reports; window: the events of the test, not none."""
    return {
        "validation_from": [as_date(edge) for edge in edges[:-1]],
        "test_from": as_date(edges[-1]),
        "test_to": as_date(float(window.times[-1])),
    }
