"""Turns, ratios, tables and the record of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.framework import Report, Row, Spread, Table, append, shown, turns


def table(better: str = "more") -> Table:
    rows = [
        Row("limit", "limit", Spread.of([40.0])),
        Row("ours", "ours", Spread.of([20.0, 10.0, 30.0]), {"recall@10": 0.5}),
        Row("theirs", "peer", Spread.of([5.0]), {"recall@10": None}, note="as its page says"),
        Row("dead", "peer", Spread.of([0.0])),
    ]
    return Table("a task", "photos/s", better, rows, {"gone": "no wheel"})  # type: ignore[arg-type]


def test_contenders_take_turns_in_a_rotating_order() -> None:
    taken: list[str] = []

    def contender(name: str) -> float:
        taken.append(name)
        return float(len(taken))

    found = turns({name: lambda name=name: contender(name) for name in "abc"}, 3)  # type: ignore[misc]
    assert "".join(taken) == "abcbcacab"
    assert found["a"] == Spread(median=6.0, low=1.0, high=8.0, turns=3)


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one contender"):
        turns({}, 3)
    with pytest.raises(ValueError, match="one turn"):
        turns({"a": lambda: 1.0}, 0)
    with pytest.raises(ValueError, match="no turn"):
        Spread.of([])


def test_a_ratio_above_one_is_in_our_favour_whichever_way_the_unit_runs() -> None:
    assert table("more").ratios() == [0.5, None, 4.0, None]
    assert table("less").ratios() == [2.0, None, 0.25, 0.0]


def test_the_table_shows_every_figure_and_what_is_missing() -> None:
    text = table().text()
    lines = text.splitlines()
    assert lines[0] == "a task"
    head, ours, theirs = lines[2], lines[5], lines[6]
    assert [cell.strip() for cell in head.split("|")[1:-1]] == [
        "",
        "photos/s",
        "lowest to highest",
        "ours is × better",
        "recall@10",
    ]
    assert [cell.strip() for cell in ours.split("|")[1:-1]] == ["ours", "20", "10 to 30", "", "0.5"]
    assert [cell.strip() for cell in theirs.split("|")[1:-1]] == ["theirs", "5", "", "4.00", ""]
    assert "- theirs: as its page says" in lines
    assert "- gone: not measured: no wheel" in lines


def test_runs_are_appended_with_date_machine_and_versions(tmp_path: Path) -> None:
    for size in ("quick", "full"):
        path = append("some", size, Report([table()], {"seed": 7}), tmp_path)  # type: ignore[arg-type]
    first, second = [json.loads(line) for line in path.read_text().splitlines()]
    assert (first["size"], second["size"]) == ("quick", "full")
    assert second["tables"][0]["ratios"] == [0.5, None, 4.0, None]
    assert second["details"] == {"seed": 7}
    assert second["machine"]["cores"] >= 1
    assert second["versions"]["numpy"] != "absent"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.5, "1,234"),
        (12.345, "12.35"),
        (7.0, "7"),
        (0.1234, "0.123"),
        (0.00042, "0.00042"),
        (0, "0"),
        (20_000, "20,000"),
        ("IVF512", "IVF512"),
        (None, ""),
    ],
)
def test_figures_are_written_without_exponents(value: float | int | str | None, text: str) -> None:
    assert shown(value) == text
