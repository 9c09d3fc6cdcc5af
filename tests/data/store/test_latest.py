"""What is kept between requests is read again as soon as anybody has committed something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection

from data.records import Product
from data.shop import Shop
from data.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    Shop.create(tmp_path).close()
    return Database.in_file(tmp_path / "shop.db")


class Counted:
    """Counts how often the database was read."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, connection: Connection) -> int:
        self.times += 1
        return int(connection.exec_driver_sql("SELECT count(*) FROM meta").scalar_one())


def test_a_value_is_read_once_while_nothing_is_committed(database: Database) -> None:
    read = Counted()
    assert [database.latest.value("n", read) for _ in range(3)] == [0, 0, 0]
    assert read.times == 1


def test_a_commit_of_this_process_is_seen_at_once(database: Database) -> None:
    read = Counted()
    database.latest.value("n", read)
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('a', '1')")
        assert database.latest.value("n", read) == 0, "it is not committed yet"
    assert database.latest.value("n", read) == 1


def test_a_commit_of_another_process_is_seen_at_once(database: Database, tmp_path: Path) -> None:
    read = Counted()
    database.latest.value("n", read)
    program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
    words = [sys.executable, "-c", program, str(tmp_path / "shop.db"), "INSERT INTO meta VALUES ('a', '1')"]
    subprocess.run(words, check=True)
    assert database.latest.value("n", read) == 1


def test_what_was_rolled_back_is_never_kept(database: Database) -> None:
    read = Counted()

    def fail() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO meta VALUES ('a', '1')")
            assert database.latest.value("n", read) == 0
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert database.latest.value("n", read) == 0


def test_stamps_of_two_openings_are_never_the_same(database: Database) -> None:
    before = database.stamp()
    assert before is not None
    database.close()
    assert database.stamp() != before


def test_a_database_without_stamps_is_read_each_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "stamp", lambda: None)
    read = Counted()
    for _ in range(3):
        database.latest.value("n", read)
    assert read.times == 3


def test_cards_are_what_the_products_say(tmp_path: Path) -> None:
    with Shop.create(tmp_path) as shop:
        shop.put_products([Product("a", "A", "Dress", 9.5, False), Product("b"), Product("gone")])
        shop.delete_products(["gone"])
        cards = shop.cards(["a", "b", "gone", "unknown", "a\x00b"])
        assert {name: tuple(card) for name, card in cards.items()} == {
            "a": ("a", "A", "Dress", 9.5, False),
            "b": ("b", None, None, None, True),
        }
        assert all(isinstance(card.in_stock, bool) for card in cards.values())
        shop.put_product(Product("a", "B"))
        assert shop.cards(["a"])["a"].title == "B"


def test_cards_are_the_same_by_the_other_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Shop.create(tmp_path) as shop:
        shop.put_products([Product("a", "A", "Dress", 9.5, False), Product("b")])
        plain = shop.cards(["a", "b"])
        monkeypatch.setattr(Database, "plainly", lambda *_: None)
        assert shop.cards(["a", "b"]) == plain
