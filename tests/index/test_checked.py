"""What was found whole within the last day is not read again by who asks once; everything else is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from data.errors import Damaged
from index import checked, manifest
from index.checked import BELIEVED_SECONDS, CHECKED_FILE
from index.generation import build_generation
from index.generations import Generation
from tests.index.shops import stocked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    looks = stocked(tmp_path / "shop", 20)
    return build_generation(looks.shop, looks.shop.current_space()).path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files that were read through."""
    names: list[str] = []
    true = manifest.sha256_of

    def noted(path: Path) -> str:
        names.append(path.name)
        return true(path)

    monkeypatch.setattr(manifest, "sha256_of", noted)
    return names


def test_what_one_check_found_whole_the_next_brief_one_believes_and_a_full_one_does_not(
    folder: Path, read: list[str]
) -> None:
    files = {path.name for path in folder.iterdir()} - {"manifest.json"}
    Generation.load(folder, brief=True)
    assert set(read) == files
    read.clear()
    Generation.load(folder, brief=True)
    assert not read
    Generation.load(folder)
    assert set(read) == files


def test_damage_that_a_full_check_found_is_not_forgotten(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decay, which leaves the metadata as they were, is met by a service first, then by a command."""
    monkeypatch.setattr(checked, "_stamp", lambda path: [path.stat().st_size])
    Generation.load(folder)
    content = bytearray((folder / "vectors.npy").read_bytes())
    content[-1] ^= 1
    (folder / "vectors.npy").write_bytes(content)
    for brief in (False, True):
        with pytest.raises(Damaged, match=r"vectors\.npy"):
            Generation.load(folder, brief=brief)


def test_a_note_is_believed_for_a_day(folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Generation.load(folder)
    read.clear()
    then = json.loads((folder.parent / CHECKED_FILE).read_text())["at"]
    for later, believed in ((-60, False), (BELIEVED_SECONDS - 60, True), (BELIEVED_SECONDS, False)):
        monkeypatch.setattr(checked.time, "time", lambda later=later: then + later)
        noted = (folder.parent / CHECKED_FILE).read_bytes()
        Generation.load(folder, brief=True)
        assert (not read) == believed
        read.clear()
        (folder.parent / CHECKED_FILE).write_bytes(noted)


@pytest.mark.parametrize("name", ["vectors.npy", "photos.npy", "products.json", "index.faiss"])
def test_a_byte_that_was_changed_is_found_even_with_the_former_time(folder: Path, name: str) -> None:
    Generation.load(folder)
    path = folder / name
    found, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    with pytest.raises(Damaged, match=name):
        Generation.load(folder, brief=True)


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    (folder / "photos.npy").unlink()
    with pytest.raises(Damaged, match=r"photos\.npy cannot be read"):
        Generation.load(folder, brief=True)


@pytest.mark.parametrize("note", [b"", b"\xff", b"[]", b'{"files": {}}', b'{"at": "now", "files": 1}'])
def test_a_note_that_cannot_be_read_counts_for_nothing(folder: Path, read: list[str], note: bytes) -> None:
    (folder.parent / CHECKED_FILE).write_bytes(note)
    Generation.load(folder, brief=True)
    assert read


def test_the_note_of_other_files_counts_for_nothing(folder: Path, tmp_path: Path, read: list[str]) -> None:
    """A folder that was copied with its times is read."""
    import shutil

    Generation.load(folder)
    copied = Path(shutil.copytree(folder.parent, tmp_path / "copy")) / folder.name
    assert (copied.parent / CHECKED_FILE).exists()
    read.clear()
    Generation.load(copied, brief=True)
    assert read


def test_a_folder_that_cannot_be_written_goes_without(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, text: str) -> None:
        raise PermissionError(13, "denied", str(path))

    monkeypatch.setattr(checked, "replace_text", refused)
    Generation.load(folder)
    assert not (folder.parent / CHECKED_FILE).exists()
