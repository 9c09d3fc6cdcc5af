"""A bare folder of photos as a catalogue."""

from __future__ import annotations

from pathlib import Path

from data.catalogue import photo_root, read_catalogue
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
