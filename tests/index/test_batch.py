"""Many queries at once against the same queries one by one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import (
    BadFilter,
    EmptyShop,
    NoVector,
    SpaceMismatch,
    UnknownProduct,
    UsageError,
    VitrineError,
)
from data.records import Product
from data.where import parse
from index.allowed import NONE
from index.batch import together
from index.generation import build_generation
from index.hits import Hit
from index.query import Example, Query
from index.search import CatalogueIndex
from tests.index.shops import LAYOUT, SPACE, Floats, Looks, drawn, empty, stocked

PRODUCTS = 150
VECTORS = LAYOUT.scale(drawn(40, seed=77))
FILTERS = [None, *map(parse, ("rank < 40", "price < 3", 'category = "dress" and in_stock', "rank < -1"))]
WEIGHTS = [None, {"colour": 5.0}, {"shape": 0.0, "texture": 1.0}]
KINDS = {
    "one photo each, exact": ("exact", 1, False),
    "several photos, exact": ("exact", 4, False),
    "several photos, exact, changed": ("exact", 3, True),
    "one photo each, IVF": ("IVF8,SQ8", 1, False),
    "several photos, IVF, changed": ("IVF8,SQ8", 3, True),
    "one photo each, HNSW, changed": ("HNSW16,SQfp16", 1, True),
    "several photos, HNSW": ("HNSW16,SQfp16", 3, False),
    "no generation yet": (None, 3, True),
}


def changed(looks: Looks) -> None:
    """Products added, changed, changed again and deleted; some of the new ones look as others do."""
    same = LAYOUT.unit_blocks(looks.vectors[looks.photos["p0003"][0]][None, :])
    looks.put_many([(f"new{i}", drawn(1 + i % 3, seed=300 + i)) for i in range(12)])
    looks.put_many([(f"p{i:04d}", drawn(2, seed=400 + i)) for i in range(20, 30)])
    looks.put_many([(f"p{i:04d}", drawn(1, seed=500 + i)) for i in range(25, 28)])
    looks.put_many([(f"twin{i}", same) for i in (3, 1, 2)])
    looks.delete("p0007", "p0040", "new4", "p0027")


def shop_of(
    directory: Path, choice: str | None, photos: int, with_changes: bool
) -> tuple[Looks, CatalogueIndex]:
    looks = stocked(directory, PRODUCTS, photos=photos)
    looks.put(Product("no-photo", category="bag"), np.empty((0, LAYOUT.d), np.float32))
    # Thirty products that look the same: their order, and which are found, is by product id alone.
    looks.put_many([(f"same{i:02d}", drawn(1, seed=200)) for i in range(30)])
    # A product whose photos look the same: the first of them is the one that matched.
    looks.put_many([(f"double{i}", np.repeat(drawn(1, seed=210 + i), 3, axis=0)) for i in range(photos - 1)])
    if choice is not None:
        build_generation(looks.shop, looks.shop.space(SPACE), choice, wanted_recall=0.9)
    index = CatalogueIndex.open(looks.shop)
    if with_changes:
        changed(looks)
        index.refresh()
    return looks, index


@pytest.fixture(scope="module", params=KINDS)
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CatalogueIndex:
    choice, photos, with_changes = KINDS[request.param]
    return shop_of(tmp_path_factory.mktemp("batch") / "shop", choice, photos, with_changes)[1]


def check_alike(index: CatalogueIndex, queries: Sequence[Query]) -> list[list[Hit]]:
    """Asked together and one by one, the hits are the same."""
    found = index.search_many(queries)
    assert len(found) == len(queries)
    for query, hits in zip(queries, found, strict=True):
        wanted = index.search(query)
        assert [(hit.product_id, hit.photo_id) for hit in hits] == [
            (w.product_id, w.photo_id) for w in wanted
        ]
        for hit, want in zip(hits, wanted, strict=True):
            assert hit.score == pytest.approx(want.score, abs=1e-6)
            assert (hit.aspects is None) == (want.aspects is None)
            if hit.aspects is not None and want.aspects is not None:
                assert list(hit.aspects) == list(want.aspects)
                assert hit.aspects == pytest.approx(dict(want.aspects), abs=1e-5)
    return found


def settled_together(index: CatalogueIndex, queries: Sequence[Query]) -> int:
    """How many queries need not be asked one by one."""
    view = index.pinned()
    answers = together(view.snapshot, queries, lambda where: view._allowed(where, NONE))
    return sum(hits is not None for hits in answers)


products = (
    st.integers(0, PRODUCTS - 1)
    .map(lambda i: f"p{i:04d}")
    .filter(lambda product: product not in ("p0007", "p0040", "p0027"))
)
named = products.map(lambda product: Example(product))
outside = st.integers(0, len(VECTORS) - 1).map(lambda i: Example(vector=VECTORS[i], space=SPACE))
examples = st.one_of(named, named, outside)
plain = st.builds(
    Query,
    st.tuples(examples),
    k=st.sampled_from([1, 3, 10, 10, 60, 500]),
    where=st.sampled_from(FILTERS),
    aspects=st.sampled_from(WEIGHTS),
    exclude=st.frozensets(products, max_size=4) | st.just(frozenset({"same01", "same02", "unheard of"})),
    min_score=st.sampled_from([None, None, 0.2, 0.99]),
    explain_aspects=st.booleans(),
)
other = st.one_of(
    st.builds(Query, st.tuples(examples), negatives=st.tuples(named), where=st.sampled_from(FILTERS)),
    st.builds(Query, st.tuples(examples, examples), strategy=st.sampled_from(["average", "best", "sum"])),
    st.builds(Query, st.tuples(examples), diversity=st.just(0.4)),
    st.builds(Query, st.tuples(examples), near_duplicates=st.just("suppress")),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(plain, plain, plain, other), max_size=40))
def test_mixed_queries_find_what_each_finds_alone(index: CatalogueIndex, queries: list[Query]) -> None:
    check_alike(index, queries)


def test_all_products_at_once_find_what_each_finds_alone(index: CatalogueIndex) -> None:
    everyone = index.products().ids
    for aspects in WEIGHTS:
        for where in FILTERS[:3]:
            queries = [Query((Example(product),), where=where, aspects=aspects) for product in everyone]
            found = check_alike(index, queries)
            assert all(
                product not in {hit.product_id for hit in hits}
                for product, hits in zip(everyone, found, strict=True)
            )


def test_plain_queries_are_answered_together_and_not_one_by_one(index: CatalogueIndex) -> None:
    everyone = [product for product in index.products().ids if not product.startswith("same")]
    queries = [Query((Example(product),)) for product in everyone]
    assert settled_together(index, queries) >= 0.9 * len(queries)
    assert settled_together(index, [Query((Example("p0001"),), k=10_000, where=FILTERS[1])] * 3) == 3


def test_small_portions_change_nothing(index: CatalogueIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.batch.MOST_CANDIDATES", 100)
    monkeypatch.setattr("index.batch.VALUES", 7 * LAYOUT.d)
    monkeypatch.setattr("index.candidates.VALUES", 5 * LAYOUT.d)
    check_alike(index, [Query((Example(product),)) for product in index.products().ids[:60]])


def test_equal_scores_are_in_order_of_product_id(index: CatalogueIndex) -> None:
    queries = [Query((Example(f"same{i:02d}"),), k=29) for i in range(20)]
    for number, hits in enumerate(index.search_many(queries)):
        wanted = [f"same{i:02d}" for i in range(30) if i != number]
        assert [hit.product_id for hit in hits] == wanted
        assert len({hit.score for hit in hits}) == 1


def test_nothing_asked_is_nothing_found(index: CatalogueIndex) -> None:
    assert index.search_many([]) == []


def wrong(vector: Floats | None = None, **options: object) -> Query:
    return Query((Example("p0001") if vector is None else Example(vector=vector),), **options)  # type: ignore[arg-type]


FAILING: list[tuple[Query, type[VitrineError], str]] = [
    (Query((Example("unheard of"),)), UnknownProduct, "unheard of"),
    (Query((Example("no-photo"),)), NoVector, "no-photo"),
    (wrong(where=parse("nonsense = 3")), BadFilter, "nonsense"),
    (wrong(aspects={"smell": 1.0}), UsageError, "smell"),
    (wrong(np.ones(3, np.float32)), SpaceMismatch, "3 numbers"),
    (wrong(np.full(LAYOUT.d, 1e-20, np.float32)), UsageError, "direction"),
    (Query((Example(vector=VECTORS[0], space="another"),)), SpaceMismatch, "another"),
    (Query((Example("p0001"),), negatives=(Example("gone"),)), UnknownProduct, "gone"),
]


@pytest.mark.parametrize(("query", "error", "said"), FAILING, ids=[said for _, _, said in FAILING])
def test_the_first_query_that_fails_is_told(
    index: CatalogueIndex, query: Query, error: type[VitrineError], said: str
) -> None:
    good = [Query((Example("p0002"),)), Query((Example("p0003"),), diversity=0.5)]
    others = [query for query, _, _ in FAILING]
    with pytest.raises(error, match=said) as caught:
        index.search_many([*good, query, *others, *good])
    assert caught.value.detail["query"] == 2
    with pytest.raises(error, match=said):
        index.search(query)


def test_a_shop_without_photos_says_so(tmp_path: Path) -> None:
    looks = empty(tmp_path / "shop")
    looks.put("only", drawn(1))
    index = CatalogueIndex.open(looks.shop)
    looks.delete("only")
    index.refresh()
    with pytest.raises(EmptyShop):
        index.search_many([Query((Example("only"),))])


def test_a_shop_of_one_product_finds_nothing_like_it(tmp_path: Path) -> None:
    looks = empty(tmp_path / "shop")
    looks.put("only", drawn(2))
    index = CatalogueIndex.open(looks.shop)
    assert index.search_many([Query((Example("only"),))] * 2) == [[], []]
    found = index.search_many([Query((Example(vector=VECTORS[0]),))] * 20)
    assert {tuple(hit.product_id for hit in hits) for hits in found} == {("only",)}


def test_each_filter_is_evaluated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, index = shop_of(tmp_path / "shop", "exact", 1, with_changes=False)
    asked = []
    view = index.pinned()
    answers = together(
        view.snapshot,
        [Query((Example(f"p{i:04d}"),), where=parse(f"rank < {30 + i % 2}")) for i in range(60)],
        lambda where: (asked.append(where), view._allowed(where, NONE))[1],
    )
    assert len(asked) == 2
    assert all(hits is not None for hits in answers)
