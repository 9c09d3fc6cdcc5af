"""Explanations against brute force: parts that add up to the score, and the photo that is closest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.blocks import unit
from index.generation import build_generation
from index.query import Example, Query, Strategy
from index.search import CatalogueIndex
from tests.index.shops import LAYOUT, SPACE, Looks, drawn, stocked


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> tuple[Looks, CatalogueIndex]:
    """A generation, and some products that came after it."""
    looks = stocked(tmp_path_factory.mktemp("stock") / "shop", 80, photos=4)
    build_generation(looks.shop, looks.shop.space(SPACE), "exact", wanted_recall=1.0)
    looks.put_many([(f"late-{i}", drawn(2, seed=100 + i)) for i in range(20)])
    return looks, CatalogueIndex.open(looks.shop)


EXAMPLES = (Example("p0003"), Example("p0010", weight=2.0), Example("late-1", weight=0.5))
NEGATIVES = (Example("p0020"), Example("p0021", weight=3.0))


@pytest.mark.parametrize("strategy", ["average", "best", "sum"])
@pytest.mark.parametrize("negatives", [(), NEGATIVES], ids=["plain", "negatives"])
@pytest.mark.parametrize("aspects", [None, {"colour": 2.0, "texture": 0.0}], ids=["default", "weighed"])
@pytest.mark.parametrize("examples", [EXAMPLES[:1], EXAMPLES], ids=["one", "several"])
def test_the_parts_add_up_to_the_score(
    stock: tuple[Looks, CatalogueIndex],
    strategy: Strategy,
    negatives: tuple[Example, ...],
    aspects: dict[str, float] | None,
    examples: tuple[Example, ...],
) -> None:
    view = stock[1].pinned()
    query = Query(examples, negatives, strategy, k=90, aspects=aspects)
    hits = view.search(query)
    assert len(hits) > 80
    for hit, why in zip(hits, view.explain(query, hits), strict=True):
        parts = why.aspects.values()
        assert sum(one.part for one in parts) == pytest.approx(hit.score, abs=2e-5)
        assert sum(one.share for one in parts) == pytest.approx(1.0, abs=1e-6)
        assert hit.aspects == pytest.approx({n: one.cosine for n, one in why.aspects.items()}, abs=1e-5)
        if strategy == "average":
            for one in parts:
                assert one.part == pytest.approx(one.share * one.cosine, abs=1e-4)
    if strategy == "best" and negatives:
        assert any(hit.score < 0 for hit in hits), "some are closer to a negative"


def test_the_closest_photo_is_named(stock: tuple[Looks, CatalogueIndex]) -> None:
    looks, index = stock
    view = index.pinned()
    outside = LAYOUT.scale(drawn(1, seed=7))[0]
    query = Query((*EXAMPLES, Example(vector=outside)), k=50)
    seen = set()
    photos = [looks.photos[str(example.product_id)] for example in EXAMPLES]
    shown = [(n, photo) for n, listed in enumerate(photos) for photo in listed]
    for hit, why in zip(hits := view.search(query), view.explain(query, hits), strict=True):
        mine = unit(looks.vectors[hit.photo_id][None], LAYOUT)[0]
        cosines = {(n, p): float(unit(looks.vectors[p][None], LAYOUT)[0] @ mine) for n, p in shown}
        cosines[len(EXAMPLES), ""] = float(outside @ mine)
        best = max(cosines, key=cosines.__getitem__)
        assert (why.example, why.photo_id or "") == best
        assert why.cosine == pytest.approx(cosines[best], abs=1e-5)
        seen.add(best)
    assert len(seen) > 3, "several examples and photos are named"


def test_nothing_to_explain(stock: tuple[Looks, CatalogueIndex]) -> None:
    assert stock[1].pinned().explain(Query(EXAMPLES), []) == []


def test_a_view_without_a_generation(tmp_path: Path) -> None:
    looks = stocked(tmp_path / "shop", 6)
    view = CatalogueIndex.open(looks.shop).pinned()
    query = Query((Example("p0000"),))
    why = view.explain(query, hits := view.search(query))
    assert [sum(part.part for part in one.aspects.values()) for one in why] == pytest.approx(
        [hit.score for hit in hits], abs=1e-5
    )
    assert np.isfinite([one.cosine for one in why]).all()
