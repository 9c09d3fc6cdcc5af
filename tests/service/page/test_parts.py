"""The small parts that pages are made of."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from data.errors import NotFound, UsageError
from data.records import Interaction, Product, Reject, RejectRecord
from data.table import ProductTable
from data.where import parse
from service.page import links, words
from service.page.basket import Basket
from service.page.facets import facets
from service.page.filters import Filters, quoted, spelled
from service.page.frames import shape_of
from service.page.looks import Looks
from service.page.rejected import rejected
from service.page.reports import report_file, reports
from service.page.timeline import timeline


@given(st.text(max_size=40))
def test_any_text_is_one_literal_of_the_filter_language(text: str) -> None:
    assert parse(f"title = {quoted(text)}").columns == {"title"}


def test_all_filters_together_make_one_expression() -> None:
    filters = Filters("red", "disc", "5", "7.5", True, 'a = 1 or b = "2"')
    expression = filters.expression
    assert expression is not None
    assert set(parse(expression).columns) == {
        "title",
        "product_id",
        "category",
        "price",
        "in_stock",
        "a",
        "b",
    }
    assert Filters().expression is None


@pytest.mark.parametrize("text", ["cheap", "nan", "inf", "1e999", "--1"])
def test_a_price_is_a_number(text: str) -> None:
    with pytest.raises(UsageError, match="a price is a number"):
        _ = Filters(low=text).expression


@pytest.mark.parametrize(
    ("value", "text"),
    [(1299, "1,299.00"), (9.5, "9.50"), (0, "0.00"), (0.0254237, "0.02542"), (None, ""), ("x", "")],
)
def test_prices(value: object, text: str) -> None:
    assert words.price(value) == text


def test_other_words() -> None:
    assert words.score(0.987) == "0.99"
    assert words.percent(0.625) == "62%"
    assert words.day(date(2026, 7, 1)) == "1 Jul 2026"
    assert words.counted(1, "product") == "1 product"
    assert words.counted(1200, "product") == "1,200 products"
    assert [words.attribute(v) for v in (True, 3.0, "x")] == ["yes", "3", "x"]


def test_links_hold_any_id() -> None:
    assert links.product_link("a/b?c#d %") == "/products/a%2Fb%3Fc%23d%20%25"
    assert links.with_query("/", {"a": "x y", "b": "", "c": None, "d": False}) == "/?a=x+y"
    assert links.with_query("/", {}) == "/"


def test_days_are_newest_first_and_what_is_gone_keeps_its_id() -> None:
    def did(day: int, product: str) -> Interaction:
        return Interaction("c", product, "purchase", datetime(2026, 7, day, 12, tzinfo=UTC))

    days = timeline(
        [did(1, "a"), did(3, "b"), did(1, "gone")], {"a": {"product_id": "a"}, "b": {"product_id": "b"}}
    )
    assert [one.day.day for one in days] == [3, 1]
    assert [m.card["product_id"] for m in days[1].moments] == ["a", "gone"] or [
        m.card["product_id"] for m in days[1].moments
    ] == ["gone", "a"]
    assert days[0].moments[0].did == "bought"


def test_reports_are_found_newest_first(tmp_path: Path) -> None:
    for age, name in enumerate(("evaluation-time/report.html", "evaluation-last/report.html", "map.html")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    assert [one.title for one in reports(tmp_path)] == ["evaluation time", "evaluation last", "map"]
    assert reports(tmp_path / "none") == []


def test_a_link_out_of_the_reports_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("x")
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "out.html").symlink_to(tmp_path / "secret.html")
    for name in ("out.html", "../secret.html", str(tmp_path / "secret.html"), "", "x.py"):
        with pytest.raises(NotFound):
            report_file(folder, name)


@pytest.mark.parametrize("name", ["colour", "colour master", "in", "2nd", "é", "a-b.c", "Not"])
def test_columns_are_spelled_as_filters_want_them(name: str) -> None:
    assert parse(f"{spelled(name)} is null").columns == {name}


def requested(query: str) -> Request:
    return Request(
        {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": query.encode()}
    )


def test_of_a_product_named_twice_the_last_mention_counts() -> None:
    basket = Basket.of(requested("like=a&unlike=b&like=c&unlike=a&like=b"), 10)
    assert basket == Basket(("c", "b"), ("a",))
    assert basket.link({"stock": "1"}, more="a/é") == "/search?like=c&like=b&like=a%2F%C3%A9&unlike=a&stock=1"
    assert basket.link({}, less="c") == "/search?like=b&unlike=a&unlike=c"
    assert basket.without("a") == Basket(("c", "b"))


@pytest.mark.parametrize("query", ["unlike=a", "like=%20", "like=a&like=b&like=c", "like=a%00"])
def test_a_basket_that_cannot_be_searched_is_refused(query: str) -> None:
    with pytest.raises(UsageError):
        Basket.of(requested(query), 2)


def test_look_alikes_are_wanted_by_default_until_the_address_says_no() -> None:
    assert Looks.of(requested(""), {}, True, True).alike
    assert not Looks.of(requested("alike=0"), {}, True, True).alike
    assert Looks.of(requested("alike=0&alike=1"), {}, True, True).alike  # a form with the box ticked
    assert not Looks.of(requested(""), {}, False, True).alike
    looks = Looks.of(requested("stock=1&where=a+%3D+1+or+b+%3D+2&diversity=40"), {"shape": 1.0})
    assert looks.where == "in_stock and (a = 1 or b = 2)"
    assert looks.as_query() == {"diversity": "40", "stock": "1", "where": "a = 1 or b = 2"}


@pytest.mark.parametrize("text", ["101", "0" * 9 + "101", "0" * 5000, "-1", "1.5", "x", "²"])
def test_a_slider_stands_between_its_ends(text: str) -> None:
    for name in ("diversity", "aspect-shape"):
        with pytest.raises(UsageError, match="between 0 and 100"):
            Looks.of(requested(f"{name}={quote(text)}"), {"shape": 1.0})
    assert Looks.of(requested("diversity=0100"), {}).diversity == 100


def test_facets_are_columns_of_words_with_few_values_and_colours_come_first() -> None:
    table = ProductTable.of(
        Product(f"p{n}", category=f"c{n % 2}", attributes={**told, "name": f"n{n}", "size": float(n % 3)})
        for n in range(70)
        for told in [{"brand": "ab"[n % 2], "base_colour": ("red", "Blue")[n % 2], "same": "x"}]
    )
    found = facets(table)
    assert found.categories == ("c0", "c1")
    assert [one.column for one in found.colours] == ["base_colour"]
    assert found.colours[0].values == ("Blue", "red")
    assert [one.column for one in found.others] == ["brand"]
    assert facets(table) is found


def test_picks_are_exact_and_survive_strange_names() -> None:
    filters = Filters.of(requested("is-my+colour=deep+%22red%22&is-=x&is-brand="))
    assert filters.expression == '`my colour` = "deep \\"red\\""'
    assert filters.as_query()["is-my colour"] == 'deep "red"'


@pytest.mark.parametrize(("ratio", "frame"), [(0.75, "portrait"), (1.0, "square"), (1.5, "landscape")])
def test_tiles_have_the_shape_of_most_photos(ratio: float, frame: str) -> None:
    assert shape_of(ratio) == frame


def test_rejects_are_grouped_by_file_and_reason() -> None:
    def bad(source: str, reason: str, row: int) -> RejectRecord:
        return RejectRecord(1, "catalogue", source, Reject("row", row, None, reason, "why"))

    found = rejected([bad("a.csv", "bad_price", 1), *(bad("a.csv", "bad_date", n) for n in range(30))])
    assert [(one.reason, one.count, len(one.examples)) for one in found] == [
        ("bad_date", 30, 20),
        ("bad_price", 1, 1),
    ]
    assert found[1].meaning == "the price is not a plain number of 0 or more"
