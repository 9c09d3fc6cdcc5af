"""Generations of two spaces side by side: which one answers, what a view keeps, what pruning leaves."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from data.aspects import AspectLayout
from data.errors import Damaged, EmptyShop, SpaceMismatch
from data.records import EncodedPhoto, Product, SpaceRecord
from data.where import parse
from index.generation import build_generation
from index.generations import Generations
from index.query import Example, Query
from index.search import CatalogueIndex, view_of
from tests.index.shops import SPACE, Looks, drawn, stocked

OTHER = "other-000000000002"
NARROW = AspectLayout(("shape",), (5,), (1.0,))
ASK = Query((Example("p0003"),), k=5)


def fill(looks: Looks, products: int | None = None) -> None:
    """Give photos a vector in the other space, without making it the one that is searched."""
    looks.shop.put_space(SpaceRecord(OTHER, "narrow", NARROW.as_json(), {}))
    wanted = [photo for product in sorted(looks.photos)[:products] for photo in looks.photos[product]]
    done = []
    for number, photo_id in enumerate(wanted):
        photo = looks.shop.photo(photo_id)
        vector = drawn(1, 500 + number, NARROW)[0]
        done.append(EncodedPhoto(photo_id, str(photo.sha256), 1, 1, vector))
    looks.shop.put_vectors(OTHER, done, [])


def build(looks: Looks, space: str) -> int:
    in_use = looks.shop.state[1] == space
    return build_generation(looks.shop, looks.shop.space(space), in_use=in_use).number


@pytest.fixture
def looks(tmp_path: Path) -> Looks:
    """A shop with a generation of its space (1), and one of another space beside it (2)."""
    made = stocked(tmp_path / "shop", 30)
    build(made, SPACE)
    fill(made)
    build(made, OTHER)
    return made


def folder(looks: Looks) -> Generations:
    return Generations(looks.shop.directory / "index")


def test_a_generation_beside_is_not_used(looks: Looks) -> None:
    assert folder(looks).current() == "000001"
    index = CatalogueIndex.open(looks.shop)
    assert (index.space, index.generation, index.warnings) == (SPACE, 1, [])
    assert not index.refresh()


def test_vectors_of_another_space_change_nobodys_looks(looks: Looks) -> None:
    at = looks.shop.revision
    fill(looks)
    assert looks.shop.revision == at
    assert CatalogueIndex.open(looks.shop).changed == 0


def test_the_current_space_decides_before_and_after_current_names_it(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    before = index.search(ASK)
    looks.shop.set_current_space(OTHER)
    for _ in range(2):  # CURRENT still names the generation of the former space, then the new one
        assert CatalogueIndex.open(looks.shop).generation == 2
        index.refresh()
        assert (index.space, index.generation, index.warnings, index.layout) == (OTHER, 2, [], NARROW)
        assert not index.refresh()
        folder(looks).make_current(2)
    looks.shop.set_current_space(SPACE)
    assert index.refresh()
    assert index.search(ASK) == before


def test_a_view_stays_in_its_space(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    view = index.pinned()
    before = view.search(ASK)
    looks.shop.set_current_space(OTHER)
    looks.delete("p0007")
    assert index.refresh()
    assert (view.space, view.generation, view.layout.d) == (SPACE, 1, 26)
    assert view.search(ASK) == before
    assert view.vectors_of("p0003")[1].shape[1] == 26
    assert view.pinned() is view
    assert not view.refresh()
    with pytest.raises(SpaceMismatch, match=OTHER):
        view.search(Query((Example(vector=np.ones(5, np.float32), space=OTHER),)))


def test_views_hand_their_table_on(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    table = index.table
    assert index.table is table
    looks.shop.set_current_space(OTHER)
    index.refresh()
    assert index.table is table, "no product changed"
    looks.shop.put_product(Product("p0009", price=12345.0))
    index.refresh()
    dear = Query((Example("p0001"),), where=parse("price = 12345"))
    assert [hit.product_id for hit in index.search(dear)] == ["p0009"]


def test_a_view_of_a_space_that_is_not_searched(looks: Looks) -> None:
    view = view_of(looks.shop, OTHER)
    photos = sum(map(len, looks.photos.values()))
    assert (view.space, view.generation, view.size, view.warnings) == (OTHER, 2, photos, ())
    assert view.size == looks.shop.photos_in(OTHER)
    with pytest.raises(SpaceMismatch):
        view_of(looks.shop, "nobody's")
    looks.shop.put_space(SpaceRecord("bare", "bare", NARROW.as_json(), {}))
    with pytest.raises(EmptyShop):
        view_of(looks.shop, "bare")


def test_changes_since_hold_in_a_space_that_comes_back(looks: Looks) -> None:
    looks.shop.set_current_space(OTHER)
    looks.delete("p0004")
    looks.put("new", drawn(1, seed=77))
    index = CatalogueIndex.open(looks.shop)
    assert index.space == OTHER
    looks.shop.set_current_space(SPACE)
    index.refresh()
    found = {hit.product_id for hit in index.search(Query((Example("p0003"),), k=100))}
    assert found == set(looks.photos) - {"p0003"}


@pytest.mark.parametrize("victim", ["vectors.npy", "manifest.json"])
def test_a_damaged_generation_is_replaced_by_one_of_its_space_first(looks: Looks, victim: str) -> None:
    build(looks, SPACE)
    build(looks, OTHER)
    path = folder(looks).path(3) / victim
    path.write_bytes(path.read_bytes()[:-2])
    index = CatalogueIndex.open(looks.shop)
    assert (index.space, index.generation, len(index.warnings)) == (SPACE, 1, 1)
    assert victim in index.warnings[0]
    shutil.rmtree(folder(looks).path(1))
    with pytest.raises(Damaged, match="--rebuild"):  # nobody switched to the other space
        CatalogueIndex.open(looks.shop)
    index.refresh()
    assert index.space == SPACE, "what is open stays"


def test_pruning_keeps_the_newest_of_every_other_space(looks: Looks) -> None:
    for _ in range(3):
        build(looks, SPACE)
    assert folder(looks).numbers() == [5, 4, 2]
    for _ in range(3):
        build(looks, OTHER)
    assert folder(looks).numbers() == [8, 7, 5, 4]
    assert folder(looks).current() == "000005"
    (folder(looks).path(7) / "manifest.json").unlink()
    build(looks, SPACE)
    assert folder(looks).numbers() == [9, 8, 5], "one that cannot be read is of no use"


def test_a_space_can_be_dropped(looks: Looks) -> None:
    build(looks, SPACE)
    assert folder(looks).of_space(SPACE) == [3, 1]
    assert folder(looks).drop(SPACE) == [3, 1]
    assert folder(looks).numbers() == [2]
