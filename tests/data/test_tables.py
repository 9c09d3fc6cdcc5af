"""Tables in files: every format gives the same rows, and unreadable ones are told, not dropped."""

from __future__ import annotations

import contextlib
import gzip
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.catalogue import read_catalogue
from data.errors import UsageError
from data.records import Reject
from data.tables import TableRow, open_table


def cells(path: Path) -> list[object]:
    return [
        dict(entry.cells) if isinstance(entry, TableRow) else (entry.row, entry.reason)
        for entry in open_table(path).rows()
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "product_id,title\n007,Dress\n8,\n"),
        ("t.csv", "\ufeffproduct_id,title\r\n007,Dress\r\n8,\r\n"),
        ("t.csv", "product_id;title\n007;Dress\n8;\n"),
        ("t.tsv", "product_id\ttitle\n007\tDress\n8\t\n"),
        ("t.txt", 'product_id,title\n007,"Dress"\n\n8,\n'),
        ("t.CSV", ",product_id,title\n0,007,Dress\n1,8,\n"),
    ],
)
def test_delimited_texts(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8"))
    assert open_table(path).columns() == ["product_id", "title"]
    assert cells(path) == [{"product_id": "007", "title": "Dress"}, {"product_id": "8", "title": ""}]


def test_quotes_newlines_and_delimiters_inside_fields(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n"x, ""y""\nz",5" heel\n', encoding="utf-8")
    assert cells(path) == [{"a": 'x, "y"\nz', "b": '5" heel'}]


def test_rows_that_do_not_fit_the_header_are_rejects_with_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,2\n3\n4,5,6\n7,8\n"9"x,1\n10,11\n', encoding="utf-8")
    assert cells(path) == [
        {"a": "1", "b": "2"}, (2, "ragged_row"), (3, "ragged_row"), {"a": "7", "b": "8"}, (5, "ragged_row"),
        {"a": "10", "b": "11"},
    ]  # fmt: skip


def test_a_quote_that_is_never_closed_costs_its_own_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,2\n3,"open\n4,5\n', encoding="utf-8")
    assert cells(path) == [{"a": "1", "b": "2"}, (2, "ragged_row"), {"a": "4", "b": "5"}]


def with_stray_quotes(path: Path, rows: dict[int, str], of: int = 1000) -> None:
    """A file of so many plain rows, a few of which are replaced by others."""
    plain = {n: f"P{n},Mug,5" for n in range(1, of + 1)}
    lines = ["product_id,title,price", *{**plain, **rows}.values()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("rows", "lost"),
    [
        ({500: 'P500,"19 inch monitor,5'}, [500]),
        ({500: 'P500,"19 inch monitor,5', 620: 'P620,"Mug, blue",5'}, [500]),
        ({500: 'P500,"19 inch monitor,5', 620: 'P620,Monitor 19",5'}, [500]),
        ({500: 'P500,"19 inch monitor,5', 501: 'P501,Monitor 19",5'}, [500]),
        ({500: 'P500,"19 inch monitor,5', 510: "P510", 620: 'P620,Monitor 19",5'}, [500, 510]),
        ({500: 'P500,"19 inch monitor,5,6', 620: 'P620,Monitor 19",5'}, [500]),
        ({500: 'P500,"19 inch monitor,5', 501: 'P501,"17 inch monitor,5', 502: 'P502,"A\nB",5'}, [500, 501]),
        ({1000: 'P1000,"19 inch monitor,5'}, [1000]),
    ],
    ids=["last", "quoted later", "stray later", "neighbours", "ragged inside", "ragged", "twice", "end"],
)
def test_a_stray_quote_costs_its_own_row_alone(tmp_path: Path, rows: dict[int, str], lost: list[int]) -> None:
    path = tmp_path / "t.csv"
    with_stray_quotes(path, rows)
    read = list(open_table(path).rows())
    assert [row.row if isinstance(row, Reject) else row.number for row in read] == list(range(1, 1001))
    assert [row.row for row in read if isinstance(row, Reject)] == lost
    kept = {row.number: row.cells for row in read if isinstance(row, TableRow)}
    assert all(row["product_id"] == f"P{number}" and row["price"] == "5" for number, row in kept.items())
    assert kept[999]["title"] == "Mug"
    fault = next(row for row in read if isinstance(row, Reject))
    assert f"line {lost[0] + 1}:" in fault.detail


def test_a_stray_quote_before_more_than_a_field_may_hold(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with_stray_quotes(path, {5: 'P5,"19 inch monitor,5'}, of=20_000)
    read = list(open_table(path).rows())
    assert len(read) == 20_000
    assert [row.row for row in read if isinstance(row, Reject)] == [5]


@pytest.mark.parametrize(
    "title",
    [
        "A mug\nfor tea",
        "A mug\n\nfor tea, coffee, milk",
        "A mug, blue\nfor tea, coffee",
        "A mug\nfor tea,coffee and milk",
        "Sizes:\nS,M,L\nXS,S,M\n",
        "Sizes,in,cm\nS,M,L\nXS,S,M",
        "Width,height,depth\r\n1,2,3\r\nas measured",
        "\n".join(["a line of words, and more"] * 50),
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_a_text_of_several_lines_is_one_field(tmp_path: Path, title: str, last: bool) -> None:
    path = tmp_path / "t.csv"
    row = f'P2,5,"{title}"' if last else f'P2,"{title}",5'
    order = "product_id,price,title" if last else "product_id,title,price"
    path.write_text(f"{order}\nP1,5,5\n{row}\nP3,5,5\n", encoding="utf-8", newline="")
    assert [row["title"] for row in cells(path) if isinstance(row, dict)] == ["5", title, "5"]


@pytest.mark.parametrize("where", ["header", "later"])
def test_other_encodings_are_refused_with_advice(tmp_path: Path, where: str) -> None:
    path = tmp_path / "t.csv"
    start = b"" if where == "header" else b"a,b\n" + b"1,2\n" * 50_000
    path.write_bytes(start + "größe,b\n".encode("latin1"))
    with pytest.raises(UsageError, match=r"UTF-8.*iconv"):
        list(open_table(path).rows())


def test_the_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    text = b"a,b\n" + b"1,2\n" * 30_000 + "größe,b\n".encode("latin1")
    (tmp_path / "t.csv").write_bytes(text)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text))
    for name in ("t.csv", "t.csv.gz"):
        with pytest.raises(UsageError, match=f"line 30002 of {name} is not UTF-8 text.*latin1"):
            list(open_table(tmp_path / name).rows())


@pytest.mark.parametrize("kind", ["utf-16", "utf-16le", "utf-16be"])
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.csv.gz"])
def test_utf_16_is_recognised(tmp_path: Path, kind: str, name: str) -> None:
    data = ('{"a": 1}\n' if name == "t.jsonl" else "a,b\n1,2\n").encode(kind)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    with pytest.raises(UsageError, match=f"{name} is UTF-16 text.*iconv -f {kind} -t utf-8"):
        open_table(tmp_path / name)


def test_compressed_texts(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert cells(path) == [{"a": "1", "b": "2"}]
    path.write_bytes(b"no gzip")
    with pytest.raises(UsageError, match=r"t\.csv\.gz"):
        open_table(path)
    cut = gzip.compress(b"a,b\n" + b"1,2\n" * 100_000)
    path.write_bytes(cut[: len(cut) // 2])
    with pytest.raises(UsageError, match="end"):
        list(open_table(path).rows())


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"a": 1, "b": ["x"]}\n\nnot json\n[1]\n{"b": null}\n' + "[" * 5000 + "\n", encoding="utf-8"
    )
    assert cells(path) == [
        {"a": 1, "b": ["x"]}, (2, "ragged_row"), (3, "ragged_row"), {"b": None}, (5, "ragged_row")
    ]  # fmt: skip
    path.write_text('[{"a": 1}]', encoding="utf-8")
    with pytest.raises(UsageError, match="JSON lines"):
        open_table(path)


def test_parquet_in_portions_with_its_own_types(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table(
        {
            "product_id": [f"{n:05}" for n in range(2500)],
            "price": pa.array([Decimal("1.50")] * 2500),
            "raw": pa.array([b"x"] * 2500),
            "kind": pa.array(["a"] * 2500).dictionary_encode(),
        }
    )
    pq.write_table(table, path)
    file = open_table(path)
    assert file.columns() == ["product_id", "price", "kind"]
    rows = [entry for entry in file.rows() if isinstance(entry, TableRow)]
    assert [rows[0].number, rows[-1].number, len(rows)] == [1, 2500, 2500]
    assert rows[7].cells == {"product_id": "00007", "price": Decimal("1.50"), "kind": "a"}
    only = next(iter(file.rows(["product_id"])))
    assert isinstance(only, TableRow)
    assert only.cells == {"product_id": "00000"}
    path.write_bytes(b"PAR1 nothing more")
    with pytest.raises(UsageError, match="Parquet"):
        open_table(path)


def test_a_parquet_cell_that_cannot_be_read_costs_its_row(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    late = pa.array([0] * 1500 + [400_000_000_000_000_000], pa.timestamp("us", "UTC"))
    words = [b"caf\xc3\xa9"] * 1501
    words[3] = b"caf\xe9"
    size = pa.array([0, *(sum(map(len, words[: n + 1])) for n in range(1501))], pa.int32())
    text = pa.StringArray.from_buffers(1501, size.buffers()[1], pa.py_buffer(b"".join(words)))
    pq.write_table(pa.table({"title": text, "at": late}), path)
    rows = list(open_table(path).rows())
    assert [row.number for row in rows if isinstance(row, TableRow)] == [*range(1, 4), *range(5, 1501)]
    assert [(row.row, row.reason) for row in rows if isinstance(row, Reject)] == [
        (4, "ragged_row"), (1501, "ragged_row")
    ]  # fmt: skip
    assert [row.detail.split(":")[0] for row in rows if isinstance(row, Reject)] == [
        "the cell of 'title' cannot be read", "the cell of 'at' cannot be read"
    ]  # fmt: skip
    assert rows[5].cells["title"] == "café"  # type: ignore[union-attr]


def test_parquet_as_pandas_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"product_id": ["a", None], "n": [1.0, None]}, index=[5, 6]).to_parquet(path)
    assert [entry["product_id"] for entry in cells(path) if isinstance(entry, dict)] == ["a", None]


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    (tmp_path / "noending").write_bytes(b"a,b")
    (tmp_path / "twice.csv").write_text("a,b,a\n1,2,3\n")
    for name, said in (
        ("absent.csv", "no file"),
        ("t.xlsx", r"\.csv"),
        ("noending", r"\.csv"),
        ("twice.csv", "'a'"),
    ):
        with pytest.raises(UsageError, match=said):
            open_table(tmp_path / name)
    with pytest.raises(UsageError):
        open_table(tmp_path)


def test_an_empty_file_lacks_its_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for content in (b"", b"\n\n", b",,\n1,2,3\n"):
        path.write_bytes(content)
        with pytest.raises(UsageError, match="name the columns"):
            open_table(path)


def test_a_field_beyond_the_readers_limit_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1," + "x" * 200_000 + "\n2,3\n")
    assert cells(path) == [(1, "ragged_row"), {"a": "2", "b": "3"}]
    assert isinstance(next(iter(open_table(path).rows())), Reject)


CSV_TEXT = st.text(alphabet=st.sampled_from('abpi01.,;\t"\r\n\0 é\ufeff|/-e'), max_size=60)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=40) | CSV_TEXT.map(lambda text: b"product_id,n\n" + text.encode()))
def test_no_bytes_break_the_reader(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    with contextlib.suppress(UsageError):
        for chunk in read_catalogue(path):
            refused = {reject.row for reject in chunk.rejects if reject.scope == "row"}
            assert len(refused | {row.row for row in chunk.rows}) == chunk.rows_read


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    cell = pa.array(["1"])
    pq.write_table(pa.table([cell, cell, cell], ["id", "title", "title"]), path)
    with pytest.raises(UsageError, match="several columns named 'title'"):
        open_table(path)
    lines = tmp_path / "t.jsonl"
    lines.write_text('{"id": "1", "id": "2"}\n{"id": "3"}\n', encoding="utf-8")
    assert cells(lines) == [(1, "ragged_row"), {"id": "3"}]
