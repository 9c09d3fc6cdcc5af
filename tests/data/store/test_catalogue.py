"""Putting rows into a shop: only real changes count, lists of photos are replaced, repeated rows add."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import UsageError
from data.records import PutResult
from data.shop import Shop
from tests.data.makers import encode_all, event, row, use_space


def paths(shop: Shop, product_id: str) -> list[str]:
    return [photo.path for photo in shop.photos_of(product_id)]


def test_the_same_rows_again_change_nothing(shop: Shop, photos: Path) -> None:
    rows = [row(1, "p", "a.jpg", "b.jpg", title="Dress", price=9.5, attributes={"size": "M"}), row(2, "q")]
    assert shop.put_rows(rows, photos) == PutResult(2, 0, 0, 2, 0)
    before = shop.revision
    assert shop.put_rows(rows, photos) == PutResult(0, 0, 2, 0, 0)
    assert shop.revision == before
    assert paths(shop, "p") == ["a.jpg", "b.jpg"]
    product = shop.product("p")
    assert (product.title, product.price, product.in_stock) == ("Dress", 9.5, True)
    assert product.attributes == {"size": "M"}


@pytest.mark.parametrize(
    "fields",
    [{"title": "New"}, {"category": "x"}, {"price": 2.0}, {"in_stock": False}, {"attributes": {"n": 1.0}}],
)
def test_any_changed_field_is_a_change_but_not_of_looks(
    shop: Shop, photos: Path, fields: dict[str, object]
) -> None:
    shop.put_rows([row(1, "p", "a.jpg"), row(2, "q")], photos)
    before = shop.revision
    assert shop.put_rows([row(1, "p", "a.jpg", **fields), row(2, "q")], photos).products_changed == 1
    assert shop.revision == before + 1
    assert shop.changed_products(before) == ["p"]
    assert shop.changes_since(before).looks_changed == []


def test_a_new_list_of_photos_replaces_the_old_one(shop: Shop, photos: Path) -> None:
    shop.put_rows([row(1, "p", "a.jpg", "b.jpg")], photos)
    before = shop.revision
    assert shop.put_rows([row(1, "p", "b.jpg", "c.jpg")], photos) == PutResult(0, 0, 1, 1, 1)
    assert paths(shop, "p") == ["b.jpg", "c.jpg"]
    assert shop.changes_since(before).looks_changed == ["p"]


def test_another_order_of_photos_is_a_change_of_looks(shop: Shop, photos: Path) -> None:
    shop.put_rows([row(1, "p", "a.jpg", "b.jpg")], photos)
    before = shop.revision
    shop.put_rows([row(1, "p", "b.jpg", "a.jpg")], photos)
    assert paths(shop, "p") == ["b.jpg", "a.jpg"]
    assert shop.changes_since(before).looks_changed == ["p"]


def test_further_rows_add_photos_across_portions(shop: Shop, photos: Path) -> None:
    def import_it() -> int:
        number = shop.begin_import("catalogue", "c.csv")
        shop.put_rows([row(1, "p", "a.jpg"), row(2, "q", "d.jpg")], photos, number)
        shop.put_rows([row(3, "p", "b.jpg", further=True)], photos, number)
        shop.put_rows([row(4, "p", "c.jpg", further=True)], photos, number)
        return shop.drop_unlisted(number)

    assert import_it() == 0
    assert paths(shop, "p") == ["a.jpg", "b.jpg", "c.jpg"]
    before = shop.revision
    assert import_it() == 0, "the second night is the same catalogue"
    assert shop.revision == before
    assert paths(shop, "p") == ["a.jpg", "b.jpg", "c.jpg"]


def test_photos_that_an_import_no_longer_lists_go_at_its_end(shop: Shop, photos: Path) -> None:
    first = shop.begin_import("catalogue", "c.csv")
    shop.put_rows(
        [row(1, "p", "a.jpg"), row(2, "p", "b.jpg", further=True), row(3, "q", "d.jpg")], photos, first
    )
    shop.drop_unlisted(first)
    second = shop.begin_import("catalogue", "c.csv")
    shop.put_rows([row(1, "p", "a.jpg")], photos, second)
    assert paths(shop, "p") == ["a.jpg", "b.jpg"], "a later row might still list it"
    before = shop.revision
    assert shop.drop_unlisted(second) == 1
    assert paths(shop, "p") == ["a.jpg"]
    assert paths(shop, "q") == ["d.jpg"], "a product that the catalogue does not name is left alone"
    assert shop.changes_since(before).looks_changed == ["p"]


def test_the_same_photo_in_two_rows_is_one_photo_of_the_first(shop: Shop, photos: Path) -> None:
    number = shop.begin_import("catalogue", "c.csv")
    shop.put_rows([row(1, "p", "a.jpg")], photos, number)
    shop.put_rows([row(2, "p", "a.jpg", "b.jpg", further=True)], photos, number)
    assert [(p.path, p.position) for p in shop.photos_of("p")] == [("a.jpg", 0), ("b.jpg", 1)]


def test_deleted_products_leave_a_tombstone_and_can_come_back(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(1, "p", "a.jpg"), row(2, "q", "b.jpg")], photos)
    encode_all(shop)
    shop.put_interactions([event("c", "p")])
    before = shop.revision
    assert shop.delete_products(["p", "p", "nobody"]) == 1
    assert shop.delete_products(["p"]) == 0
    changes = shop.changes_since(before)
    assert (changes.looks_changed, changes.deleted) == ([], ["p"])
    assert shop.known_products(["p", "q", "nobody"]) == {"p", "q"}
    assert [e.product_id for e in shop.history("c")] == ["p"], "what customers did stays"
    before = shop.revision
    assert shop.put_rows([row(1, "p", "a.jpg")], photos).products_changed == 1
    assert shop.changes_since(before).looks_changed == ["p"]
    assert paths(shop, "p") == ["a.jpg"]


def test_a_new_photo_folder_moves_the_photos_without_a_change_of_looks(shop: Shop, photos: Path) -> None:
    shop.put_rows([row(1, "p", "a.jpg")], photos)
    moved = photos.rename(photos.with_name("moved"))
    before = shop.revision
    shop.put_rows([row(1, "p", "a.jpg")], moved)
    assert shop.photo_path(shop.photos_of("p")[0]) == moved / "a.jpg"
    assert shop.revision == before


def test_rows_with_photos_need_a_folder(shop: Shop) -> None:
    assert shop.put_rows([row(1, "p")], None).products_new == 1
    with pytest.raises(UsageError, match="photo_root"):
        shop.put_rows([row(1, "p", "a.jpg")], None)


def test_ids_that_differ_in_case_accents_or_length_are_different_products(shop: Shop, photos: Path) -> None:
    ids = ["A", "a", "é", "e\u0301", "0108775015", "108775015", "x" * 256, "' OR 1=1 --", "%", "日本"]
    assert shop.put_rows([row(n, i, "a.jpg") for n, i in enumerate(ids)], photos).products_new == len(ids)
    assert set(shop.products(ids)) == set(ids)
    assert len({shop.photos_of(i)[0].photo_id for i in ids}) == len(ids)
    assert [p.product_id for batch in shop.all_products(3) for p in batch] == sorted(ids)


def test_text_that_no_database_takes_is_made_harmless(shop: Shop) -> None:
    attributes = {"a\0b": "x\0y", "lone": "\ud800", "nan": float("nan"), "none": None, "blank": ""}
    shop.put_rows([row(1, "p", title="a\0b", category="\udfff", attributes=attributes)], None)
    product = shop.product("p")
    assert (product.title, product.category) == ("ab", "?")
    assert product.attributes == {"ab": "xy", "lone": "?"}
