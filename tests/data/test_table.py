"""The product table: columns of each kind, and refreshing that equals reading anew."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from data.columns import NumberColumn, TextColumn, TruthColumn, extended, make_column
from data.errors import BadFilter, UnknownProduct
from data.records import CORE_COLUMNS, Cell, Product
from data.shop import Shop
from data.table import ProductTable
from data.where import parse
from tests.data.makers import event, row


def test_columns_find_the_narrowest_kind() -> None:
    assert isinstance(make_column([1.0, None]), NumberColumn)
    assert isinstance(make_column([True, None]), TruthColumn)
    assert isinstance(make_column(["a", None]), TextColumn)
    mixed = make_column([1.0, True, "1", None, 1.0])
    assert isinstance(mixed, TextColumn)
    assert [mixed.value(n) for n in range(5)] == [1.0, True, "1", None, 1.0]
    assert [type(mixed.value(n)) for n in range(3)] == [float, bool, str]
    assert mixed.spelled() == ["1", "true", "1"]


def test_a_table_of_products() -> None:
    products = [
        Product("b", "T", "c", 2.0, False, {"size": 3.0, "sale": True}),
        Product("a", attributes={"colour": "red", "size": None}),
    ]
    table = ProductTable.of(products)
    assert table.ids == ["b", "a"]
    assert table.row_of == {"b": 0, "a": 1}
    assert table.columns == [*CORE_COLUMNS, "colour", "sale", "size"]
    np.testing.assert_array_equal(table.column("price"), [2.0, np.nan])
    assert table.column("in_stock").tolist() == [False, True]
    assert table.column("in_stock").dtype == bool
    assert table.column("colour").tolist() == [None, "red"]
    assert table.column("sale").tolist() == [True, None]
    assert table.product(0) == products[0]
    assert table.by_id("a").attributes == {"colour": "red"}
    with pytest.raises(UnknownProduct):
        table.by_id("c")
    with pytest.raises(BadFilter, match="colour, sale, size"):
        table.column("nothing")


def test_a_table_is_read_from_the_shop_without_the_deleted(shop: Shop) -> None:
    shop.put_rows([row(n, f"p{n}", title=f"T{n}") for n in range(5)], None)
    shop.delete_products(["p3"])
    table = ProductTable.load(shop)
    assert sorted(table.ids) == ["p0", "p1", "p2", "p4"]
    assert table.by_id("p1") == shop.product("p1")
    assert table.refresh(shop) is table
    shop.put_interactions([event("c", "p1")])
    assert table.refresh(shop) is table


def same(one: ProductTable, other: ProductTable) -> bool:
    return sorted(one.ids) == sorted(other.ids) and all(one.by_id(i) == other.by_id(i) for i in one.ids)


@pytest.mark.parametrize("seed", range(6))
def test_refreshing_equals_reading_anew(shop: Shop, seed: int) -> None:
    rng = random.Random(seed)
    values = [None, 1.0, 2.5, "a", "b", True, False]
    table = ProductTable.load(shop)
    for _ in range(12):
        for _ in range(rng.randrange(4)):
            product_id = f"p{rng.randrange(6)}"
            if rng.random() < 0.3:
                shop.delete_products([product_id])
            else:
                kinds = values if rng.random() < 0.3 else [None, "a", "b", "c"]
                attributes = {name: rng.choice(kinds) for name in rng.sample("xyz", rng.randrange(4))}
                shop.put_product(Product(product_id, price=rng.choice([None, 3.0]), attributes=attributes))
        before = table
        kept = {i: before.by_id(i) for i in before.ids}
        table = table.refresh(shop)
        anew = ProductTable.load(shop)
        assert table.revision == shop.revision
        assert same(table, anew)
        assert table.columns == anew.columns
        assert {i: before.by_id(i) for i in before.ids} == kept, "the old table is as it was"
        for text in ("price is null", "in_stock"):
            found = [
                set(np.array(t.ids)[parse(text).mask(t)].tolist()) if t.ids else set() for t in (table, anew)
            ]
            assert found[0] == found[1]


@pytest.mark.parametrize("seed", range(20))
def test_a_refreshed_table_has_the_columns_of_one_loaded_anew(shop: Shop, seed: int) -> None:
    rng = random.Random(seed)
    mostly: dict[str, list[Cell]] = {
        "size": [1.0, 2.5, "one", True],
        "sale": [True, False, "no", 1.0],
        "note": ["a", "b", "c", 4.0],
    }
    table = ProductTable.load(shop)
    for _ in range(40):
        for _ in range(rng.randrange(1, 4)):
            product_id = f"p{rng.randrange(5)}"
            if rng.random() < 0.4:
                shop.delete_products([product_id])
                continue
            attributes = {n: rng.choices(c, [8, 8, 2, 1])[0] for n, c in mostly.items() if rng.random() < 0.7}
            price, title = rng.choice([None, 3.0]), rng.choice([None, "T"])
            shop.put_product(Product(product_id, title, price=price, attributes=attributes))
        table = table.refresh(shop)
        anew = ProductTable.load(shop)
        assert typed(table) == typed(anew)
        assert {n: table.cells(n).kind for n in table.columns} == {
            n: anew.cells(n).kind for n in anew.columns
        }


def typed(table: ProductTable) -> dict[str, dict[str, tuple[type, Cell]]]:
    """Each product's cells by column, with their types: 1.0 == True in Python."""
    cells = {name: table.cells(name) for name in table.columns}
    return {
        one: {name: (type(cell := column.value(row)), cell) for name, column in cells.items()}
        for one, row in table.row_of.items()
    }


def test_a_column_of_texts_that_loses_all_of_them_keeps_its_words(shop: Shop) -> None:
    for number in range(3):
        shop.put_product(Product(f"p{number}", title="T"))
    before = ProductTable.load(shop)
    for number in range(3):
        shop.put_product(Product(f"p{number}"))
    after = before.refresh(shop).cells("title")
    assert isinstance(after, TextColumn)
    assert after.words is before.cells("title").words  # type: ignore[attr-defined]
    assert after.blank().all()


def test_refreshing_reads_only_what_changed(shop: Shop) -> None:
    shop.put_rows([row(n, f"p{n:05}", title="T") for n in range(3000)], None)
    table = ProductTable.load(shop)
    shop.put_product(Product("p00001", title="new"))
    asked: list[int] = []
    whole = shop.products
    shop.products = lambda ids: (asked.append(len(ids)), whole(ids))[1]  # type: ignore[method-assign]
    began = time.process_time()
    fresh = table.refresh(shop)
    assert time.process_time() - began < 0.5
    assert asked == [1]
    assert fresh.by_id("p00001").title == "new"
    assert table.by_id("p00001").title == "T"


def test_the_next_table_shares_what_did_not_change(shop: Shop) -> None:
    for number in range(4):
        shop.put_product(Product(f"p{number}", title=f"t{number}", category="c", price=1.0, in_stock=True))
    before = ProductTable.load(shop)
    shop.put_product(Product("p2", title="t2", category="c", price=2.0, in_stock=True))
    after = before.refresh(shop)
    assert after.ids is before.ids
    assert after.row_of is before.row_of
    assert after.cells("title") is before.cells("title")
    assert after.cells("price") is not before.cells("price")
    assert after.column("price")[after.row_of["p2"]] == 2.0
    shop.delete_products(["p0"])
    last = after.refresh(shop)
    assert [last.ids[last.row_of[name]] for name in ("p1", "p2", "p3")] == ["p1", "p2", "p3"]
    assert "p0" not in last.row_of
    assert last.column("price")[last.row_of["p2"]] == 2.0


@pytest.mark.parametrize(
    ("old", "new"), [(True, 1.0), (1.0, True), (False, 0.0), (None, 0.0), (0.0, None), ("1", 1.0)]
)
def test_a_cell_of_another_kind_is_a_change(old: Cell, new: Cell) -> None:
    before = make_column([old, "x" if isinstance(old, str) else old])
    after = extended(before, 2, {0: new})
    assert (after.value(0), type(after.value(0))) == (new, type(new))
