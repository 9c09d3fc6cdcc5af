"""How often a test was opened."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.errors import Damaged
from recommender.evaluation.openings import NAME, record, times, told


def test_every_opening_of_the_same_test_counts(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    assert times(folder, "one") == 0
    assert [record(folder, "one", "time, all models") for _ in range(3)] == [1, 2, 3]
    assert record(folder, "other", "last") == 1
    assert (times(folder, "one"), times(folder, "other")) == (3, 1)
    notes = [json.loads(line) for line in (folder / NAME).read_text(encoding="utf-8").splitlines()]
    assert [note["what"] for note in notes] == ["time, all models"] * 3 + ["last"]
    assert all(note["at"].endswith("+00:00") for note in notes)


def test_openings_at_the_same_time_are_all_counted(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: record(tmp_path, "one", "looks"), range(12)))
    assert sorted(counts) == list(range(1, 13))


def test_a_line_that_is_no_note_is_named(tmp_path: Path) -> None:
    record(tmp_path, "one", "looks")
    with (tmp_path / NAME).open("a", encoding="utf-8") as file:
        file.write('{"dig\n')
    with pytest.raises(Damaged, match="line 2"):
        record(tmp_path, "one", "looks")


def test_the_count_in_words() -> None:
    assert "once" in told(1)
    assert "4 times" in told(4)
