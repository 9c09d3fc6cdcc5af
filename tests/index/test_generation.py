"""Generations: what is on the disk is whole or is not served."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import Damaged, EmptyShop, SpaceMismatch, UsageError
from index.generation import build_generation
from index.generations import Generation, Generations
from index.manifest import Setting
from index.query import Example, Query
from index.search import CatalogueIndex
from tests.index.shops import LAYOUT, SPACE, Looks, drawn, empty, stocked

ASK = Query((Example("p0003"),), k=5)
FILES = ["vectors.npy", "photos.npy", "products.json", "index.faiss", "manifest.json", "CURRENT"]


def build(looks: Looks, choice: str = "auto", **more: Any) -> Any:
    return build_generation(looks.shop, looks.shop.space(SPACE), choice, **more)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with two generations that hold the same, closed."""
    looks = stocked(tmp_path_factory.mktemp("original") / "shop", 40)
    build(looks)
    build(looks)
    looks.shop.close()
    return looks.shop.directory


@pytest.fixture
def shop(original: Path, tmp_path: Path) -> Looks:
    """A copy that may be damaged."""
    from data.shop import Shop

    shutil.copytree(original, tmp_path / "shop")
    return Looks(Shop.open(tmp_path / "shop"))


def flip(path: Path, share: float) -> None:
    """Turn over one bit."""
    content = bytearray(path.read_bytes())
    content[min(int(len(content) * share), len(content) - 1)] ^= 0x04
    path.write_bytes(bytes(content))


def test_the_manifest_tells_everything(tmp_path: Path) -> None:
    looks = stocked(tmp_path / "shop", 40)
    told: list[str] = []
    info = build(looks, progress=told.append)
    manifest = json.loads((info.path / "manifest.json").read_text())
    assert (info.number, info.type, info.factory, info.recall) == (1, "exact", "exact", 1.0)
    assert manifest["space"] == SPACE
    assert manifest["d"] == LAYOUT.d
    assert manifest["layout"] == LAYOUT.as_json()
    assert manifest["revision"] == looks.shop.revision
    assert manifest["photos"] == info.photos == sum(map(len, looks.photos.values()))
    assert manifest["products"] == info.products == 40
    assert manifest["chosen"]["latency_ms"] > 0
    assert manifest["candidates"]
    assert set(manifest["files"]) == {p.name for p in info.path.iterdir()} - {"manifest.json"}
    assert (info.path.parent / "CURRENT").read_text() == "000001\n"
    assert any("photos of 40 products" in text for text in told)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.97])
@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_noticed_and_the_last_good_generation_serves(
    shop: Looks, name: str, share: float
) -> None:
    wanted = CatalogueIndex.open(shop.shop).search(ASK)
    folder = shop.shop.directory / "index"
    flip(folder / name if name == "CURRENT" else folder / "000002" / name, share)
    index = CatalogueIndex.open(shop.shop)
    assert len(index.warnings) == 1
    assert "CURRENT" in index.warnings[0] or name in index.warnings[0]
    assert index.generation == (2 if name == "CURRENT" else 1)
    assert index.search(ASK) == wanted


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_short_file_is_noticed(shop: Looks, name: str) -> None:
    folder = shop.shop.directory / "index"
    victim = folder / name if name == "CURRENT" else folder / "000002" / name
    whole = victim.read_bytes()
    victim.write_bytes(whole[: len(whole) // 2])
    assert CatalogueIndex.open(shop.shop).warnings
    victim.unlink()
    assert CatalogueIndex.open(shop.shop).warnings
    victim.write_bytes(whole)
    assert not CatalogueIndex.open(shop.shop).warnings


def test_no_whole_generation_is_an_error_that_says_what_to_do(shop: Looks) -> None:
    for number in ("000001", "000002"):
        flip(shop.shop.directory / "index" / number / "vectors.npy", 0.5)
    with pytest.raises(Damaged, match="--rebuild"):
        CatalogueIndex.open(shop.shop)
    build(shop)
    index = CatalogueIndex.open(shop.shop)
    assert index.generation == 3
    assert not index.warnings


def test_a_running_searcher_keeps_its_generation_when_the_next_is_damaged(shop: Looks) -> None:
    index = CatalogueIndex.open(shop.shop)
    wanted = index.search(ASK)
    build(shop)
    for number in ("000002", "000003"):
        flip(shop.shop.directory / "index" / number / "index.faiss", 0.5)
    index.refresh()
    assert index.generation == 2
    assert index.warnings
    assert index.search(ASK) == wanted
    build(shop)
    assert index.refresh()
    assert index.generation == 4
    assert not index.warnings


def test_a_manifest_of_another_format_is_refused(shop: Looks) -> None:
    from index.manifest import _checksum

    path = shop.shop.directory / "index" / "000002" / "manifest.json"
    content = json.loads(path.read_text())
    content["format"] = 99
    del content["checksum"]
    path.write_text(json.dumps({**content, "checksum": _checksum(content)}))
    assert "format 99" in CatalogueIndex.open(shop.shop).warnings[0]


STEPS = [
    "index.generation.collect",
    "index.generation.Trial.on",
    "index.generation.write",
    "index.publish.half_flat",
    "index.publish.write_index",
    "index.manifest.Manifest.save",
    "index.generation.verify",
    "index.generation.publish",
    "index.publish.os.rename",
    "index.generations.replace_text",
    "index.durable.os.replace",
]


class PowerCut(BaseException):
    """Nothing catches it."""


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_leaves_the_generation_in_use(
    shop: Looks, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = CatalogueIndex.open(shop.shop).search(ASK)

    def crash(*parts: object, **more: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(step, crash)
        with pytest.raises(PowerCut):
            build(shop)
    index = CatalogueIndex.open(shop.shop)
    assert index.generation == 2
    assert not index.warnings
    assert index.search(ASK) == wanted
    info = build(shop)
    assert CatalogueIndex.open(shop.shop).generation == info.number > 2


def test_a_killed_build_is_cleared_away_by_the_next(shop: Looks) -> None:
    left = shop.shop.directory / "index" / ".building-killed" / "generation"
    left.mkdir(parents=True)
    (left / "vectors.npy").write_bytes(b"half")
    assert CatalogueIndex.open(shop.shop).generation == 2
    build(shop)
    assert not left.exists()


def test_two_generations_are_kept(shop: Looks) -> None:
    for _ in range(3):
        build(shop)
    kept = sorted(p.name for p in (shop.shop.directory / "index").iterdir())
    assert kept == ["000004", "000005", "CURRENT"]


def test_an_index_that_does_not_find_its_own_photos_is_not_used(
    shop: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.flat import half_flat

    monkeypatch.setattr("index.publish.half_flat", lambda matrix: half_flat(np.roll(matrix, 7, axis=1)))
    with pytest.raises(Damaged, match="find themselves"):
        build(shop)
    assert Generations(shop.shop.directory / "index").current() == "000002"


@pytest.mark.parametrize("choice", ["IVF4,SQ8", "HNSW8", "Flat", "exact"])
def test_a_chosen_type_is_built_and_served(shop: Looks, choice: str) -> None:
    wanted = CatalogueIndex.open(shop.shop).search(ASK)
    info = build(shop, choice)
    assert info.type == ("exact" if choice in ("Flat", "exact") else "approximate")
    hits = CatalogueIndex.open(shop.shop).search(ASK)
    assert {hit.product_id for hit in hits} == {hit.product_id for hit in wanted}
    assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in wanted], abs=1e-6)


def test_auto_measures_above_the_size_that_is_quick_exactly(
    shop: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.generation.EXACT_UP_TO", 10)
    monkeypatch.setattr("index.choose.factories", lambda n, d, gpu: ["IVF4,SQ8"])
    monkeypatch.setattr("index.generation.factories", lambda n, d, gpu: ["IVF4,SQ8"])
    info = build(shop)
    assert [candidate.factory for candidate in info.candidates] == ["exact", "IVF4,SQ8"]
    assert Generation.load(info.path).manifest.held_out > 0


def test_low_recall_of_a_forced_type_is_said(shop: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.choose.settings", lambda parameter: [[Setting("", 0, 1)]])
    info = build(shop, "PQ1x4")
    assert info.recall < 0.99
    assert "0.99 was wanted" in info.warnings[0]


def test_bad_choices_are_clear_errors(shop: Looks) -> None:
    with pytest.raises(UsageError, match="another factory string"):
        build(shop, "nonsense")
    with pytest.raises(UsageError, match="recall"):
        build(shop, wanted_recall=1.5)
    assert Generations(shop.shop.directory / "index").numbers() == [2, 1]


def test_a_shop_without_vectors_is_empty(tmp_path: Path) -> None:
    looks = empty(tmp_path / "shop")
    with pytest.raises(EmptyShop):
        build(looks)
    with pytest.raises(EmptyShop):
        CatalogueIndex.open(looks.shop)


def test_vectors_of_another_width_are_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    from data.aspects import AspectLayout

    looks = stocked(tmp_path / "shop", 5)
    other = replace(looks.shop.space(SPACE), layout=AspectLayout.single("shape", 7).as_json())
    with pytest.raises(SpaceMismatch, match="width 26"):
        build_generation(looks.shop, other)


def test_rows_of_held_out_products_come_last_and_nothing_is_lost(tmp_path: Path) -> None:
    looks = stocked(tmp_path / "shop", 60)
    generation = Generation.load(build(looks).path)
    rows = generation.rows
    assert sorted(rows.products) == sorted(looks.photos)
    for slot, product in enumerate(rows.products):
        which = rows.of_product(slot)
        assert [rows.photo(i) for i in range(which.start, which.stop)] == looks.photos[product]
        for i in range(which.start, which.stop):
            np.testing.assert_array_equal(generation.matrix[i], looks.vectors[rows.photo(i)])
    assert drawn(1).shape == (1, LAYOUT.d)
