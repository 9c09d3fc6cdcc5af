"""A question that began with a generation whose files are swept away before it opens them."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.generation import build_generation
from index.query import Example, Query
from index.search import CatalogueIndex
from tests.index.shops import SPACE, stocked


@pytest.mark.parametrize("choice", ["exact", "IVF8,SQ8"])
def test_it_is_answered_from_the_vectors_that_are_still_mapped(tmp_path: Path, choice: str) -> None:
    looks = stocked(tmp_path / "shop", 60)
    build_generation(looks.shop, looks.shop.space(SPACE), choice, wanted_recall=1.0)
    query = Query((Example(product_id=next(iter(looks.photos))),), k=10)
    wanted = CatalogueIndex.open(looks.shop).search(query)
    begun = CatalogueIndex.open(looks.shop).pinned()
    for _ in range(3):
        build_generation(looks.shop, looks.shop.space(SPACE), "exact")
    assert not (tmp_path / "shop" / "index" / "000001").exists()
    found = begun.search(query)
    assert [hit.product_id for hit in found] == [hit.product_id for hit in wanted]
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in wanted], abs=1e-5)
