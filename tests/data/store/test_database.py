"""The database: migrations, versions, snapshots, the border where foreign errors become ours."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from data.errors import Damaged, SchemaMismatch, UsageError, VitrineError
from data.migrations.runner import config, upgrade
from data.records import Product
from data.shop import Shop
from data.store.database import Database
from data.store.schema import HEAD, metadata


def set_version(shop: Shop, version: str) -> None:
    with shop._database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})


def test_the_migrations_make_exactly_the_tables_of_the_schema(shop: Shop) -> None:
    with shop._database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert ScriptDirectory.from_config(config()).get_heads() == [HEAD]
    assert shop._database.version() == HEAD


def test_the_way_down_leaves_nothing_and_the_way_up_works_again(shop: Shop) -> None:
    from alembic import command

    settings = config()
    with shop._database.engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "base")
    with pytest.raises(SchemaMismatch):
        shop.put_product(Product("p"))
    upgrade(shop._database.engine)
    assert shop.put_product(Product("p")) == 1


def test_a_shop_of_a_newer_version_is_left_alone(shop: Shop) -> None:
    set_version(shop, "9999")
    with pytest.raises(SchemaMismatch, match="newer"):
        Shop.open(shop.directory)
    with pytest.raises(SchemaMismatch, match="newer"):
        Shop.create(shop.directory)


def test_a_shop_of_an_older_version_says_what_to_do(shop: Shop) -> None:
    set_version(shop, "0000")
    with pytest.raises(SchemaMismatch, match="vitrine migrate"):
        Shop.open(shop.directory)


def test_a_shop_whose_making_was_cut_short_is_made_by_the_next_run(tmp_path: Path) -> None:
    made = Shop.create(tmp_path)
    made.close()
    for file in tmp_path.glob("shop.db*"):
        file.unlink()
    with pytest.raises(SchemaMismatch):
        Shop.open(tmp_path)
    again = Shop.create(tmp_path)
    assert again.put_product(Product("p")) == 1


def test_several_processes_may_make_the_same_shop_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from data.shop import Shop; from data.records import Product;"
        "shop = Shop.create(Path(sys.argv[1])); shop.put_product(Product(sys.argv[2]))"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "shop"), name]) for name in "abc"
    ]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert Shop.open(tmp_path / "shop").counts()["live"] == 3


def test_opening_an_up_to_date_shop_is_quick_and_needs_no_alembic(tmp_path: Path) -> None:
    Shop.create(tmp_path).close()
    script = (
        "import sys, time; from pathlib import Path; from data.shop import Shop;"
        "import sqlalchemy.dialects.sqlite.pysqlite;"
        "began = time.process_time(); shop = Shop.open(Path(sys.argv[1])); shop.revision;"
        "print(time.process_time() - began, [m for m in ('alembic', 'numpy', 'pandas') if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout.split(maxsplit=1)
    assert float(told[0]) < 0.06
    assert told[1].strip() == "[]"


def test_reading_never_waits_for_a_writer_and_sees_one_moment(shop: Shop) -> None:
    shop.put_product(Product("before"))
    with shop._database.write() as connection:
        connection.execute(text("UPDATE products SET title = 'unfinished'"))
        began = time.perf_counter()
        assert shop.product("before").title is None
        assert time.perf_counter() - began < 5
    with shop._database.read() as connection:
        first = connection.execute(text("SELECT count(*) FROM products")).scalar()
        writer = threading.Thread(target=shop.put_product, args=(Product("during"),))
        writer.start()
        writer.join()
        assert connection.execute(text("SELECT count(*) FROM products")).scalar() == first
    assert shop.counts()["live"] == 2


def test_a_failed_transaction_leaves_nothing(shop: Shop) -> None:
    def fail() -> None:
        with shop._database.write() as connection:
            connection.execute(text("UPDATE counter SET value = 99"))
            raise RuntimeError("something else went wrong")

    with pytest.raises(RuntimeError):
        fail()
    assert shop.revision == 0


def test_a_damaged_file_is_named_as_damaged(tmp_path: Path) -> None:
    Shop.create(tmp_path).close()
    for file in tmp_path.glob("shop.db-*"):
        file.unlink()
    (tmp_path / "shop.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Damaged, match="backup"):
        Shop.open(tmp_path)


def test_sqlite_is_set_up_to_keep_what_it_acknowledged(tmp_path: Path) -> None:
    shop = Shop.create(tmp_path)
    with shop._database.read() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    assert sqlite3.connect(tmp_path / "shop.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_urls_that_cannot_be_used_say_so_without_the_password() -> None:
    for url in ("nonsense", "nosuch://me:secret@host/db"):
        with pytest.raises(UsageError) as caught:
            Database(url)
        assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(VitrineError, match="database"):
        Shop.create(tmp_path, "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1")


def test_a_shop_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    Shop.create(tmp_path / "shop").close()
    path = tmp_path / "shop" / "shop.db"
    read_only = Database(f"sqlite:///file:{path}?mode=ro&uri=true")
    said = r"shop\.db.* cannot be opened for writing .*let this user write to"
    with pytest.raises(VitrineError, match=said), read_only.write() as connection:
        connection.execute(text("DELETE FROM meta"))
    read_only.close()
    path.unlink()
    path.mkdir()
    with pytest.raises(
        VitrineError, match=r"shop/shop\.db cannot be opened .*let this user write to .*/shop "
    ):
        Shop.open(tmp_path / "shop")
