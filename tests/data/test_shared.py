"""What tables share: it grows for the newest holder, and others see what they saw."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.columns import TextColumn, extended, make_column
from data.records import Product
from data.shared import RowOf, Words
from data.table import ProductTable


def test_rows_by_id_of_an_older_and_a_newer_holder() -> None:
    first = RowOf(["a", "b"])
    second = first.plus(["c"])
    other = first.plus(["d", "e"])  # somebody had gone on from there before
    third = second.plus(["d"])
    assert dict(first) == {"a": 0, "b": 1}
    assert dict(second) == {"a": 0, "b": 1, "c": 2}
    assert dict(other) == {"a": 0, "b": 1, "d": 2, "e": 3}
    assert dict(third) == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert "c" not in first
    assert first.get("c", -1) == -1
    assert (len(first), len(third)) == (2, 4)
    with pytest.raises(KeyError):
        first["c"]
    assert RowOf([]).plus(["a"])["a"] == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 40), max_size=4)), max_size=12))
def test_rows_by_id_against_plain_dictionaries(steps: list[tuple[int, list[int]]]) -> None:
    holders = [(RowOf(["x"]), {"x": 0})]
    for which, numbers in steps:
        shared, plain = holders[which % len(holders)]
        new = [name for name in dict.fromkeys(f"p{n}" for n in numbers) if name not in plain]
        holders.append((shared.plus(new), {**plain, **{n: len(plain) + i for i, n in enumerate(new)}}))
        for told, wanted in holders:
            assert dict(told) == wanted


def test_words_have_their_number_for_ever() -> None:
    words = Words(["a", 1.0, "b"])
    assert [words.number(text) for text in ("b", "c", "a", "1.0", "c")] == [2, 3, 0, 4, 3]
    assert list(words) == ["a", 1.0, "b", "c", "1.0"]
    assert (len(words), words[3]) == (5, "c")


def test_columns_of_texts_that_go_on_from_the_same_one() -> None:
    first = make_column(["a", "b", None])
    one = extended(first, 4, {0: "c", 3: "a"})
    other = extended(first, 4, {1: None, 3: "d"})
    told = [[column.value(row) for row in range(len(column))] for column in (first, one, other)]
    assert told == [["a", "b", None], ["c", "b", None, "a"], ["a", None, None, "d"]]
    for column, wanted in zip((first, one, other), told, strict=True):
        assert isinstance(column, TextColumn)
        assert column.array().tolist() == wanted


def test_two_tables_that_go_on_from_the_same_one() -> None:
    first = ProductTable.of([Product("a", "one"), Product("b", "two")])
    one, moved = first._with({"c": Product("c", "three")}, [], 1)
    other, gone = first._with({"d": Product("d", "two")}, ["a"], 1)
    assert moved is None
    assert gone is not None
    assert gone.tolist() == [-1, 0]
    assert [dict(table.row_of) for table in (first, one, other)] == [
        {"a": 0, "b": 1},
        {"a": 0, "b": 1, "c": 2},
        {"b": 0, "d": 1},
    ]
    assert [other.by_id(i).title for i in other.ids] == ["two", "two"]
    assert [one.by_id(i).title for i in one.ids] == ["one", "two", "three"]
