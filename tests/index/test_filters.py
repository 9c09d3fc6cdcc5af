"""Filters are exact, whatever share of the shop they let through, and never answer fewer than there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import BadFilter
from data.where import parse
from index import finder
from index.blocks import unit
from index.generation import build_generation
from index.query import Example, Query
from index.search import CatalogueIndex
from tests.index.shops import LAYOUT, SPACE, Floats, Looks, stocked

PRODUCTS = 700
Stock = tuple[Looks, CatalogueIndex]


@pytest.fixture(scope="module", params=["exact", "IVF16,SQ8"])
def stock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """A shop of which a part came after the index was built; the attribute ``rank`` runs from 0 to 699."""
    looks = stocked(tmp_path_factory.mktemp("stock") / "shop", PRODUCTS)
    build_generation(looks.shop, looks.shop.space(SPACE), request.param)
    for number in range(0, PRODUCTS, 50):
        late = f"p{number:04d}"
        looks.put(looks.products[late], unit_of(looks, f"p{number + 1:04d}"))
    looks.delete("p0007", "p0107")
    return looks, CatalogueIndex.open(looks.shop)


def unit_of(looks: Looks, product: str) -> Floats:
    return LAYOUT.unit_blocks(np.stack([looks.vectors[photo] for photo in looks.photos[product]]))


def best(looks: Looks, product: str, passed: set[str], k: int) -> list[float]:
    mean = np.mean([looks.vectors[photo] for photo in looks.photos[product]], axis=0, keepdims=True)
    scores = looks.scores(unit(mean, LAYOUT)[0])
    return sorted((scores[other] for other in passed - {product}), reverse=True)[:k]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, PRODUCTS), st.integers(0, PRODUCTS), st.integers(1, 40), st.booleans())
def test_ranges_of_every_width(stock: Stock, low: int, width: int, k: int, in_stock: bool) -> None:
    looks, index = stock
    text = f"rank >= {low} and rank < {low + width}" + (" and in_stock" if in_stock else "")
    passed = {
        product
        for product, item in looks.products.items()
        if low <= float(str(item.attributes["rank"])) < low + width and (item.in_stock or not in_stock)
    }
    hits = index.search(Query((Example("p0003"),), k=k, where=parse(text)))
    assert {hit.product_id for hit in hits} <= passed
    assert [hit.score for hit in hits] == pytest.approx(best(looks, "p0003", passed, k), abs=2e-6)


def test_a_wide_filter_that_is_over_fetched_is_never_short(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for shops too large to compare all that passes: fetch more, then exactly what is still short."""
    looks, index = stock
    monkeypatch.setattr(finder, "EXACT_VALUES", 0)
    for share in (0.99, 0.5, 0.1, 0.02, 0.003):
        low = PRODUCTS * (1 - share)
        where = parse(f"rank >= {low}")
        passed = {p for p, item in looks.products.items() if float(str(item.attributes["rank"])) >= low}
        for product in ("p0003", "p0004", "p0450"):
            hits = index.search(Query((Example(product),), k=20, where=where))
            assert {hit.product_id for hit in hits} <= passed
            assert len(hits) == min(20, len(passed - {product}))


def test_nothing_passes(stock: Stock) -> None:
    _, index = stock
    assert index.search(Query((Example("p0003"),), where=parse("price > 1000"))) == []


def test_an_unknown_column_is_named_with_those_there_are(stock: Stock) -> None:
    _, index = stock
    with pytest.raises(BadFilter, match="rank"):
        index.search(Query((Example("p0003"),), where=parse("size = 3")))


def test_filters_with_every_strategy_and_aspects(stock: Stock) -> None:
    looks, index = stock
    dresses = {product for product, item in looks.products.items() if item.category == "dress"}
    for strategy in ("average", "best", "sum"):
        query = Query(
            (Example("p0003"), Example("p0004")),
            (Example("p0005"),),
            strategy,
            k=500,
            where=parse('category = "dress"'),
            aspects={"colour": 3.0},
        )
        hits = index.search(query)
        assert {hit.product_id for hit in hits} == dresses - {"p0003", "p0004", "p0005"}


def test_a_filter_asked_again_is_not_evaluated_again_and_answers_alike(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = stock[1]
    query = Query((Example("p0011"),), where=parse("rank < 300 and in_stock"), exclude=frozenset({"p0012"}))
    first = index.search(query)
    monkeypatch.setattr("data.where.Where.mask", lambda *given: pytest.fail("evaluated again"))
    again = Query((Example("p0011"),), where=parse("rank < 300 and in_stock"))
    found = index.search(again)
    assert [hit.product_id for hit in found if hit.product_id != "p0012"][:9] == [
        hit.product_id for hit in first
    ][:9]
    assert index.search(query) == first


def test_only_the_last_few_filters_are_remembered(stock: Stock) -> None:
    table = stock[1].pinned()._filter()
    for rank in range(40):
        assert table.mask(parse(f"rank < {rank}")).sum() <= rank
    assert len(table._kept) == 16
