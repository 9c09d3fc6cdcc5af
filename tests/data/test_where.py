"""The filter language: what it means, and that nothing but BadFilter ever comes out of it."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import BadFilter
from data.records import Product
from data.table import ProductTable
from data.where import LONGEST_FILTER, parse

PRODUCTS = [
    Product(
        "1", "Red Dress", "dress", 30.0, True, {"colour": "red", "size": 38.0, "sale": True, "code": "007"}
    ),
    Product(
        "2", "Blue dress", "dress", 60.0, False, {"colour": "blue", "size": 40.0, "sale": False, "mixed": 3.0}
    ),
    Product("3", "Straw Hat", "hat", None, True, {"colour": 'it\'s "red"', "mixed": "three"}),
    Product("4", None, None, 0.0, True, {"size": -1.5, "two words": "x", "mixed": True}),
]
TABLE = ProductTable.of(PRODUCTS)


def found(text: str) -> str:
    return "".join(np.array(TABLE.ids)[parse(text).mask(TABLE)])


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('category = "dress"', "12"), ("category = 'dress' and price < 50 and in_stock", "1"),
        ("category == 'dress'", "12"), ("category <> 'dress'", "3"), ("category != 'dress'", "3"),
        ("price >= 30", "12"), ("price > 30", "2"), ("price <= 0", "4"), ("price = 30.0", "1"),
        ("price = 3e1", "1"),
        ("size = -1.5", "4"), ("size < +39", "14"), ("size = .38e2", "1"),
        ("in_stock", "134"), ("not in_stock", "2"), ("in_stock = false", "2"), ("in_stock != TRUE", "2"),
        ("sale", "1"), ("not sale", "2"), ("sale is null", "34"), ("sale is not null", "12"),
        ("price is null", "3"), ("price is null or price < 10", "34"),
        ("not price < 50", "2"), ("not (price < 50 or sale)", "2"), ("not (price < 50 and sale)", "2"),
        ("not not price < 50", "14"),
        ("colour in ('red', 'blue')", "12"), ("colour not in ('red')", "23"), ("size in (38, 40)", "12"),
        ("colour contains 'RED'", "13"), ("title contains 'dress' and not title contains 'red'", "2"),
        ("title not contains 'dress'", "3"), ("colour = \"it's \\\"red\\\"\"", "3"), ("code = '007'", "1"),
        ("code = 007", "1"), ("product_id in ('1', '4')", "14"), ("product_id >= '3'", "34"),
        ("`two words` = 'x'", "4"), ("IN_STOCK is null or In_Stock", None), ("title < 'C'", "2"),
        ("category = 'dress' or category = 'hat' and price > 0", "12"),
        ("(category = 'dress' or category = 'hat') and in_stock", "13"),
        ("mixed = 3", "2"), ("mixed = 'three'", "3"), ("mixed = true", "4"), ("mixed contains 'thr'", "3"),
        ("category='dress'and price<50", "1"), (" \n price\t<\n50 ", "14"), ("size in(38)", "1"),
    ],
)  # fmt: skip
def test_what_filters_find(text: str, ids: str | None) -> None:
    if ids is None:
        with pytest.raises(BadFilter, match="IN_STOCK"):
            found(text)
    else:
        assert found(text) == ids


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"), ("   ", "empty"), ("price <", "value.*character 8.*the end"),
        ("price 50", "'and', 'or'"),
        ("price < 'x'", "holds numbers"), ("price < true", "holds numbers"), ("category < 5", "holds texts"),
        ("in_stock = 1", "true and false"), ("in_stock < true", "true and false"), ("price", "comparison"),
        ("category", "comparison"), ("price contains '5'", "contains"),
        ("nothing = 1", "columns are product_id, title"),
        ("price = null", "is null"), ("price is 5", "null"), ("price not = 5", "'in' or 'contains'"),
        ("category = \"dress", "never closed"), ("`open = 1", "never closed"),
        ("price = 5; drop", "cannot be read"),
        ("price in ()", "value"), ("price in (1 2)", r"'\)'"), ("(price = 1", r"'\)'"),
        ("price = 1)", "'and', 'or'"),
        ("and", "column name"), ("price = 1 and", "column name"), ("price = 12abc", "cannot be read"),
        ("x.__class__ = 1", "columns are"), ("__import__('os')", "'and', 'or'"),
        ("category contains 5", "quotes"),
        ("(" * 60 + "in_stock" + ")" * 60, "nested"), ("not " * 60 + "in_stock", "nested"),
        ("in_stock or " * 400 + "in_stock", f"{LONGEST_FILTER:,}"), ("price = 1 or 2", "column name"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_explained(text: str, said: str) -> None:
    with pytest.raises(BadFilter, match=said):
        found(text)


def test_the_columns_of_a_filter_and_its_equality() -> None:
    where = parse("price < 5 and (not sale or title is null) and colour in ('a') and size contains 'x'")
    assert where.columns == {"price", "sale", "title", "colour", "size"}
    assert parse("price < 5") == parse("price < 5")
    assert hash(parse("price < 5")) == hash(parse("price < 5"))


def test_an_empty_table_and_a_column_without_values() -> None:
    empty = ProductTable.of([])
    assert parse("price < 5 and in_stock and title contains 'x'").mask(empty).tolist() == []
    bare = ProductTable.of([Product("1")])
    assert parse("price < 5").mask(bare).tolist() == [False]
    assert parse("not price < 5").mask(bare).tolist() == [False]
    assert parse("price is null").mask(bare).tolist() == [True]
    assert parse("title").mask(bare).tolist() == [False]


@settings(max_examples=300)
@given(st.text(alphabet=st.sampled_from("ab\"'`()=<>!,. 05-+eE\\\n\0é") | st.characters(), max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(BadFilter):
        parse(text).mask(TABLE)


WORDS = st.sampled_from(
    ["price", "title", "in_stock", "sale", "and", "or", "not", "in", "is", "null", "contains", "=", "<",
     "(", ")",
     "'x'", "5", "true", ","]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_no_order_of_words_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(BadFilter):
        parse(text).mask(TABLE)


OPS: dict[str, Callable[[object, object], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip
Told = tuple[str, Callable[[dict[str, object]], "bool | None"]]


def compare(name: str, op: str, value: object, written: str) -> Told:
    def answer(cells: dict[str, object]) -> bool | None:
        return None if cells[name] is None else OPS[op](cells[name], value)

    return f"{name} {op} {written}", answer


def negate(told: Told) -> Told:
    def answer(cells: dict[str, object]) -> bool | None:
        inner = told[1](cells)
        return None if inner is None else not inner

    return f"not ({told[0]})", answer


def join(word: str, parts: list[Told]) -> Told:
    def answer(cells: dict[str, object]) -> bool | None:
        answers = [part[1](cells) for part in parts]
        decisive = word == "or"
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive

    return "(" + f" {word} ".join(part[0] for part in parts) + ")", answer


def null(name: str) -> Told:
    return f"{name} is null", lambda cells: cells[name] is None


NUMBERS = st.sampled_from([-1.0, 0.0, 2.5, 7.0])
TEXTS = st.sampled_from(["a", "b", "it's", 'say "b"', "ä", "back\\slash"])


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


LEAVES = st.one_of(
    st.builds(lambda op, v: compare("number", op, v, str(v)), st.sampled_from(list(OPS)), NUMBERS),
    st.builds(lambda op, v: compare("text", op, v, quoted(v)), st.sampled_from(list(OPS)), TEXTS),
    st.builds(lambda v: compare("truth", "=", v, str(v).lower()), st.booleans()),
    st.just(("truth", lambda cells: cells["truth"])),
    st.builds(null, st.sampled_from(["number", "text", "truth"])),
    st.builds(
        lambda vs: ("text in (" + ", ".join(map(quoted, vs)) + ")",
                    lambda cells: None if cells["text"] is None else cells["text"] in vs),
        st.lists(TEXTS, min_size=1, max_size=3),
    ),
)  # fmt: skip
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(negate, inner),
        st.builds(join, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=8,
)
CELLS = st.fixed_dictionaries(
    {"number": st.none() | NUMBERS, "text": st.none() | TEXTS, "truth": st.none() | st.booleans()}
)
# These give each column its kind, whatever the drawn rows hold.
ANCHOR = {"number": 1.0, "text": "z", "truth": True}


@settings(max_examples=300, deadline=None)
@given(told=FILTERS, rows=st.lists(CELLS, max_size=8))
def test_filters_agree_with_a_row_by_row_reading(told: Told, rows: list[dict[str, object]]) -> None:
    cells = [ANCHOR, *rows]
    table = ProductTable.of(Product(str(n), attributes=entry) for n, entry in enumerate(cells))  # type: ignore[arg-type]
    assert parse(told[0]).mask(table).tolist() == [told[1](entry) is True for entry in cells]
