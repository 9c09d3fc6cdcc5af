"""A catalogue that is as it was is not read again, and whatever makes a reading necessary makes it happen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from service.answers import IndexReport
from service.engine import Engine
from service.requests import IndexRequest
from tests.service.drawn import draw_photo
from tests.service.fakes import FakeEmbedder


@pytest.fixture
def own(tmp_path: Path, catalogue: Path) -> Path:
    """A copy of the catalogue and its photos that a test may change; its last row names no file."""
    shutil.copytree(catalogue.parent, tmp_path / "own")
    copied = tmp_path / "own" / catalogue.name
    header, *_ = copied.read_text(encoding="utf-8").splitlines()
    row = {"product_id": "ghost", "price": "3", "image": "ghost.jpg"}
    line = ",".join(row.get(name, "") for name in header.split(","))
    copied.write_text(f"{copied.read_text(encoding='utf-8').rstrip()}\n{line}\n", encoding="utf-8")
    return copied


@pytest.fixture
def index(tmp_path: Path, own: Path, fake_embedder: FakeEmbedder) -> Callable[..., IndexReport]:
    """Indexes the catalogue into one shop; twice before the test, so that the second reading was noted."""

    def once(**options: object) -> IndexReport:
        asked = IndexRequest(own, max_reject_share=0.5, **options)  # type: ignore[arg-type]
        with Engine.create(tmp_path / "shop") as engine:
            return engine.index_catalogue(asked)

    assert not once().unchanged
    assert not once().unchanged  # the photos that were encoded by the first are a change
    return once


def test_the_third_reading_is_none_and_reports_the_same(index: Callable[..., IndexReport]) -> None:
    before = index(rebuild=True)  # what is asked for besides is done
    assert before.unchanged
    assert before.built
    report = index()
    assert report.unchanged
    assert (report.rows, report.used, report.rejected) == (25, 24, 1)
    assert report.reasons == {"missing_file": 1}
    assert (report.encoded, report.built, report.photo_rejects) == (0, False, 0)
    assert report.as_json()["unchanged"] is True


def test_another_time_of_the_file_is_no_change(index: Callable[..., IndexReport], own: Path) -> None:
    os.utime(own, (1, 1))
    assert index().unchanged


def test_a_cell_that_changed_is_read(index: Callable[..., IndexReport], own: Path, tmp_path: Path) -> None:
    text = own.read_text(encoding="utf-8")
    own.write_text(text.replace("red disc", "scarlet disc"), encoding="utf-8")
    assert not index().unchanged
    with Engine.open(tmp_path / "shop") as engine:
        assert engine.product("disc-red")["title"] == "scarlet disc"
    assert not index().unchanged  # the first that finds nothing to change
    assert index().unchanged


def test_a_product_changed_in_the_shop_is_put_right(
    index: Callable[..., IndexReport], tmp_path: Path
) -> None:
    with Engine.open(tmp_path / "shop") as engine:
        engine.delete_product("disc-red")
    assert not index().unchanged
    with Engine.open(tmp_path / "shop") as engine:
        assert engine.product("disc-red")["title"] == "red disc"


def test_other_options_are_another_reading(index: Callable[..., IndexReport]) -> None:
    assert not index(prune=True).unchanged
    assert index(prune=True).unchanged
    assert not index(columns={"title": "colour"}).unchanged


def test_another_catalogue_in_between(index: Callable[..., IndexReport], own: Path, tmp_path: Path) -> None:
    other = own.with_name("other.csv")
    shutil.copy(own, other)
    with Engine.open(tmp_path / "shop") as engine:
        assert not engine.index_catalogue(IndexRequest(other, max_reject_share=0.5)).unchanged
    assert not index().unchanged


def test_photos_are_looked_at_all_the_same(index: Callable[..., IndexReport], own: Path) -> None:
    draw_photo(own.parent / "ghost.jpg", "bar", "red", shift=3)
    draw_photo(own.parent / "disc-red.jpg", "disc", "pink", shift=2)
    report = index()
    assert report.unchanged
    assert (report.encoded, report.rejected, report.reasons) == (2, 0, {})
    (own.parent / "disc-red-2.jpg").unlink()
    report = index()
    assert report.photo_rejects + report.rejected == 1


def test_files_that_were_copied_again_change_nothing(index: Callable[..., IndexReport], own: Path) -> None:
    for photo in own.parent.glob("*.jpg"):
        os.utime(photo, (1, 1))
    report = index()
    assert (report.encoded, report.built, report.unchanged) == (0, False, True)
    assert index().unchanged


def test_a_file_with_another_products_photo_is_a_change(index: Callable[..., IndexReport], own: Path) -> None:
    shutil.copy(own.parent / "disc-red.jpg", own.parent / "bar-red.jpg")
    shutil.copy(own.parent / "disc-red-2.jpg", own.parent / "bar-red-2.jpg")
    report = index()
    assert (report.encoded, report.built) == (0, True)


def test_a_folder_is_always_walked(tmp_path: Path, own: Path, fake_embedder: FakeEmbedder) -> None:
    with Engine.create(tmp_path / "shop") as engine:
        reports = [engine.index_catalogue(IndexRequest(own.parent)) for _ in range(3)]
    assert [report.unchanged for report in reports] == [False] * 3
