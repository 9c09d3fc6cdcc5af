"""Up and down between all versions there are, in both databases; what a step does not touch is kept."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from data.errors import SchemaMismatch
from data.migrations.runner import move, versions
from data.records import Product
from data.shop import Shop
from data.store.schema import HEAD, metadata
from tests.data.makers import event


def tables(shop: Shop) -> set[str]:
    return set(inspect(shop._database.engine).get_table_names())


def shape(shop: Shop) -> set[tuple[str, str | None]]:
    """Tables, and the indexes of each."""
    looked = inspect(shop._database.engine)
    return {
        (table, name)
        for table in looked.get_table_names()
        for name in (None, *(index["name"] for index in looked.get_indexes(table)))
    }


def test_versions_are_numbered_without_a_gap_and_end_with_the_head() -> None:
    assert versions() == [f"{n:04}" for n in range(1, len(versions()) + 1)]
    assert versions()[-1] == HEAD


def test_step_by_step_down_and_up_again_records_stay(shop: Shop) -> None:
    shop.put_product(Product("p", title="kept"))
    shop.put_interactions([event("c", "p")])
    full, newer = shape(shop), shape(shop)
    for version in reversed(versions()[:-1]):
        move(shop._database.engine, version)
        assert shop._database.version() == version
        assert shape(shop) != newer
        newer = shape(shop)
        with pytest.raises(SchemaMismatch, match="migrate"):
            Shop.open(shop.directory)
    for version in versions()[1:]:
        move(shop._database.engine, version)
    assert shape(shop) == full
    with shop._database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    with Shop.open(shop.directory) as opened:
        assert opened.product("p").title == "kept"
        assert len(opened.history("c")) == 1
        assert opened.put_product(Product("q")) == 2


def test_every_older_version_is_brought_up_in_one_go(shop: Shop) -> None:
    for version in versions()[:-1]:
        move(shop._database.engine, version)
        shop._database.migrate()
        assert shop._database.version() == HEAD


def test_a_step_that_fails_leaves_the_version_before_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    first = versions()[0]
    move(shop._database.engine, first)
    before = tables(shop)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(op, "create_index", fail)
        with pytest.raises(RuntimeError):
            move(shop._database.engine, HEAD)
    assert (shop._database.version(), tables(shop)) == (first, before)
    move(shop._database.engine, HEAD)


def test_a_database_of_a_newer_vitrine_is_not_touched(shop: Shop) -> None:
    with shop._database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = tables(shop)
    for target in versions():
        with pytest.raises(SchemaMismatch, match="newer"):
            move(shop._database.engine, target)
    assert tables(shop) == before
