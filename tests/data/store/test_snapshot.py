"""Records as of one moment, out of either database and back into either."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from data.errors import Damaged, UsageError
from data.records import Product
from data.shop import Shop
from data.store.database import Database
from data.store.schema import metadata
from data.store.snapshot import check_sound, fill, write_snapshot
from tests.data.makers import encode_all, event, row, use_space


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def fill_with_all_kinds(shop: Shop, photos: Path) -> None:
    number = shop.begin_import("catalogue", "c.csv")
    shop.put_rows([row(1, "p", "a.jpg", title="ü"), row(2, "q", "b.jpg", "c.jpg")], photos, number)
    shop.finish_import(number, 2, 2, 0)
    use_space(shop)
    encode_all(shop, {"c.jpg": "corrupt"})
    shop.put_interactions([event("c", "p"), event("c", "q", "rate", value=4.5)])
    shop.set_meta("k", {"a": 1})


def test_a_snapshot_holds_every_row_of_every_table_and_fills_another_database(
    shop: Shop, photos: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    fill_with_all_kinds(shop, photos)
    write_snapshot(shop._database, tmp_path / "copy.db")
    assert [p.name for p in tmp_path.glob("copy.db*")] == ["copy.db"]
    copied = Database.in_file(tmp_path / "copy.db")
    assert everything(copied) == everything(shop._database)
    copied.close()
    url = None if shop._database.is_sqlite else request.getfixturevalue("second_url")
    other = Database(url) if url else Database.in_file(tmp_path / "other.db")
    fill(tmp_path / "copy.db", other)
    assert everything(other) == everything(shop._database)
    with pytest.raises(UsageError, match="empty"):
        fill(tmp_path / "copy.db", other)
    again = Shop(tmp_path, other)
    assert again.put_interactions([event("new", "p")]).stored == 1, "numbers go on after those that were read"
    assert again.begin_import("catalogue", "d.csv") == 2
    again.close()


def test_a_snapshot_is_of_one_moment_though_others_write(shop: Shop, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            shop.put_product(Product(f"p{number}"))
            shop.put_interactions([event("c", f"p{number}", event_id=f"e{number}")])
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(4):
            path = tmp_path / f"{number}.db"
            shop.snapshot(path)
            with sqlite3.connect(path) as copied:
                [products] = copied.execute("SELECT count(*) FROM products").fetchone()
                [events] = copied.execute("SELECT count(*) FROM interactions").fetchone()
                [revision] = copied.execute("SELECT value FROM counter WHERE name = 'revision'").fetchone()
            assert products == revision
            assert products - events in (0, 1)
    finally:
        stop.set()
        writer.join()


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    with Shop.create(tmp_path / "shop") as shop:
        for number in range(300):
            shop.put_product(Product(f"p{number}", title="x" * 200))
        shop.snapshot(tmp_path / "copy.db")
    content = bytearray((tmp_path / "copy.db").read_bytes())
    content[8192:24576] = b"\xff" * 16384
    (tmp_path / "copy.db").write_bytes(content)
    with pytest.raises(Damaged):
        check_sound(tmp_path / "copy.db")
