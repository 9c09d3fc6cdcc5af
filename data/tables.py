"""Tables in files, row by row: CSV and TSV, JSON lines, Parquet. Memory does not grow with the file."""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import re
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any, Protocol, cast

from data import rejects
from data.cells import Raw
from data.errors import UsageError
from data.records import Reject

TEXT_ENDINGS = (".csv", ".tsv", ".tab", ".txt")
JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
PARQUET_ENDINGS = (".parquet", ".pq")
ENDINGS = (*TEXT_ENDINGS, *JSON_ENDINGS, *PARQUET_ENDINGS)
_DELIMITERS = (",", ";", "\t")
_PARQUET_BATCH = 1000
_LONGEST_HEADER = 2**20
_MANY_LINES = 10
_UNREADABLE = (UnicodeDecodeError, OverflowError)  # bytes that are no text, moments after the year 9999
_LINE_END = re.compile(r"[\r\n]")
_UNCLOSED = "a quote is opened here and not closed; close it, or write a quote within a quoted field twice"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its number (1 is the first after a header) and its cells by column."""

    number: int
    cells: Mapping[str, Raw]


class TableFile(Protocol):
    """A table in a file; ``rows`` may be called several times, each time from the start."""

    path: Path

    @property
    def typed(self) -> bool:
        """Whether cells bear types of their own (JSON, Parquet) or are all text."""

    def columns(self) -> list[str]:
        """The columns that the file declares; empty where only its rows tell (JSON lines)."""

    def rows(self, only: Sequence[str] | None = None) -> Iterator[TableRow | Reject]:
        """Rows in order, unreadable ones as rejects; ``only`` these columns where the format gains by it."""


def open_table(path: Path) -> TableFile:
    """The table in a file, by the ending of its name; a further ``.gz`` is allowed for texts.

    Raises UsageError where there is no such file, its ending is unknown, or its header cannot be read.
    """
    if not path.exists():
        raise UsageError(f"there is no file {path}")
    if not path.is_file():
        raise UsageError(f"{path} is not a regular file; tables are read twice, so a pipe will not do")
    endings = [ending.lower() for ending in path.suffixes]
    kind = endings[-2] if len(endings) > 1 and endings[-1] == ".gz" else (endings or [""])[-1]
    if kind in TEXT_ENDINGS:
        return DelimitedFile(path)
    if kind in JSON_ENDINGS:
        return JsonLinesFile(path)
    if kind in PARQUET_ENDINGS and endings[-1] != ".gz":
        return ParquetFile(path)
    raise UsageError(f"{path.name}: tables are read from files that end in {', '.join(ENDINGS)}")


class DelimitedFile:
    """CSV or TSV in UTF-8, with a header. The delimiter is the comma, semicolon or tab it has most of.

    Quotes follow RFC 4180. One that is not closed costs its own row, not the rows after it. Columns without a
    name are passed over.
    """

    typed = False

    def __init__(self, path: Path) -> None:
        self.path = path
        first = _first_line(path)
        tabs = path.suffix.lower() in (".tsv", ".tab")
        self._delimiter = "\t" if tabs else max(_DELIMITERS, key=first.count)
        with _reading(path) as file:
            try:
                header: list[str] = next(self._reader(file), [])
            except csv.Error as error:
                raise UsageError(f"the header of {path.name} cannot be read: {error}") from error
        self._header = [name.strip() for name in header]
        named = self.columns()
        if not named:
            raise UsageError(f"{path.name} is empty; its first line must name the columns, e.g. product_id")
        _refuse_doubled(path, named)

    def columns(self) -> list[str]:
        """See TableFile."""
        return [name for name in self._header if name]

    def rows(self, only: Sequence[str] | None = None) -> Iterator[TableRow | Reject]:
        """See TableFile."""
        with _reading(self.path) as file:
            lines = _Lines(file)
            reader = self._reader(iter(lines))
            next(reader, None)
            line, number = len(lines.taken), 0
            while True:
                lines.taken.clear()
                fault: str | None
                try:
                    fields = next(reader)
                    fault = None if len(lines.taken) == 1 else self._runaway(fields, lines.taken)
                except StopIteration:
                    return
                except csv.Error as error:
                    fields, fault = [], str(error) if len(lines.taken) == 1 else _UNCLOSED
                if fault is not None and len(lines.taken) > 1:
                    lines.give_back()
                    reader = self._reader(iter(lines))
                line += len(lines.taken)
                if fault is not None:
                    number += 1
                    yield Reject("row", number, None, rejects.RAGGED_ROW, f"line {line}: {fault}"[:300])
                elif fields:  # an empty line is no row
                    number += 1
                    yield self._row(number, fields, line)

    def _runaway(self, fields: list[str], lines: list[str]) -> str | None:
        """What is wrong with a record of several lines that are rows in fact, tied together by a stray quote;
        None where they are one record.

        Rows they are where every line (of many, nine in ten) has as many fields as the header, and none reads
        like prose: a blank behind a comma, or several words where the ids stand. The first line of few has to
        have as many as well.
        """
        wanted, mark = len(self._header), self._delimiter
        opened = next((at for at, field in enumerate(fields) if _LINE_END.search(field)), None)
        if opened is None:
            return None
        start, blank = _LINE_END.split(fields[opened], maxsplit=1)[0], mark + " "
        whole = opened + 1 + start.count(mark) == wanted or len(fields) != wanted or len(lines) > _MANY_LINES
        if blank in start or not whole:
            return None
        words = " " in fields[0]
        fit = [
            line.count(mark) + 1 == wanted and blank not in line and (words or " " not in line.split(mark)[0])
            for line in lines[1:]
        ]
        return _UNCLOSED if fit[-1] and fit.count(False) * 10 <= len(fit) else None

    def _row(self, number: int, fields: list[str], line: int) -> TableRow | Reject:
        if len(fields) != len(self._header):
            detail = f"line {line}: {len(fields)} fields, the header has {len(self._header)}"
            return Reject("row", number, None, rejects.RAGGED_ROW, detail)
        return TableRow(number, {n: f for n, f in zip(self._header, fields, strict=True) if n})

    def _reader(self, lines: Iterable[str]) -> Any:
        return csv.reader(lines, delimiter=self._delimiter, strict=True)


class _Lines:
    """The lines of a text. ``taken``: those handed out since it was last emptied."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        while self._again:
            line = self._again.popleft()
            self.taken.append(line)
            yield line
        for line in self._file:
            self.taken.append(line)
            yield line

    def give_back(self) -> None:
        """Hand out all that were taken but the first again; to a new iterator, also at the text's end."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


class JsonLinesFile:
    """One JSON object a line, in UTF-8."""

    typed = True

    def __init__(self, path: Path) -> None:
        self.path = path
        if _first_line(path).lstrip().startswith("["):
            raise UsageError(f"{path.name} is one JSON array; write one object a line (JSON lines) instead")

    def columns(self) -> list[str]:
        """See TableFile."""
        return []

    def rows(self, only: Sequence[str] | None = None) -> Iterator[TableRow | Reject]:
        """See TableFile."""
        number = count(1)
        with _reading(self.path) as file:
            for line in file:
                if line.strip():
                    yield _json_row(next(number), line)


class ParquetFile:
    """A Parquet file, one portion of rows at a time. Columns of raw bytes are passed over."""

    typed = True

    def __init__(self, path: Path) -> None:
        import pyarrow.lib as arrow
        import pyarrow.parquet as parquet  # a quarter of a second to import, for Parquet only
        from pyarrow.types import is_binary, is_fixed_size_binary, is_large_binary

        self.path = path
        self._foreign: tuple[type[Exception], ...] = (arrow.ArrowException, OSError)
        try:
            self._file = parquet.ParquetFile(path, memory_map=True)
        except self._foreign as error:
            raise UsageError(f"{path.name} is not a readable Parquet file: {error}") from error
        raw = (is_binary, is_large_binary, is_fixed_size_binary)
        schema = self._file.schema_arrow
        self._columns = [field.name for field in schema if not any(test(field.type) for test in raw)]
        _refuse_doubled(path, self._columns)

    def columns(self) -> list[str]:
        """See TableFile."""
        return list(self._columns)

    def rows(self, only: Sequence[str] | None = None) -> Iterator[TableRow | Reject]:
        """See TableFile."""
        wanted = self._columns if only is None else [name for name in self._columns if name in only]
        number = count(1)
        try:
            for batch in self._file.iter_batches(_PARQUET_BATCH, columns=wanted):
                for cells in _parquet_rows(batch):
                    row = next(number)
                    if isinstance(cells, str):
                        yield Reject("row", row, None, rejects.RAGGED_ROW, cells)
                    else:
                        yield TableRow(row, cells)
        except self._foreign as error:
            raise UsageError(f"{self.path.name} cannot be read to its end: {error}") from error


def _refuse_doubled(path: Path, names: Sequence[str]) -> None:
    doubled = sorted(name for name, times in Counter(names).items() if times > 1)
    if doubled:
        raise UsageError(f"{path.name} has several columns named {doubled[0]!r}; rename all but one")


def _parquet_rows(batch: Any) -> Iterator[dict[str, Raw] | str]:
    """The rows of a batch; of one with a cell that Python cannot hold, what is wrong with it."""
    try:
        yield from batch.to_pylist()
    except _UNREADABLE:
        for at in range(batch.num_rows):
            yield _parquet_row(batch.slice(at, 1))


def _parquet_row(row: Any) -> dict[str, Raw] | str:
    cells: dict[str, Raw] = {}
    for name, column in zip(row.schema.names, row.columns, strict=True):
        try:
            (cells[name],) = column.to_pylist()
        except _UNREADABLE as error:
            return f"the cell of {name!r} cannot be read: {error}"[:300]
    return cells


def _without_doubles(pairs: list[tuple[str, Raw]]) -> dict[str, Raw]:
    made = dict(pairs)
    if len(made) != len(pairs):
        doubled = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise ValueError(f"{doubled!r} comes twice in one object")
    return made


_decode = json.JSONDecoder(object_pairs_hook=_without_doubles).decode


def _json_row(number: int, line: str) -> TableRow | Reject:
    try:
        found = _decode(line)
    except (ValueError, RecursionError) as error:
        return Reject("row", number, None, rejects.RAGGED_ROW, f"not JSON: {error}"[:300])
    if not isinstance(found, dict):
        return Reject("row", number, None, rejects.RAGGED_ROW, "not a JSON object")
    return TableRow(number, found)


@contextmanager
def _reading(path: Path) -> Iterator[IO[str]]:
    """The file as text; what goes wrong while it is read becomes a UsageError."""
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
                yield cast("IO[str]", file)
        else:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield file
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from error
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path.name} cannot be read to its end: {error}") from error


def _first_line(path: Path) -> str:
    with _reading(path) as file:
        first = file.readline(_LONGEST_HEADER)
    if "\0" in first:  # without its mark, UTF-16 of plain letters is UTF-8 as well
        raise _utf_16(path, "utf-16be" if first.startswith("\0") else "utf-16le")
    return first


def _not_utf8(path: Path, error: UnicodeDecodeError) -> UsageError:
    """What to say of a text that is not UTF-8: where, and how to mend it."""
    number = 0
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return _utf_16(path, "utf-16")
            if not _is_utf8(line):
                break
    return UsageError(
        f"line {number} of {path.name} is not UTF-8 text (byte {error.object[error.start]:#04x} "
        f"{error.reason}); save it as UTF-8, e.g. with iconv -f latin1 -t utf-8"
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _utf_16(path: Path, kind: str) -> UsageError:
    return UsageError(f"{path.name} is UTF-16 text; save it as UTF-8, e.g. with iconv -f {kind} -t utf-8")
