from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from recommender.models.popularity import Popularity
from recommender.unfinished import STALE, Course, chapter, fingerprint, kept_in


def test_without_a_place_nothing_is_kept(tmp_path: Path) -> None:
    course = Course.of("work", None, 1)
    course.write(b"state")
    assert course.path is None
    assert course.read() is None


def test_work_finds_its_own_state_and_no_other(tmp_path: Path) -> None:
    with suppress(KeyError), kept_in(tmp_path):
        Course.of("work", None, 1, "a").write(b"one")
        raise KeyError
    with suppress(KeyError), kept_in(tmp_path):
        assert Course.of("work", None, 1, "a").read() == b"one"
        assert Course.of("work", None, 2, "a").read() is None
        assert Course.of("other", None, 1, "a").read() is None
        raise KeyError
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"one"]


def test_a_block_that_ends_well_leaves_nothing_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "states"
    with kept_in(folder):
        Course.of("work", None, 1).write(b"one")
        assert len(list(folder.iterdir())) == 1
    assert not folder.exists()
    folder.mkdir()
    (folder / "another command's").write_bytes(b"")
    with kept_in(folder):
        Course.of("work", None, 1).write(b"one")
    assert [path.name for path in folder.iterdir()] == ["another command's"]


def test_a_chapter_that_ends_well_is_cleared_before_the_rest(tmp_path: Path) -> None:
    with kept_in(tmp_path):
        Course.of("work", None, 1).write(b"one")
        with chapter():
            Course.of("work", None, 2).write(b"two")
        assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"one"]
        with suppress(KeyError), chapter():
            Course.of("work", None, 3).write(b"three")
            raise KeyError
        assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"one", b"three"]
    with chapter():
        assert Course.of("work", None, 1).path is None


def test_a_state_that_nobody_came_back_for_is_removed(tmp_path: Path) -> None:
    for name, age in (("old", STALE + 60), ("new", STALE - 3600)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    with kept_in(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_state_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    with kept_in(tmp_path):
        course = Course.of("work", None, 1)
        course.write(b"before")
        with monkeypatch.context() as patch:
            patch.setattr("index.durable.os.fsync", full)
            with pytest.raises(OSError, match="no space"):
                course.write(b"after")
        assert course.read() == b"before"
        assert len(list(tmp_path.iterdir())) == 1, "and the part is gone"


def test_a_fingerprint_is_of_values_alone() -> None:
    table = np.arange(6).reshape(2, 3)
    assert fingerprint(table) == fingerprint(table.copy()) == fingerprint(np.asfortranarray(table))
    others = [table.T, table.reshape(3, 2), table.astype(np.int32), table + 1, sparse.csr_array(table)]
    assert len({fingerprint(other) for other in (table, *others)}) == 6
    assert fingerprint({"b": table, "a": 1}) == fingerprint({"a": 1, "b": table})
    assert fingerprint({"a": table, "b": 1}) != fingerprint({"a": 1, "b": table})
    assert fingerprint(Popularity(14.0)) != fingerprint(Popularity(30.0))
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint([table], table) != fingerprint([table, table])
    assert fingerprint(np.float64(2.5)) == fingerprint(2.5)
    assert fingerprint(np.zeros((0, 3))) != fingerprint(np.zeros((3, 0)))
    assert fingerprint(np.asarray(["a", "b"])) == fingerprint(np.asarray(["a", "b"]))
    for wrong in (object(), np.asarray([{}, None]), b"bytes"):
        with pytest.raises(TypeError):
            fingerprint(wrong)
