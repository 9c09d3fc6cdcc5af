"""PostgreSQL: where a server is named, every test that takes ``shop`` runs on it too."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from data.records import Product, PutInteractions
from data.shop import Shop
from tests.data.conftest import POSTGRES
from tests.data.makers import event

pytestmark = pytest.mark.skipif(
    POSTGRES is None, reason="VITRINE_TEST_POSTGRES names no server; SQLite alone was tested"
)


def test_the_url_is_remembered_and_a_second_process_finds_the_same_records(
    tmp_path: Path, postgres_url: str
) -> None:
    shop = Shop.create(tmp_path, postgres_url)
    shop.put_product(Product("p"))
    assert Shop.open(tmp_path).product("p").product_id == "p"
    assert not (tmp_path / "shop.db").exists()
    shop.close()


def test_several_processes_may_make_the_same_shop_at_once(tmp_path: Path, postgres_url: str) -> None:
    def make(name: str) -> None:
        with Shop.create(tmp_path / name, postgres_url) as shop:
            shop.put_product(Product(name))

    threads = [threading.Thread(target=make, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Shop.open(tmp_path / "a") as shop:
        assert shop.counts()["live"] == 3


def test_the_same_events_from_several_threads_are_stored_once(tmp_path: Path, postgres_url: str) -> None:
    shop = Shop.create(tmp_path, postgres_url)
    told: list[PutInteractions] = []
    items = [event("c", f"p{n}") for n in range(50)]
    threads = [threading.Thread(target=lambda: told.append(shop.put_interactions(items))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(t.stored for t in told) == 50
    assert sum(t.repeated for t in told) == 150
    shop.close()
