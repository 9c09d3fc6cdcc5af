"""Tables that are written row by row and are whole or not there at all: CSV, JSON lines, Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.errors import UsageError
from index.durable import replacing

Row = Sequence[object]
Write = Callable[[Sequence[Row]], None]
TYPES = {str: "string", int: "int32", float: "float32"}
GROUP = 100_000
"""Rows of a row group of a Parquet file."""


def check_row_file(path: Path) -> None:
    """Raises UsageError where ``row_file`` cannot write to a path."""
    if path.suffix.lower() not in _WRITERS:
        ending = repr(path.suffix) if path.suffix else "a file without ending"
        raise UsageError(f"rows are written to {', '.join(_WRITERS)}, not to {ending}; name the file so")
    if path.is_dir():
        raise UsageError(f"{path} is a directory; name a file in it")


@contextmanager
def row_file(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    """Gives a function that takes rows of str, int and float, one value for each of ``columns``.

    The format is that of the ending. The file is there once the block has ended without an error; until then
    what was there before stays. Its folder is made if need be. Raises UsageError for another ending, OSError.
    """
    check_row_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside, _WRITERS[path.suffix.lower()](beside, columns) as write:
        yield write


@contextmanager
def _csv(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(columns)
        yield out.writerows


@contextmanager
def _jsonl(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    with path.open("w", newline="\n", encoding="utf-8") as file:

        def write(rows: Sequence[Row]) -> None:
            lines = (json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows)
            file.writelines(f"{line}\n" for line in lines)

        yield write


@contextmanager
def _parquet(path: Path, columns: Mapping[str, type]) -> Iterator[Write]:
    import pyarrow as arrow  # a quarter of a second to import, for Parquet only
    from pyarrow import parquet

    schema = arrow.schema([(name, TYPES[kind]) for name, kind in columns.items()])
    waiting: list[Row] = []

    def flush() -> None:
        cells: list[Any] = [
            arrow.array([row[place] for row in waiting], field.type) for place, field in enumerate(schema)
        ]
        out.write_table(arrow.table(cells, schema=schema), row_group_size=GROUP)
        waiting.clear()

    def write(rows: Sequence[Row]) -> None:
        waiting.extend(rows)
        if len(waiting) >= GROUP:
            flush()

    with parquet.ParquetWriter(path, schema, compression="zstd") as out:
        yield write
        flush()


_WRITERS = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
