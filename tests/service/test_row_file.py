"""Files of rows: awkward values come back as they were, and a file is whole or as it was before."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from pyarrow import parquet

from data.errors import UsageError
from service.row_file import Row, row_file

COLUMNS = {"name": str, "rank": int, "score": float}
ROWS: list[Row] = [
    ('a, "quoted" one', 1, 0.5),
    ("über-Größe\u2028✓", 2, -0.25),
    ("two\nlines", 3, 1.0),
    ("", 4, 0.0),
]


def read(path: Path) -> list[Row]:
    if path.suffix == ".parquet":
        return [tuple(row[name] for name in COLUMNS) for row in parquet.read_table(path).to_pylist()]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
        assert header == list(COLUMNS)
        return [(name, int(rank), float(score)) for name, rank, score in rows]
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    return [tuple(json.loads(line)[name] for name in COLUMNS) for line in lines]


def break_off(path: Path) -> None:
    with row_file(path, COLUMNS) as write:
        write(ROWS[:1])
        raise KeyError


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl", ".CSV"])
def test_awkward_values_come_back_as_they_were(ending: str, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / f"rows{ending}"
    with row_file(path, COLUMNS) as write:
        write(ROWS[:2])
        assert not path.exists()
        write(ROWS[2:])
    assert read(path if ending != ".CSV" else path.rename(tmp_path / "rows.csv")) == ROWS


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl"])
def test_an_error_leaves_what_was_there(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{ending}"
    with row_file(path, COLUMNS) as write:
        write(ROWS)
    with pytest.raises(KeyError):
        break_off(path)
    assert read(path) == ROWS
    assert list(tmp_path.iterdir()) == [path]


def test_a_parquet_file_has_the_types_it_says(tmp_path: Path) -> None:
    with row_file(tmp_path / "rows.parquet", COLUMNS):
        pass
    found = parquet.read_table(tmp_path / "rows.parquet")
    assert [str(field.type) for field in found.schema] == ["string", "int32", "float"]
    assert found.num_rows == 0


@pytest.mark.parametrize("name", ["rows.xlsx", "rows"])
def test_other_endings_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.csv"), row_file(tmp_path / "new" / name, COLUMNS):
        pass
    assert not (tmp_path / "new").exists()
