"""The demo shop as files."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from pathlib import Path

import pytest
from PIL import Image

from data.demo import DemoShop, Dials, make_demo
from data.demo.make import views_of

PRODUCTS, CUSTOMERS = 40, 60


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> DemoShop:
    return make_demo(tmp_path_factory.mktemp("demo"), PRODUCTS, CUSTOMERS, seed=3)


def test_counts_and_columns(shop: DemoShop) -> None:
    catalogue = rows(shop.catalogue)
    assert len(catalogue) == PRODUCTS
    assert len({row["product_id"] for row in catalogue}) == PRODUCTS
    assert list(catalogue[0])[:7] == [
        "product_id",
        "photo",
        "title",
        "category",
        "price",
        "in_stock",
        "added",
    ]
    assert {row["in_stock"] for row in catalogue} <= {"true", "false"}
    assert all(float(row["price"]) > 0 and date.fromisoformat(row["added"]) for row in catalogue)


def test_every_product_has_two_photos_or_more_and_all_decode(shop: DemoShop) -> None:
    listed = set()
    for k, row in enumerate(rows(shop.catalogue)):
        paths = row["photo"].split("|")
        assert len(paths) == len(views_of(k)) >= 2
        for path in paths:
            with Image.open(shop.photos / path) as photo:
                assert photo.format == "JPEG"
                assert photo.size == (288, 288)
                photo.load()
        listed |= set(paths)
    on_disk = {p.relative_to(shop.photos).as_posix() for p in shop.photos.rglob("*.jpg")}
    assert on_disk == listed


def test_the_same_seed_gives_the_same_bytes(shop: DemoShop, tmp_path: Path) -> None:
    again = make_demo(tmp_path / "again", PRODUCTS, CUSTOMERS, seed=3)
    names = sorted(p.relative_to(shop.directory).as_posix() for p in shop.directory.rglob("*.*"))
    assert names == sorted(p.relative_to(again.directory).as_posix() for p in again.directory.rglob("*.*"))
    for name in names:
        assert (shop.directory / name).read_bytes() == (again.directory / name).read_bytes(), name


def test_another_seed_gives_another_shop(shop: DemoShop, tmp_path: Path) -> None:
    other = make_demo(tmp_path, 4, 5, seed=4)
    assert rows(other.catalogue) != rows(shop.catalogue)[:4]


def test_events_are_valid(shop: DemoShop) -> None:
    added = {row["product_id"]: date.fromisoformat(row["added"]) for row in rows(shop.catalogue)}
    events, dials = rows(shop.interactions), Dials()
    stamps = [datetime.fromisoformat(e["timestamp"]) for e in events]
    assert len({e["event_id"] for e in events}) == len(events)
    assert stamps == sorted(stamps)
    for event, stamp in zip(events, stamps, strict=True):
        assert stamp.utcoffset() is not None
        assert dials.start <= stamp < dials.end
        assert stamp.date() >= added[event["product_id"]]
        assert (
            (event["value"] in {"1", "2", "3", "4", "5"})
            if event["event"] == "rate"
            else event["value"] == ""
        )


def test_truth_knows_every_product_and_customer(shop: DemoShop) -> None:
    truth = json.loads(shop.truth.read_text(encoding="utf-8"))
    assert set(truth["products"]) == {row["product_id"] for row in rows(shop.catalogue)}
    assert {e["customer_id"] for e in rows(shop.interactions)} <= set(truth["customers"])
    assert truth["dials"]["visual_share"] == Dials().visual_share


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    make_demo(tmp_path, 5, 2, progress=lambda done, total: told.append((done, total)))
    assert told == [(k, 5) for k in range(1, 6)]


def test_an_empty_shop_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs products"):
        make_demo(tmp_path, 0, 5)
