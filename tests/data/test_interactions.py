"""Files of interactions: the user's own columns, and a reject for whatever is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import rejects
from data.errors import UsageError
from data.interactions import EventNames, read_interactions
from data.records import Interaction, Reject
from data.shop import Shop
from tests.data.makers import row, write_csv, write_json_lines

GOOD = {
    "customer_id": "c1",
    "product_id": "p1",
    "event": "purchase",
    "timestamp": "2024-05-01T12:00:00Z",
    "value": "2",
}
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def known(ids: object) -> set[str]:
    return {"p1", "p2"}


def read(path: Path, **options: object) -> tuple[list[Interaction], list[Reject], int]:
    chunks = list(read_interactions(path, **options))  # type: ignore[arg-type]
    for chunk in chunks:
        assert chunk.rows_read == len(chunk.interactions) + len(chunk.rejects)
    return (
        [entry for chunk in chunks for entry in chunk.interactions],
        [entry for chunk in chunks for entry in chunk.rejects],
        sum(chunk.rows_read for chunk in chunks),
    )


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_format_gives_the_same_interactions(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"events.{kind}"
    entries = [GOOD, {**GOOD, "event": "View", "value": "", "timestamp": "1714564800000"}]
    if kind == "csv":
        write_csv(path, entries)
    elif kind == "jsonl":
        write_json_lines(path, entries)
    else:
        frame = pd.DataFrame(entries)
        frame["timestamp"] = pd.to_datetime([NOON, NOON])
        frame["value"] = [2.0, None]
        frame.to_parquet(path)
    found, refused, _ = read(path)
    assert refused == []
    assert found == [
        Interaction("c1", "p1", "purchase", NOON, 2.0), Interaction("c1", "p1", "view", NOON, None)
    ]  # fmt: skip


def test_columns_and_events_by_the_users_names(tmp_path: Path) -> None:
    entries = [{"user_id": "u", "article": 7, "when": 1714564800, "what": "BUY", "quantity": 3}]
    path = write_json_lines(tmp_path / "e.jsonl", entries)
    mapping = {"customer_id": "user_id", "product_id": "article", "timestamp": "when", "event": "what"}
    found, refused, _ = read(path, columns=mapping, events=EventNames(names={"BUY": "purchase"}))
    assert (found, refused) == ([Interaction("u", "7", "purchase", NOON)], [])
    _, refused, _ = read(path, columns=mapping)
    assert [r.reason for r in refused] == ["unknown_event"]


@pytest.mark.parametrize(("default", "event"), [(None, "purchase"), ("view", "view")])
def test_without_an_event_column_all_rows_mean_the_same(
    tmp_path: Path, default: str | None, event: str
) -> None:
    path = write_csv(tmp_path / "e.csv", [{"customer_id": "c", "product_id": "p", "timestamp": "2024-05-01"}])
    found, _, _ = read(path, events=None if default is None else EventNames(default))
    assert [entry.event for entry in found] == [event]


BAD = [
    ({"customer_id": ""}, rejects.MISSING_CUSTOMER),
    ({"customer_id": " "}, rejects.BLANK_ID),
    ({"product_id": ""}, rejects.MISSING_ID),
    ({"product_id": "x" * 300}, rejects.LONG_ID),
    ({"event_id": "a\x02"}, rejects.CONTROL_ID),
    ({"product_id": "stranger"}, rejects.UNKNOWN_PRODUCT),
    ({"event": "stare"}, rejects.UNKNOWN_EVENT),
    ({"event": ""}, rejects.UNKNOWN_EVENT),
    ({"timestamp": ""}, rejects.BAD_TIMESTAMP),
    ({"timestamp": "01/05/2024"}, rejects.BAD_TIMESTAMP),
    ({"value": "many"}, rejects.BAD_VALUE),
    ({"value": "1e999"}, rejects.BAD_VALUE),
    ({"event": "rate", "value": ""}, rejects.BAD_VALUE),
    ({"event": "rate", "value": "6"}, rejects.BAD_VALUE),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_each_bad_row_is_rejected_with_number_reason_and_detail(
    tmp_path: Path, bad: dict[str, str], reason: str
) -> None:
    good = {**GOOD, "event_id": ""}
    path = write_csv(tmp_path / "e.csv", [good, {**good, **bad}, {**good, "product_id": "p2"}])
    found, refused, count = read(path, known=known)
    assert [(r.scope, r.row, r.reason) for r in refused] == [("row", 2, reason)]
    assert refused[0].detail
    assert [entry.product_id for entry in found] == ["p1", "p2"]
    assert count == 3


def test_rejects_come_in_order_of_their_rows_whatever_the_chunk(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(
        "customer_id,product_id,timestamp\nc,stranger,2024-05-01\nc,p1,bad\nc,p1\nc,p1,2024-05-01\n",
        encoding="utf-8",
    )
    for chunk in (1, 2, 100):
        _, refused, count = read(path, known=known, chunk=chunk)
        assert [(r.row, r.reason) for r in refused] == [
            (1, "unknown_product"), (2, "bad_timestamp"), (3, "ragged_row")
        ]  # fmt: skip
        assert count == 4


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_missing_columns_are_said_with_those_that_there_are(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"e.{ending}"
    (write_csv if ending == "csv" else write_json_lines)(
        path, [{"user": "u", "product_id": "p", "timestamp": "1"}]
    )
    with pytest.raises(UsageError, match=r"'customer_id'.*user, product_id.*--column customer_id="):
        read_interactions(path)
    with pytest.raises(UsageError, match="'nobody'"):
        read_interactions(path, {"customer_id": "nobody"})
    with pytest.raises(UsageError, match="'colour' is no column"):
        read_interactions(path, {"colour": "user"})


def test_unknown_event_names_are_refused_at_once() -> None:
    for bad in ({"default": "stare"}, {"names": {"x": "stare"}}):
        with pytest.raises(UsageError, match="stare"):
            EventNames(**bad)  # type: ignore[arg-type]


ANY_EVENT = st.dictionaries(
    st.sampled_from(["customer_id", "product_id", "event", "timestamp", "value", "event_id"]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.lists(st.integers(), max_size=2),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(ANY_EVENT, max_size=6))
def test_whatever_json_holds_is_used_or_rejected(tmp_path: Path, entries: list[dict[str, object]]) -> None:
    found, refused, count = read(write_json_lines(tmp_path / "e.jsonl", [GOOD, *entries]), chunk=3)
    assert count == 1 + len(entries) == len(found) + len(refused)


def test_an_empty_file_of_json_lines_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text("\n")
    assert read(tmp_path / "e.jsonl") == ([], [], 0)


def test_a_file_twice_is_stored_once_and_the_repeated_rows_count_as_used(tmp_path: Path, shop: Shop) -> None:
    shop.put_rows([row(1, "p1"), row(2, "p2")], None)
    entries = [{**GOOD, "customer_id": f"c{n}", "event_id": f"e{n}" if n % 2 else ""} for n in range(6)]
    path = write_csv(tmp_path / "e.csv", [*entries, {**GOOD, "product_id": "stranger"}, entries[0]])
    told = []
    for _ in range(2):
        for chunk in read_interactions(path, known=shop.known_products, chunk=3):
            put = shop.put_interactions(chunk.interactions)
            told.append((put.stored, put.repeated, len(chunk.rejects)))
    assert told == [(3, 0, 0), (3, 0, 0), (0, 1, 1), (0, 3, 0), (0, 3, 0), (0, 1, 1)]
    assert shop.counts()["interactions"] == 6


def test_a_stray_quote_costs_its_own_event_alone(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    rows = [f"c{n},p1,2024-05-01" for n in range(1, 101)]
    rows[49], rows[59] = '"c50,p1,2024-05-01', 'c60,p1",2024-05-01'
    path.write_text("customer_id,product_id,timestamp\n" + "\n".join(rows) + "\n", encoding="utf-8")
    chunks = list(read_interactions(path))
    assert sum(chunk.rows_read for chunk in chunks) == 100
    assert [(r.row, r.reason) for chunk in chunks for r in chunk.rejects] == [(50, "ragged_row")]


def test_dates_as_whole_numbers_are_dates_in_every_format(tmp_path: Path) -> None:
    rows = [{**GOOD, "timestamp": 20240501}, {**GOOD, "timestamp": 45413}]
    write_csv(tmp_path / "e.csv", rows)
    write_json_lines(tmp_path / "e.jsonl", rows)
    pd.DataFrame(rows).to_parquet(tmp_path / "e.parquet")
    for name in ("e.csv", "e.jsonl", "e.parquet"):
        made, refused, _ = read(tmp_path / name)
        assert [entry.timestamp for entry in made] == [datetime(2024, 5, 1, tzinfo=UTC)]
        assert [(r.row, r.reason) for r in refused] == [(2, "bad_timestamp")]


@pytest.mark.parametrize("named", [0, 1, 2])
def test_a_row_without_event_where_others_have_one_is_no_purchase(tmp_path: Path, named: int) -> None:
    bare = {name: cell for name, cell in GOOD.items() if name != "event"}
    rows = [{**bare, "event": "view"} if n == named else bare for n in range(3)]
    made, refused, _ = read(write_json_lines(tmp_path / "e.jsonl", rows))
    assert [entry.event for entry in made] == ["view"]
    assert [r.row for r in refused] == [n + 1 for n in range(3) if n != named]
    assert {(r.reason, r.detail) for r in refused} == {
        ("unknown_event", "the row has no event, other rows have")
    }
    made, refused, _ = read(write_json_lines(tmp_path / "e.jsonl", [bare, bare]))
    assert ([entry.event for entry in made], refused) == (["purchase"] * 2, [])
