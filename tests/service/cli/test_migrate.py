from __future__ import annotations

from pathlib import Path

import pytest

from data.migrations.runner import versions
from data.shop import Shop
from data.store.schema import HEAD
from tests.service.cli.conftest import Vitrine


def test_a_shop_is_brought_down_and_up_and_a_check_changes_nothing(shop: Path, vitrine: Vitrine) -> None:
    first = versions()[0]
    assert vitrine("migrate", "--shop", shop, "--check").code == 0
    assert vitrine("migrate", "--shop", shop, "--to", first).code == 0
    assert vitrine("info", "--shop", shop).code == 1
    assert "vitrine migrate" in vitrine("info", "--shop", shop).err

    ran = vitrine("migrate", "--shop", shop, "--check", "--json")
    assert ran.code == 1
    assert ran.json == {
        "before": first,
        "after": first,
        "needed": HEAD,
        "steps": versions()[1:],
        "current": False,
    }
    ran = vitrine("migrate", "--shop", shop)
    assert (ran.code, ran.out) == (0, f"from version {first} to {HEAD}\n")
    assert vitrine("migrate", "--shop", shop).out == f"version {HEAD}; nothing to do\n"
    assert vitrine("similar", "--shop", shop, "--product", "disc-red").code == 0


def test_a_newer_shop_an_unknown_version_and_no_shop_are_refused(
    shop: Path, vitrine: Vitrine, tmp_path: Path
) -> None:
    ran = vitrine("migrate", "--shop", shop, "--to", "nonsense")
    assert ran.code == 2
    assert HEAD in ran.err
    with Shop.open(shop) as opened, opened._database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for words in (("--check",), (), ("--to", versions()[0])):
        ran = vitrine("migrate", "--shop", shop, *words)
        assert ran.code == 1
        assert "newer" in ran.err
    assert "no shop" in vitrine("migrate", "--shop", tmp_path / "none").err


def test_it_waits_for_nobody_who_is_importing(shop: Path, vitrine: Vitrine) -> None:
    vitrine("migrate", "--shop", shop, "--to", versions()[0])
    from data.lock import writer_lock

    with writer_lock(shop, "vitrine index"):
        ran = vitrine("migrate", "--shop", shop)
    assert ran.code == 1
    assert "vitrine index" in ran.err


@pytest.mark.parametrize("name", ["b", "b.tar"])
def test_backup_and_restore_by_command(shop: Path, vitrine: Vitrine, tmp_path: Path, name: str) -> None:
    ran = vitrine("backup", "--shop", shop, "--to", tmp_path / name, "--json")
    assert ran.code == 0
    assert ran.json["generation"] == 1
    assert vitrine("backup", "--shop", shop, "--to", tmp_path / name).code == 2
    ran = vitrine("restore", tmp_path / name, "--shop", tmp_path / "again")
    assert ran.code == 0, ran.err
    assert "generation 1" in ran.out
    words = ("--product", "disc-red", "--json")
    assert (
        vitrine("similar", "--shop", tmp_path / "again", *words).json
        == vitrine("similar", "--shop", shop, *words).json
    )
    assert vitrine("restore", tmp_path / name, "--shop", tmp_path / "again").code == 2
