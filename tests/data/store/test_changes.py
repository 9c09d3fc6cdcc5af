"""The revision: one counter, never backwards, and nothing that follows it misses a change."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from data.records import Product
from data.shop import Shop
from tests.data.makers import encode_all, row, use_space


def test_following_the_changes_in_small_steps_sees_each_of_them(shop: Shop, photos: Path) -> None:
    use_space(shop)
    shop.put_rows([row(n, f"p{n}", "a.jpg") for n in range(5)], photos)
    shop.put_product(Product("lone"))
    encode_all(shop)
    shop.delete_products(["p1", "lone"])
    for limit in (1, 2, 3, 100, None):
        seen: list[str] = []
        deleted: list[str] = []
        at = 0
        for _ in range(50):
            changes = shop.changes_since(at, limit)
            if changes.revision == at:
                break
            assert changes.revision > at
            at = changes.revision
            seen += changes.looks_changed
            deleted += changes.deleted
        assert at == shop.revision
        assert sorted(seen) == ["p0", "p2", "p3", "p4"]
        assert sorted(deleted) == ["lone", "p1"]


def test_a_limit_never_cuts_one_revision_in_two(shop: Shop, photos: Path) -> None:
    shop.put_rows([row(n, f"p{n}") for n in range(4)], photos)
    shop.put_product(Product("q"))
    assert shop.changes_since(0, 1).looks_changed == ["p0", "p1", "p2", "p3"]
    assert shop.changes_since(0, 4).revision == 1
    assert len(shop.changes_since(0, 5).looks_changed) == 5


@pytest.mark.parametrize("seed", range(5))
def test_a_follower_always_knows_what_is_alive(shop: Shop, seed: int) -> None:
    rng = random.Random(seed)
    alive: set[str] = set()
    at = 0
    for _ in range(40):
        product_id = f"p{rng.randrange(8)}"
        if rng.random() < 0.4:
            shop.delete_products([product_id])
        else:
            shop.put_product(Product(product_id, price=float(rng.randrange(3))))
        if rng.random() < 0.5:
            changes = shop.changes_since(at, rng.choice([None, 1, 3]))
            alive = (alive | set(changes.looks_changed)) - set(changes.deleted)
            at = changes.revision
    while (changes := shop.changes_since(at, 2)).revision > at:
        alive = (alive | set(changes.looks_changed)) - set(changes.deleted)
        at = changes.revision
    assert alive == {p.product_id for batch in shop.all_products() for p in batch}


def test_writers_in_several_threads_get_a_revision_each(shop: Shop) -> None:
    told: list[int] = []

    def work(name: str) -> None:
        told.extend(shop.put_product(Product(f"{name}-{n}")) for n in range(10))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.revision == 40
    assert len(shop.changed_products(0)) == 40
    assert max(told) == 40


def test_writing_what_is_there_already_is_no_change(shop: Shop) -> None:
    first = shop.put_product(Product("p", title="x"))
    assert shop.put_product(Product("p", title="x")) == first
    assert shop.put_product(Product("p", title="y")) == first + 1
    assert shop.changes_since(first).looks_changed == []


def test_the_day_of_arrival_is_kept_unless_the_catalogue_names_another(shop: Shop) -> None:
    from tests.data.makers import NOON

    shop.put_product(Product("p"))
    arrived = shop.product("p").first_seen
    shop.put_product(Product("p", title="later"))
    assert shop.product("p").first_seen == arrived
    shop.put_product(Product("p", title="later", first_seen=NOON))
    assert shop.product("p").first_seen == NOON
    shop.put_product(Product("p", title="even later"))
    assert shop.product("p").first_seen == NOON
