"""`vitrine duplicates`: what it finds, prints and draws."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path

import pytest
from PIL import Image

from embedder.duplicates import NEAR_DUPLICATE
from service.cli.duplicates import duplicates
from service.duplicates import DuplicatesRequest
from service.engine import Engine
from service.requests import IndexRequest
from tests.service.cli.conftest import Vitrine
from tests.service.drawn import draw_photo, rows, write_catalogue
from tests.service.fakes import FakeEmbedder


@pytest.fixture
def twice(tmp_path: Path, fake_embedder: FakeEmbedder) -> Path:
    """A shop in which "twin" and "triplet" have the file of "disc-red"."""
    folder = tmp_path / "photos"
    folder.mkdir()
    listed = [rows()[0], rows()[14]]
    for row in listed:
        row["image"] = f"{row['product_id']}.jpg"
        draw_photo(folder / row["image"], row["category"], row["colour"])
    for name in ("twin", "triplet"):
        shutil.copy(folder / "disc-red.jpg", folder / f"{name}.jpg")
        listed.append(rows()[0] | {"product_id": name, "title": f"a {name}", "image": f"{name}.jpg"})
    with Engine.create(tmp_path / "shop") as engine:
        engine.index_catalogue(IndexRequest(write_catalogue(folder / "catalogue.csv", listed)))
    return tmp_path / "shop"


def test_json_is_one_object(vitrine: Vitrine, twice: Path) -> None:
    done = vitrine("duplicates", "--shop", twice, "--json")
    assert done.code == 0, done.err
    assert set(done.json) == {
        "groups", "found", "photos", "products", "threshold", "space", "warnings"
    }  # fmt: skip
    assert (done.json["photos"], done.json["products"], done.json["threshold"]) == (4, 4, 0.98)
    (group,) = done.json["groups"]
    assert (group["kind"], group["cosine"]) == ("same file", 1.0)
    assert [(p["product_id"], p["title"]) for p in group["photos"]] == [
        ("disc-red", "red disc"),
        ("triplet", "a triplet"),
        ("twin", "a twin"),
    ]
    assert all(len(p["photo_id"]) == 16 for p in group["photos"])


def test_a_table_for_people(vitrine: Vitrine, twice: Path) -> None:
    done = vitrine("duplicates", "--shop", twice)
    assert done.code == 0, done.err
    assert "same file" in done.out
    assert [line for line in done.out.splitlines() if "twin" in line]
    assert done.out.splitlines()[-1].startswith("1 groups among 4 photos of 4 products")


def test_a_shop_without_duplicates(vitrine: Vitrine, indexed: Path) -> None:
    done = vitrine("duplicates", "--shop", indexed, "--threshold", 1)
    assert done.code == 0, done.err
    assert done.out.startswith("0 groups among 48 photos of 24 products")


@pytest.mark.parametrize("kind", ["png", "html"])
def test_a_sheet_shows_the_groups(kind: str, vitrine: Vitrine, twice: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / f"sheet.{kind}"
    done = vitrine("duplicates", "--shop", twice, "--sheet", out)
    assert done.code == 0, done.err
    assert f"sheet: {out}" in done.err
    if kind == "png":
        with Image.open(out) as sheet:
            sheet.load()
            assert sheet.mode == "RGB"
    else:
        assert out.read_text(encoding="utf-8").count("data:image/jpeg;base64,") == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--threshold", 0], "--threshold is a cosine"),
        (["--threshold", 2], "--threshold is a cosine"),
        (["--limit", 0], "--limit"),
        (["--sheet", "sheet.pdf"], "--sheet writes .png or .html"),
    ],
)
def test_wrong_usage_exits_with_two(
    vitrine: Vitrine, indexed: Path, words: list[object], message: str
) -> None:
    done = vitrine("duplicates", "--shop", indexed, *words)
    assert done.code == 2
    assert message in done.err


def test_an_empty_shop_says_what_to_do(vitrine: Vitrine, tmp_path: Path) -> None:
    Engine.create(tmp_path / "none").close()
    done = vitrine("duplicates", "--shop", tmp_path / "none")
    assert done.code == 1
    assert "vitrine index" in done.err


def test_the_command_and_the_request_begin_with_the_same_threshold() -> None:
    default = inspect.signature(duplicates).parameters["threshold"].default
    assert default == NEAR_DUPLICATE == DuplicatesRequest().threshold
