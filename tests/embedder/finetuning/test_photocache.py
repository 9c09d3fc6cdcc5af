"""The cache of decoded photos: decodes each once, tells what it could not read, and heals."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data import rejects
from data.errors import UnknownPhoto, UsageError
from data.photos import decode
from embedder.finetuning import photocache
from embedder.finetuning.photocache import PhotoCache
from tests.embedder.kit import drawn

SIZE = (24, 16)
Sources = list[tuple[str, Path]]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Five photos as PNG files, larger than the cache's."""
    found = []
    for i, pixels in enumerate(drawn(5)):
        path = tmp_path / f"{i}.png"
        Image.fromarray(pixels).save(path)
        found.append((f"key-{i}", path))
    return found


def build(tmp_path: Path, sources: Sequence[tuple[str, Path]], **given: object) -> PhotoCache:
    return PhotoCache.build(tmp_path / "cache", sources, SIZE, **given)  # type: ignore[arg-type]


def arrays(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").glob("*.npy"))


def check(cache: PhotoCache, sources: Sources) -> None:
    for row, (_, path) in zip(cache.rows_of([key for key, _ in sources]).tolist(), sources, strict=True):
        assert np.array_equal(cache[row], decode(path, SIZE))


def test_photos_come_out_as_they_are_decoded(tmp_path: Path, sources: Sources) -> None:
    cache = build(tmp_path, sources)
    assert (len(cache), cache.decoded, cache.unreadable) == (5, 5, ())
    check(cache, sources)
    assert cache[0].shape == (16, 24, 3)
    assert cache[0].dtype == np.uint8
    assert cache[0].flags.writeable
    assert np.array_equal(cache.take(np.asarray([3, 1])), np.stack([cache[3], cache[1]]))
    assert "key-3" in cache
    assert "key-9" not in cache


def test_photos_are_decoded_once(tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(path: Path, *given: object, **named: object) -> object:
        read.append(path.name)
        return decode(path, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(photocache, "decode", counted)
    build(tmp_path, sources[:3])
    assert sorted(read) == ["0.png", "1.png", "2.png"]
    before = arrays(tmp_path)
    assert build(tmp_path, [sources[2], sources[0]]).decoded == 0
    assert len(read) == 3
    assert arrays(tmp_path) == before
    grown = build(tmp_path, sources)
    assert sorted(read[3:]) == ["3.png", "4.png"]
    assert (len(grown), grown.decoded) == (5, 2)
    check(grown, sources)
    assert len(arrays(tmp_path)) == 1


def test_more_photos_than_a_block_are_all_there(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photocache, "BLOCK", 2)
    told: list[str] = []
    check(build(tmp_path, sources[:3], tell=told.append), sources[:3])
    check(build(tmp_path, sources, tell=told.append), sources)
    assert told == [
        "decoded 2 of 3 photos",
        "decoded 3 of 3 photos",
        "decoded 2 of 2 photos",
    ]


def test_photos_that_cannot_be_read_are_named_and_the_others_kept(tmp_path: Path, sources: Sources) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no photo")
    asked = [sources[0], ("gone", tmp_path / "gone.png"), ("bad", bad), sources[1]]
    cache = build(tmp_path, asked)
    assert [(u.key, u.reason) for u in cache.unreadable] == [
        ("gone", rejects.MISSING_FILE),
        ("bad", rejects.NOT_AN_IMAGE),
    ]
    assert all(u.detail for u in cache.unreadable)
    assert cache.keys == ("key-0", "key-1")
    check(cache, sources[:2])
    again = build(tmp_path, asked)
    assert [u.key for u in again.unreadable] == ["gone", "bad"]
    assert (again.array, again.decoded) == (cache.array, 0)
    Image.fromarray(drawn(1)[0]).save(bad)
    mended = build(tmp_path, asked)
    assert ("bad" in mended, mended.decoded, len(mended.unreadable)) == (True, 1, 1)


def test_nothing_readable_and_nothing_asked_make_empty_caches(tmp_path: Path) -> None:
    cache = build(tmp_path, [("gone", tmp_path / "gone.png")])
    assert (len(cache), len(cache.unreadable)) == (0, 1)
    assert len(PhotoCache.build(tmp_path / "other", [], SIZE)) == 0


def test_a_key_that_comes_twice_is_one_photo(tmp_path: Path, sources: Sources) -> None:
    cache = build(tmp_path, [sources[0], ("key-0", sources[1][1]), sources[2]])
    assert cache.keys == ("key-0", "key-2")
    check(cache, [sources[0], sources[2]])


def test_sizes_lie_side_by_side(tmp_path: Path, sources: Sources) -> None:
    build(tmp_path, sources)
    other = PhotoCache.build(tmp_path / "cache", sources, (8, 8))
    assert other[0].shape == (8, 8, 3)
    assert PhotoCache.build(tmp_path / "cache", sources, SIZE).decoded == 0
    assert PhotoCache.build(tmp_path / "cache", sources, SIZE, "box").decoded == 5


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: next(folder.glob("*.npy")).unlink(),
        lambda folder: next(folder.glob("*.npy")).write_bytes(b""),
        lambda folder: next(folder.glob("*.npy")).write_bytes(next(folder.glob("*.npy")).read_bytes()[:-1]),
        lambda folder: np.save(next(folder.glob("*.npy")), np.zeros((5, 4, 4, 3), np.uint8)),
        lambda folder: np.save(next(folder.glob("*.npy")), np.zeros((4, 16, 24, 3), np.uint8)),
        lambda folder: next(folder.glob("*.json")).write_text("{"),
        lambda folder: next(folder.glob("*.json")).write_text("[1]"),
        lambda folder: next(folder.glob("*.json")).write_text('{"version": 0}'),
    ],
    ids=["no array", "empty", "cut off", "other size", "too few", "cut record", "no record", "old version"],
)
def test_a_damaged_cache_is_made_anew(tmp_path: Path, sources: Sources, damage: object) -> None:
    build(tmp_path, sources)
    damage(tmp_path / "cache")  # type: ignore[operator]
    cache = build(tmp_path, sources)
    assert cache.decoded == 5
    check(cache, sources)
    assert build(tmp_path, sources).decoded == 0


def test_a_build_that_is_stopped_leaves_the_old_cache_and_nothing_else(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, sources[:2])
    before = arrays(tmp_path)

    def stopped(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(photocache, "decode", stopped)
        with pytest.raises(KeyboardInterrupt):
            build(tmp_path, sources)
    assert arrays(tmp_path) == before
    cache = build(tmp_path, sources)
    assert cache.decoded == 3
    check(cache, sources)


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path: Path, sources: Sources) -> None:
    cache = build(tmp_path, sources[:2])
    (tmp_path / "cache" / f"{cache.array.stem[:-12]}0123456789ab.npy").write_bytes(b"half")
    assert len(arrays(tmp_path)) == 2
    assert arrays(tmp_path) != [build(tmp_path, sources).array]
    assert len(arrays(tmp_path)) == 1


def test_another_process_gets_the_place_and_not_the_pixels(tmp_path: Path, sources: Sources) -> None:
    cache = build(tmp_path, sources)
    sent = pickle.dumps(cache)
    assert len(sent) < 2000
    check(pickle.loads(sent), sources)


def test_unknown_keys_and_rows_are_refused(tmp_path: Path, sources: Sources) -> None:
    cache = build(tmp_path, sources[:2])
    with pytest.raises(UnknownPhoto, match="the first is key-4"):
        cache.rows_of(["key-0", "key-4"])
    for row in (2, -1):
        with pytest.raises(IndexError):
            cache[row]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, sources: Sources) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(UsageError, match="decoded photos cannot be kept"):
        build(tmp_path, sources)


def test_the_record_names_its_array_and_keys(tmp_path: Path, sources: Sources) -> None:
    cache = build(tmp_path, sources)
    (record,) = (tmp_path / "cache").glob("*.json")
    assert json.loads(record.read_text()) == {
        "version": 1,
        "array": cache.array.name,
        "keys": [key for key, _ in sources],
    }
    stored = np.load(cache.array, allow_pickle=False)
    assert stored.shape == (5, 16, 24, 3)
