"""Changes of single products and photos, and forgetting, in either database."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image

from data.errors import UnknownPhoto, UnknownProduct
from data.records import Interaction, Product, PutProducts, Reject
from data.shop import Shop


def picture(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 40), colour).save(out, "PNG")
    return out.getvalue()


def test_a_batch_says_what_was_new_and_what_changed(shop: Shop) -> None:
    first, second = Product("a", "one"), Product("b", "two")
    assert shop.put_products([first, second]) == PutProducts(2, 0, 0)
    before = shop.revision
    assert shop.put_products([first, second]) == PutProducts(0, 0, 2)
    assert shop.revision == before
    assert shop.put_products([first, replace(second, price=3.0), Product("c")]) == PutProducts(1, 1, 1)
    shop.delete_products(["a"])
    assert shop.put_products([first]) == PutProducts(1, 0, 0)


def test_changes_at_the_same_time_are_not_lost(shop: Shop) -> None:
    shop.put_product(Product("a", "one"))
    arrived = shop.product("a").first_seen

    def add(n: int) -> None:
        shop.change_product("a", lambda old: replace(old, attributes={**old.attributes, f"n{n}": True}))

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(shop.product("a").attributes) == 8
    assert (shop.product("a").title, shop.product("a").first_seen) == ("one", arrived)


def test_a_change_that_fails_or_changes_nothing(shop: Shop) -> None:
    shop.put_product(Product("a", "one"))
    before = shop.revision

    def fail(_: Product) -> Product:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        shop.change_product("a", fail)
    shop.change_product("a", lambda old: old)
    assert shop.revision == before
    shop.delete_products(["a"])
    for gone in ("a", "never"):
        with pytest.raises(UnknownProduct):
            shop.change_product(gone, lambda old: old)


def test_a_dropped_photo_is_gone_and_later_ones_move_up(shop: Shop) -> None:
    shop.put_product(Product("a"))
    shop.put_product(Product("b"))
    photos = [shop.add_photo("a", picture(colour), "x") for colour in ("red", "green", "blue")]
    shared = shop.add_photo("b", picture("green"), "x")
    before = shop.revision
    shop.drop_photo(photos[1].photo_id)
    assert [(p.photo_id, p.position) for p in shop.photos_of("a")] == [
        (photos[0].photo_id, 0),
        (photos[2].photo_id, 1),
    ]
    assert shop.changes_since(before).looks_changed == ["a"]
    assert shop.photo_path(shared).is_file(), "another product has the same photo"
    shop.drop_photo(shared.photo_id)
    assert not shop.photo_path(shared).exists()
    for gone in (shared.photo_id, "0" * 16):
        with pytest.raises(UnknownPhoto):
            shop.drop_photo(gone)


def test_forgetting_takes_refused_events_along(shop: Shop) -> None:
    number = shop.begin_import("interactions", "events.csv")
    shop.put_rejects(number, [Reject("row", 1, name, "unknown_event", "x") for name in ("c-1", "c-2")])
    other = shop.begin_import("catalogue", "c.csv")
    shop.put_rejects(other, [Reject("row", 1, "c-1", "bad_price", "a product of that name")])
    shop.put_interactions([Interaction("c-1", "a", "view", datetime(2026, 1, 1, tzinfo=UTC))])
    assert shop.forget_customer("c-1") == 1
    assert [one.reject.id for one in shop.rejects(number)] == ["c-2"]
    assert [one.reject.id for one in shop.rejects(other)] == ["c-1"]
    assert shop.sweep_forgotten()
    assert not shop.sweep_forgotten()
