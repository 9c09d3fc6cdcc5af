"""Photo paths never lead out of their folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.photopaths import PhotoFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x.jpg").write_bytes(b"secret")
    made = tmp_path_factory.mktemp("photos")
    (made / "sub").mkdir()
    (made / "sub" / "a.jpg").write_bytes(b"a")
    (made / "out").symlink_to(outside)
    (made / "in").symlink_to(made / "sub")
    (made / "loop").symlink_to(made / "loop")
    return made


@pytest.mark.parametrize(
    ("named", "place"),
    [
        ("sub/a.jpg", "sub/a.jpg"), ("./sub//a.jpg", "sub/a.jpg"), ("in/a.jpg", "in/a.jpg"),
        ("absent.jpg", "absent.jpg"), ("~/x", "~/x"), ("a\0b", None), ("a\ud800.jpg", None),
        ("sub/../sub/a.jpg", "sub/a.jpg"), ("../photos.jpg", None), ("sub/../../x.jpg", None),
        ("/etc/passwd", None), ("", None), (".", None),
        ("out/x.jpg", None), ("out/../sub/a.jpg", "sub/a.jpg"),
    ],
)  # fmt: skip
def test_places(folder: Path, named: str, place: str | None) -> None:
    found, reason, detail = PhotoFolder(folder).place(named)
    assert found == place
    assert (place is None) == bool(reason) == bool(detail)


def test_a_folder_that_is_itself_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    linked = PhotoFolder(tmp_path / "link")
    assert linked.place("sub/a.jpg")[0] == "sub/a.jpg"
    assert linked.place(str(folder / "sub" / "a.jpg"))[0] == "sub/a.jpg"
    assert linked.place("out/x.jpg")[1] == "outside_folder"


PARTS = st.sampled_from(
    ["..", ".", "sub", "a.jpg", "out", "in", "loop", "x.jpg", "/", "\\", "é", "", "sub/..", "\\.."]
)


@given(st.lists(PARTS, max_size=6).map("/".join))
def test_whatever_is_named_stays_inside(folder: Path, named: str) -> None:
    found, reason, _ = PhotoFolder(folder).place(named)
    if found is None:
        assert reason
        return
    real = os.path.realpath(folder / found)
    assert real == os.path.realpath(folder) or real.startswith(os.path.realpath(folder) + os.sep)
