"""The real catalogues and interactions, read whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.catalogue import read_catalogue
from data.interactions import read_interactions
from data.photos import decode
from data.shop import Shop
from data.table import ProductTable
from data.where import parse
from tests.real import REAL, needs_real


def take_in(shop: Shop, path: Path) -> int:
    number = shop.begin_import("catalogue", str(path))
    rows = 0
    for chunk in read_catalogue(path):
        shop.put_rows(chunk.rows, path.parent, number)
        shop.put_rejects(number, chunk.rejects)
        rows += chunk.rows_read
    assert shop.drop_unlisted(number) == 0
    return rows - shop.settle_rows(number)


@needs_real
@pytest.mark.parametrize(
    ("name", "products", "texts"),
    [
        ("hm_interactions", 5365, {"product_code"}),
        ("fashion_products", 3900, set()),
        ("grocery_mit", 81, set()),
    ],
)
def test_whole_catalogues(tmp_path: Path, name: str, products: int, texts: set[str]) -> None:
    assert REAL is not None
    shop = Shop.create(tmp_path)
    assert take_in(shop, REAL / name / "catalogue.csv") == products
    before = shop.revision
    assert take_in(shop, REAL / name / "catalogue.csv") == products
    assert shop.revision == before
    counts = shop.counts()
    assert (counts["live"], counts["photos"], counts["rejects"]) == (products, products, 0)
    table = ProductTable.load(shop)
    assert all(table.cells(column).kind == "text" for column in texts)
    assert all(len(i) == 10 for i in table.ids) or name != "hm_interactions"
    for batch in shop.pending_photos("none", 40):
        for photo in batch[:5]:
            assert photo.size > 0
            assert decode(photo.path, (64, 64)).shape == (64, 64, 3)
        break


@needs_real
def test_many_photos_of_few_products_in_repeated_rows(tmp_path: Path) -> None:
    assert REAL is not None
    folder = REAL / "grocery_mit"
    lines = (folder / "photos.csv").read_text().splitlines()
    path = tmp_path / "photos.csv"
    # Without the column "split", which differs between rows of one product.
    path.write_text("\n".join(line.rsplit(",", 1)[0] for line in lines) + "\n")
    shop = Shop.create(tmp_path / "shop")
    for _ in range(2):
        number = shop.begin_import("catalogue", str(path))
        for chunk in read_catalogue(path, folder):
            assert chunk.rejects == []
            shop.put_rows(chunk.rows, folder, number)
        assert shop.drop_unlisted(number) == 0
        assert shop.counts()["photos"] == 2936
        assert shop.revision <= 3, "the second time nothing changes"
    assert len(shop.photos_of("g00")) == len([line for line in lines if ",g00," in line])


@needs_real
def test_interactions_of_hm(tmp_path: Path) -> None:
    assert REAL is not None
    folder = REAL / "hm_interactions"
    shop = Shop.create(tmp_path)
    take_in(shop, folder / "catalogue.csv")
    for night in range(2):
        stored = 0
        for chunk in read_interactions(
            folder / "interactions.csv", {"customer_id": "user_id"}, shop.known_products
        ):
            assert chunk.rejects == []
            stored += shop.put_interactions(chunk.interactions).stored
        assert stored == (14_291 if night == 0 else 0)
    frame = shop.interactions()
    assert len(frame) == 14_291
    assert frame["customer_id"].nunique() == 1050
    table = ProductTable.load(shop)
    black = parse('colour_master = "Black" and not category contains "shoe"').mask(table)
    assert 0 < black.sum() < len(table)
