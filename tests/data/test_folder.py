"""A bare folder of photos as a catalogue."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from data.catalogue import photo_root, read_catalogue
from data.errors import UsageError
from tests.data.makers import jpeg


def test_files_and_sub_folders_are_products(tmp_path: Path) -> None:
    for name in ("dress.jpg", "hat.PNG", "bag/front.jpg", "bag/deep/back.jpg", "unnamed", "dress.webp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(jpeg())
    for name in ("readme.txt", ".hidden.jpg", "bag/.DS_Store", "empty/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"text")
    (tmp_path / "broken.jpg").write_bytes(b"not really")
    chunks = list(read_catalogue(tmp_path, chunk=2))
    assert [chunk.rows_read for chunk in chunks] == [2, 2, 1]
    found = {row.product.product_id: [p.path for p in row.photos] for chunk in chunks for row in chunk.rows}
    assert found == {
        "bag": ["bag/deep/back.jpg", "bag/front.jpg"],
        "broken": ["broken.jpg"],
        "dress": ["dress.jpg", "dress.webp"],
        "hat": ["hat.PNG"],
        "unnamed": ["unnamed"],
    }
    assert photo_root(tmp_path, None) == tmp_path


def test_links_out_of_the_folder_and_bad_names_are_rejected(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(jpeg())
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "away").symlink_to(tmp_path)
    (folder / "a\tb.jpg").write_bytes(jpeg())
    (folder / "good.jpg").write_bytes(jpeg())
    (chunk,) = read_catalogue(folder)
    assert [(r.row, r.reason) for r in chunk.rejects] == [(1, "control_id"), (3, "outside_folder")]
    assert {row.product.product_id for row in chunk.rows if row.photos} == {"good"}
    assert chunk.rows_read == 3


def test_an_empty_folder_has_no_rows(tmp_path: Path) -> None:
    assert list(read_catalogue(tmp_path)) == []


def test_what_is_passed_over_is_told_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "bag" / "deep").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    for name in ("dress.jpg", "bag/a.jpg"):
        (folder / name).write_bytes(jpeg())
    for name in ("hat.heic", "bag/b.TIFF", "bag/notes.txt"):
        (folder / name).write_bytes(b"x")
    (folder / "away").symlink_to(tmp_path / "other")
    (folder / "bag" / "deep" / "in").symlink_to(tmp_path / "other")
    first, second = read_catalogue(folder, chunk=1)
    (told,) = first.warnings
    assert "2 sub-folders that are symbolic links ('away'" in told
    assert "2 photos in formats that are not read ('bag/b.TIFF'" in told
    assert second.warnings == ()


def test_a_folder_of_foreign_formats_alone_is_told(tmp_path: Path) -> None:
    (tmp_path / "hat.heic").write_bytes(b"x")
    (chunk,) = read_catalogue(tmp_path)
    assert (chunk.rows_read, len(chunk.warnings)) == (0, 1)


def test_a_sub_folder_that_cannot_be_read_stops_the_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bag").mkdir()
    (tmp_path / "dress.jpg").write_bytes(jpeg())
    real = os.scandir

    def scandir(path: str | os.PathLike[str]) -> object:
        if str(path).endswith("bag"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UsageError, match=r"bag cannot be read: Permission denied.*make it readable"):
        read_catalogue(tmp_path)


def test_blanks_around_a_name_are_no_part_of_the_id(tmp_path: Path) -> None:
    for name in (" dress.jpg", "dress .png", " bag /a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(jpeg())
    (chunk,) = read_catalogue(tmp_path)
    assert {row.product.product_id: [p.path for p in row.photos] for row in chunk.rows} == {
        "bag": [" bag /a.jpg"],
        "dress": [" dress.jpg", "dress .png"],
    }
