"""A shop's directory: made once, found again, and clear when it is not there."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from data.errors import Damaged, ShopMissing, UsageError
from data.records import Product
from data.shop import Shop
from tests.data.makers import jpeg


def test_a_shop_is_found_again_and_can_be_moved(tmp_path: Path) -> None:
    shop = Shop.create(tmp_path / "deep" / "shop")
    shop.put_product(Product("p"))
    shop.add_photo("p", jpeg(), "x.jpg")
    shop.set_meta("k", {"ä": [1, None]})
    shop.close()
    moved = Path(shutil.move(tmp_path / "deep" / "shop", tmp_path / "elsewhere"))
    again = Shop.open(moved)
    assert again.meta("k") == {"ä": [1, None]}
    assert again.meta("absent", 7) == 7
    assert again.photo_path(again.photos_of("p")[0]).exists(), "uploads move with the shop"
    assert Shop.create(moved).counts()["live"] == 1


def test_a_directory_without_a_shop_says_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for where in (tmp_path, tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(ShopMissing, match="vitrine index"):
            Shop.open(where)
    for where in (tmp_path / "file", tmp_path / "file" / "shop"):
        with pytest.raises(UsageError, match=r"is a file|no shop can be made"):
            Shop.create(where)


@pytest.mark.parametrize("note", ["", "{", "[]", "{}", '{"database": 5}'])
def test_a_damaged_note_is_not_taken_for_a_new_shop(tmp_path: Path, note: str) -> None:
    Shop.create(tmp_path).close()
    (tmp_path / "shop.json").write_text(note)
    for opening in (Shop.open, Shop.create):
        with pytest.raises(Damaged):
            opening(tmp_path)


def test_the_database_of_a_shop_cannot_be_exchanged(tmp_path: Path) -> None:
    Shop.create(tmp_path).close()
    with pytest.raises(UsageError, match="another database"):
        Shop.create(tmp_path, f"sqlite:///{tmp_path}/other.db")


def test_a_database_by_url_is_remembered_where_others_cannot_read_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    Shop.create(tmp_path / "shop", url).put_product(Product("p"))
    note = tmp_path / "shop" / "shop.json"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    assert not (tmp_path / "shop" / "shop.db").exists()
    assert Shop.open(tmp_path / "shop").counts()["live"] == 1
