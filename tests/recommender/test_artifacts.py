from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data.errors import Damaged, NotTrained
from recommender import artifacts
from recommender.learned import Learned
from recommender.settings import SOURCES, Settings
from tests.recommender.makers import history_of, items_of, shop_like

DATA = shop_like(customers=40, products=30)


def learned() -> Learned:
    return Learned.of(Settings(), DATA, {"note": "made in a test"})


def test_what_is_saved_scores_as_before(tmp_path: Path) -> None:
    before = learned()
    artifacts.save(before, tmp_path)
    after = artifacts.load(tmp_path)
    told = DATA.histories(np.arange(10), np.full(10, DATA.asof))
    assert np.array_equal(before.over(DATA.items).score(told), after.over(DATA.items).score(told))
    assert np.array_equal(after.over(DATA.items).score(told), Settings().blend().fit(DATA).score(told))
    assert after.about == {"note": "made in a test"}


def test_nothing_on_disk_is_a_pickle(tmp_path: Path) -> None:
    artifacts.save(learned(), tmp_path)
    files = [path for path in (tmp_path / "recommender").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".npy"}
    for path in files:
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)


@pytest.mark.parametrize("name", ["popular.npy", "knn_values.npy", "ids.json"])
def test_a_flipped_bit_is_found(tmp_path: Path, name: str) -> None:
    manifest = artifacts.save(learned(), tmp_path)
    path = manifest.parent / json.loads(manifest.read_text())["folder"] / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(Damaged, match=name):
        artifacts.load(tmp_path)


def test_a_missing_file_and_a_broken_manifest_are_found(tmp_path: Path) -> None:
    manifest = artifacts.save(learned(), tmp_path)
    (manifest.parent / json.loads(manifest.read_text())["folder"] / "trend.npy").unlink()
    with pytest.raises(Damaged, match=r"trend\.npy"):
        artifacts.load(tmp_path)
    manifest.write_text("{")
    with pytest.raises(Damaged, match="manifest"):
        artifacts.load(tmp_path)


def test_no_recommender_yet(tmp_path: Path) -> None:
    with pytest.raises(NotTrained, match="vitrine train"):
        artifacts.load(tmp_path)


def test_training_again_replaces_and_keeps_only_the_one_before(tmp_path: Path) -> None:
    for customers in (20, 30, 40):
        data = shop_like(customers=customers, products=30)
        artifacts.save(Learned.of(Settings(), data, {}), tmp_path)
    folders = [path for path in (tmp_path / "recommender").iterdir() if path.is_dir()]
    assert len(folders) == 2
    assert artifacts.load(tmp_path).popular.tolist() == learned().popular.tolist()


def test_a_failed_save_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts.save(learned(), tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(artifacts.np, "save", full)
    with pytest.raises(OSError, match="no space"):
        artifacts.save(Learned.of(Settings(), shop_like(customers=20), {}), tmp_path)
    assert artifacts.load(tmp_path).ids == DATA.items.ids
    assert not list((tmp_path / "recommender").glob(".new-*"))


def test_a_changed_catalogue_is_lined_up() -> None:
    names = list(DATA.items.ids)
    looks = {n: DATA.items.vectors[DATA.items.row_of[n]].tolist() for n in names[5:]}
    items = items_of({**looks, "fresh": DATA.items.vectors[0].tolist()})
    before, now = learned().over(DATA.items), learned().over(items)
    old = before.blend.sources[SOURCES.index("popular")].score(history_of(DATA.items, []))[0]
    new = now.blend.sources[SOURCES.index("popular")].score(history_of(items, []))[0]
    assert new[items.row_of[names[7]]] == old[DATA.items.row_of[names[7]]]
    assert new[items.row_of["fresh"]] == 0
    asked = history_of(items, [(names[9], 1.0, 200)])
    together = now.blend.sources[SOURCES.index("together")].score(asked)[0]
    reference = before.blend.sources[SOURCES.index("together")].score(
        history_of(DATA.items, [(names[9], 1.0, 200)])
    )[0]
    assert {n: together[items.row_of[n]] for n in names[5:]} == pytest.approx(
        {n: reference[DATA.items.row_of[n]] for n in names[5:]}
    )
