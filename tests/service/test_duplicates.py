"""Duplicates of a shop: planted ones are found, told and drawn."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from data.errors import EmptyShop, UsageError
from embedder.duplicates import BLOCK, MOST_PAIRS, NEAR_DUPLICATE
from service.duplicates import DuplicatesRequest, find_duplicates
from service.engine import Engine
from service.group_sheet import (
    MOST_GROUPS,
    MOST_PHOTOS,
    GroupRow,
    GroupSheet,
    compose_groups,
    draw_groups,
    render_groups,
)
from service.requests import IndexRequest, Look, SimilarRequest
from service.sheets import Picture
from tests.service.drawn import draw_photo, rows, write_catalogue
from tests.service.fakes import FakeEmbedder

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "duplicates.md").read_text(encoding="utf-8")


@pytest.fixture
def engine(tmp_path: Path, fake_embedder: FakeEmbedder) -> Engine:
    """Four products: "copy" has the very file of "disc-red", "blurred" the same photo saved anew."""
    folder = tmp_path / "photos"
    folder.mkdir()
    listed = [
        row for row in rows() if row["product_id"] in ("disc-red", "bar-blue", "cross-green", "square-pink")
    ]
    for row in listed:
        row["image"] = f"{row['product_id']}.jpg"
        draw_photo(folder / row["image"], row["category"], row["colour"])
    data = (folder / "disc-red.jpg").read_bytes()
    (folder / "copy.jpg").write_bytes(data)
    with Image.open(folder / "bar-blue.jpg") as photo:
        photo.filter(ImageFilter.GaussianBlur(0.5)).save(folder / "blurred.jpg", quality=70)
    for name, like in (("copy", listed[0]), ("blurred", listed[1])):
        listed.append(like | {"product_id": name, "title": f"the {name}", "image": f"{name}.jpg"})
    by_id = {row["product_id"]: row for row in listed}
    by_id["copy"]["category"], by_id["blurred"]["category"] = "disc", "bar"
    catalogue = write_catalogue(folder / "catalogue.csv", listed)
    made = Engine.create(tmp_path / "shop")
    made.index_catalogue(IndexRequest(catalogue))
    return made


def test_the_planted_ones_are_found_and_nothing_else(engine: Engine) -> None:
    answer = engine.duplicates(DuplicatesRequest(threshold=0.995))
    found = {group.kind: group for group in answer.groups}
    assert (answer.found, answer.photos, answer.products, answer.warnings) == (2, 6, 6, ())
    assert found["same file"].products == ("copy", "disc-red")
    assert found["near"].products == ("bar-blue", "blurred")
    assert 0.995 <= found["near"].cosine < 1.0
    assert answer.titles["copy"] == "the copy"


@pytest.mark.parametrize("threshold", [0.2, 0.4, 0.6, 0.99])
def test_the_cosine_is_the_one_that_search_gives(engine: Engine, threshold: float) -> None:
    products = ("bar-blue", "blurred", "disc-red", "cross-green", "square-pink")
    scores = [
        float(str(hit["score"]))
        for product in products
        for hit in engine.similar(SimilarRequest((Look(product_id=product),), k=5)).hits
    ]
    near = [g for g in engine.duplicates(DuplicatesRequest(threshold)).groups if g.kind == "near"]
    lowest = min(score for score in scores if score >= threshold)
    assert min(group.cosine for group in near) == pytest.approx(lowest, abs=1e-3)


def test_a_limit_keeps_the_largest_and_counts_all(engine: Engine) -> None:
    answer = engine.duplicates(DuplicatesRequest(threshold=0.995, limit=1))
    assert (len(answer.groups), answer.found) == (1, 2)
    assert set(answer.titles) == set(answer.groups[0].products)


def test_a_chain_through_the_shop_is_told(engine: Engine) -> None:
    answer = engine.duplicates(DuplicatesRequest(threshold=0.05))
    assert "a near group holds 6 of 6 products" in answer.warnings[0]


def test_photos_without_a_vector_are_told(engine: Engine, tmp_path: Path) -> None:
    from data.records import CatalogueRow, PhotoRef, Product

    late = draw_photo(tmp_path / "photos" / "late.jpg", "disc", "black")
    engine.shop.put_rows([CatalogueRow(9, Product("late"), (PhotoRef(late.name),))], late.parent)
    answer = engine.duplicates(DuplicatesRequest())
    assert "1 photos have no vector yet and were not compared" in answer.warnings[0]


def test_a_shop_without_vectors(tmp_path: Path) -> None:
    with Engine.create(tmp_path / "none") as engine, pytest.raises(EmptyShop, match="vitrine index"):
        engine.duplicates(DuplicatesRequest())


def test_a_shop_whose_products_are_all_gone(engine: Engine) -> None:
    engine.shop.delete_products([p.product_id for batch in engine.shop.all_products() for p in batch])
    with pytest.raises(EmptyShop, match="no photo of this shop has a vector"):
        find_duplicates(engine.parts, DuplicatesRequest())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"threshold": 0.0}, "--threshold"), ({"threshold": 1.5}, "--threshold"), ({"limit": 0}, "--limit")],
)
def test_requests_check_themselves(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DuplicatesRequest(**arguments)  # type: ignore[arg-type]


def test_the_sheet_says_what_the_answer_says(engine: Engine) -> None:
    sheet = compose_groups(engine.parts, engine.duplicates(DuplicatesRequest(threshold=0.995)))
    assert "2 groups" in sheet.subtitle
    assert {row.heading.split("  ·  ")[1] for row in sheet.rows} == {"same file", "near"}
    assert [len(row.pictures) for row in sheet.rows] == [2, 2]
    assert all(isinstance(picture.photo, Path) for row in sheet.rows for picture in row.pictures)


def test_a_photo_that_is_gone_leaves_an_empty_cell(engine: Engine, tmp_path: Path) -> None:
    answer = engine.duplicates(DuplicatesRequest(threshold=0.995))
    (tmp_path / "photos" / "copy.jpg").unlink()
    sheet = compose_groups(engine.parts, answer)
    assert [p.name for row in sheet.rows for p in row.pictures if p.photo is None] == ["copy"]
    assert "no photo" in render_groups(sheet)


def sheet_of(folder: Path, *groups: int) -> GroupSheet:
    photo = draw_photo(folder / "a.jpg", "disc", "red")
    made = (GroupRow(f"group of {n} <b>", tuple(Picture(photo, f"id-{i}") for i in range(n))) for n in groups)
    return GroupSheet("Duplicates", "what", tuple(made))


def test_the_picture_has_a_row_for_each_group(tmp_path: Path) -> None:
    heights = [draw_groups(sheet_of(tmp_path, *groups)).height for groups in ((), (2,), (2, 6), (2, 7))]
    steps = np.diff(heights)
    assert steps[0] == steps[1]
    assert steps[2] == steps[1] - 40
    pixels = np.asarray(draw_groups(sheet_of(tmp_path, 2, 7))).reshape(-1, 3).astype(int)
    red = (pixels[:, 0] > 180) & (pixels[:, 1] < 70) & (pixels[:, 2] < 70)
    assert red.sum() > 9 * 9000


def test_the_page_holds_its_photos_and_escapes_what_it_says(tmp_path: Path) -> None:
    text = render_groups(sheet_of(tmp_path, 2, 3))
    assert text.count("data:image/jpeg;base64,") == text.count("<figure") == 5
    assert text.count("<h2>") == 2
    assert "group of 3 &lt;b&gt;" in text
    assert "<b>" not in text
    assert "none found" in render_groups(sheet_of(tmp_path))


def test_the_document_says_what_the_code_does() -> None:
    assert f"**{NEAR_DUPLICATE}**" in DOCS
    assert f"{MOST_PAIRS:,} pairs" in DOCS
    assert f"{BLOCK:,} photos at a time" in DOCS
    assert f"at most {MOST_GROUPS} groups of {MOST_PHOTOS} photos" in DOCS
    assert re.findall(r"vitrine duplicates --shop", DOCS)
