from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.generation import build_generation
from index.nearby import near
from index.search import CatalogueIndex
from tests.index.shops import LAYOUT, SPACE, Looks, drawn, stocked, unit_blocks

PROBES = LAYOUT.scale(drawn(3, seed=5))
FETCH = 8


@pytest.fixture
def looks(tmp_path: Path) -> Looks:
    made = stocked(tmp_path / "shop", 120)
    build_generation(made.shop, made.shop.space(SPACE), "IVF2,Flat", wanted_recall=1.0)
    return made


def wanted(looks: Looks) -> set[str]:
    """The products of the photos that are the nearest to each probe, by brute force."""
    owner = {photo: product for product, photos in looks.photos.items() for photo in photos}
    photos = list(owner)
    cosines = np.stack([looks.vectors[photo] for photo in photos]) @ PROBES.T
    best = np.argsort(-cosines, axis=0)[:FETCH]
    return {owner[photos[int(row)]] for row in best.ravel()}


def test_the_nearest_of_every_probe_are_among_them(looks: Looks) -> None:
    snapshot = CatalogueIndex.open(looks.shop).pinned().snapshot
    found = near(snapshot, PROBES, FETCH)
    assert found is not None
    assert len(found) == len(set(found.tolist())) < 120
    assert wanted(looks) <= {snapshot.products.ids[place] for place in found}


def test_what_changed_since_is_seen_and_what_went_is_not(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    first = sorted(wanted(looks))[0]
    looks.delete(first)
    unit = PROBES[:1] / np.repeat(np.sqrt(LAYOUT.shares), LAYOUT.dims)
    looks.put("new", unit)
    for number in range(FETCH + 1):
        looks.put(f"far{number}", unit_blocks(drawn(1, seed=number) - 3 * unit))
    index.refresh()
    places = index.pinned().near(PROBES, FETCH)
    assert places is not None
    found = {index.products().ids[place] for place in places}
    assert "new" in found
    assert first not in found
    assert wanted(looks) <= found


def test_a_type_that_compares_everything_leaves_it_to_the_caller(tmp_path: Path) -> None:
    made = stocked(tmp_path / "exact", 20)
    assert CatalogueIndex.open(made.shop).pinned().near(PROBES, FETCH) is None
    build_generation(made.shop, made.shop.space(SPACE))
    assert CatalogueIndex.open(made.shop).pinned().near(PROBES, FETCH) is None
