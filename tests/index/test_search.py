"""Searches against brute force over what was put into the shop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import EmptyShop, NoVector, SpaceMismatch, UnknownProduct, UsageError
from data.records import Product
from index.blocks import unit
from index.generation import build_generation
from index.query import Example, Query
from index.search import CatalogueIndex
from tests.index.shops import LAYOUT, SPACE, Floats, Looks, drawn, empty, stocked, unit_blocks

PRODUCTS = 160
APPROXIMATE = "IVF8,SQ8"


@pytest.fixture(scope="module", params=["exact", APPROXIMATE, "no generation yet"])
def stock(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Looks, CatalogueIndex]:
    """The same shop served exactly, approximately, and straight from the records."""
    looks = stocked(tmp_path_factory.mktemp("stock") / "shop", PRODUCTS, photos=3)
    looks.put(Product("no-photo", category="bag"), np.empty((0, LAYOUT.d), np.float32))
    if request.param != "no generation yet":
        build_generation(looks.shop, looks.shop.space(SPACE), request.param, wanted_recall=1.0)
    index = CatalogueIndex.open(looks.shop)
    assert bool(index.warnings) == (request.param == "no generation yet")
    return looks, index


Stock = tuple[Looks, CatalogueIndex]


def query_of(looks: Looks, product: str) -> Floats:
    """What a product's photos look like on the whole."""
    mean = np.mean([looks.vectors[photo] for photo in looks.photos[product]], axis=0, keepdims=True)
    return unit(mean, LAYOUT)[0]


def check(index: CatalogueIndex, hits: list[tuple[str, float]], scores: dict[str, float], k: int) -> None:
    """The hits are the best k by brute force; where scores tie, any of those that tie.

    An approximate type may miss some of the best, but never answers fewer, the same twice, or a wrong score.
    """
    ids = [product for product, _ in hits]
    assert len(set(ids)) == len(ids) == min(k, len(scores))
    for product, score in hits:
        assert score == pytest.approx(scores[product], abs=2e-6)
    got = [score for _, score in hits]
    assert got == sorted(got, reverse=True)
    if is_approximate(index):
        return
    wanted = sorted(scores.values(), reverse=True)[:k]
    assert got == pytest.approx(wanted, abs=2e-6)


def is_approximate(index: CatalogueIndex) -> bool:
    generation = index._view.snapshot.generation
    return generation is not None and generation.manifest.type == "approximate"


def pairs(index: CatalogueIndex, query: Query) -> list[tuple[str, float]]:
    return [(hit.product_id, hit.score) for hit in index.search(query)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, PRODUCTS - 1), st.integers(1, PRODUCTS + 20))
def test_by_product(stock: Stock, number: int, k: int) -> None:
    looks, index = stock
    product = f"p{number:04d}"
    scores = looks.scores(query_of(looks, product))
    del scores[product]
    check(index, pairs(index, Query((Example(product),), k=k)), scores, k)


@pytest.mark.parametrize(
    "weights", [None, {"colour": 5.0}, {"shape": 0.0}], ids=["plain", "colour", "no shape"]
)
def test_what_is_found_is_nearly_all_there_is(stock: Stock, weights: dict[str, float] | None) -> None:
    looks, index = stock
    found = wanted = 0
    for number in range(0, PRODUCTS, 4):
        product = f"p{number:04d}"
        scores = looks.scores(LAYOUT.reweigh(query_of(looks, product)[None, :], weights)[0])
        del scores[product]
        best = sorted(scores, key=lambda other: -scores[other])[:10]
        hits = index.search(Query((Example(product),), aspects=weights))
        found += len({hit.product_id for hit in hits} & set(best))
        wanted += len(best)
    assert found >= 0.95 * wanted if is_approximate(index) else found == wanted


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 500),
    st.dictionaries(st.sampled_from(LAYOUT.names), st.floats(0.01, 10), min_size=0, max_size=3),
)
def test_scores_are_weighted_means_of_aspect_cosines(
    stock: Stock, seed: int, weights: dict[str, float]
) -> None:
    looks, index = stock
    vector = LAYOUT.scale(drawn(1, seed=1000 + seed))[0]
    shares = LAYOUT.chosen(weights)
    hits = index.search(Query((Example(vector=vector),), k=8, aspects=weights))
    for hit in hits:
        assert hit.aspects is not None
        mean = sum(share * hit.aspects[name] for share, name in zip(shares, LAYOUT.names, strict=True))
        assert hit.score == pytest.approx(mean, abs=1e-3)  # stored blocks are float16
    check(
        index,
        [(hit.product_id, hit.score) for hit in hits],
        looks.scores(LAYOUT.reweigh(vector[None, :], weights)[0]),
        8,
    )


def test_every_photo_finds_itself_with_the_photo_that_matched(stock: Stock) -> None:
    looks, index = stock
    for product, photos in looks.photos.items():
        for photo in photos:
            hit = index.search(Query((Example(vector=looks.vectors[photo]),), k=1))[0]
            assert (hit.product_id, hit.photo_id) == (product, photo)
            assert hit.score == pytest.approx(1.0, abs=1e-3)
            assert hit.score <= 1.0


def test_aspects_can_be_left_unexplained(stock: Stock) -> None:
    _, index = stock
    assert index.search(Query((Example("p0001"),), k=1, explain_aspects=False))[0].aspects is None


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_several_examples_by_every_strategy(stock: Stock, data: st.DataObject) -> None:
    looks, index = stock
    numbers = data.draw(st.lists(st.integers(0, PRODUCTS - 1), min_size=2, max_size=5, unique=True))
    split = data.draw(st.integers(1, len(numbers)))
    weights = [data.draw(st.floats(0.1, 5)) for _ in numbers]
    strategy = data.draw(st.sampled_from(["average", "best", "sum"]))
    k = data.draw(st.integers(1, 30))
    chosen = [f"p{number:04d}" for number in numbers]
    made = [Example(p, weight=w) for p, w in zip(chosen, weights, strict=True)]
    hits = pairs(index, Query(tuple(made[:split]), tuple(made[split:]), strategy, k))
    vectors = np.stack([query_of(looks, product) for product in chosen]).astype(np.float64)
    score = {"average": by_average, "best": by_best, "sum": by_sum}[strategy]
    scores = {
        product: max(score(looks.vectors[photo], vectors, np.asarray(weights), split) for photo in photos)
        for product, photos in looks.photos.items()
        if photos and product not in chosen
    }
    check(index, hits, scores, k)


def by_average(photo: Floats, vectors: Floats, weights: Floats, split: int) -> float:
    mean = np.average(vectors[:split], axis=0, weights=weights[:split])
    if split < len(vectors):
        mean = 2 * mean - np.average(vectors[split:], axis=0, weights=weights[split:])
    return float(np.clip(unit(mean[None, :].astype(np.float32), LAYOUT)[0] @ photo, -1, 1))


def by_best(photo: Floats, vectors: Floats, weights: Floats, split: int) -> float:
    cosines = np.clip(vectors @ photo, -1, 1)
    good = (cosines[:split] * weights[:split] / weights[:split].max()).max()
    if split == len(vectors):
        return float(good)
    bad = (cosines[split:] * weights[split:] / weights[split:].max()).max()
    return float(good) if good > bad else -(float(bad) ** 2)


def by_sum(photo: Floats, vectors: Floats, weights: Floats, split: int) -> float:
    cosines = vectors @ photo * weights
    return float(cosines[:split].sum() - cosines[split:].sum())


def test_queried_and_excluded_products_are_never_in_the_answer(stock: Stock) -> None:
    _, index = stock
    found = index.search(Query((Example("p0001"),), k=3))
    without = frozenset(hit.product_id for hit in found)
    again = index.search(
        Query((Example("p0001"), Example("p0002")), (Example("p0003"),), k=500, exclude=without)
    )
    ids = {hit.product_id for hit in again}
    assert len(again) == len(ids) == PRODUCTS - len({"p0001", "p0002", "p0003"} | without)
    assert not ids & ({"p0001", "p0002", "p0003"} | without)


def test_min_score_cuts_the_tail(stock: Stock) -> None:
    _, index = stock
    every = index.search(Query((Example("p0001"),), k=PRODUCTS))
    edge = every[7].score
    cut = index.search(Query((Example("p0001"),), k=PRODUCTS, min_score=edge))
    assert cut == every[:8]
    assert index.search(Query((Example("p0001"),), min_score=1.0)) == []


def test_order_is_by_score(stock: Stock) -> None:
    _, index = stock
    scores = [hit.score for hit in index.search(Query((Example("p0005"),), k=60))]
    assert scores == sorted(scores, reverse=True)


def test_diversity_spreads_and_never_repeats(stock: Stock) -> None:
    looks, index = stock

    def spread(diversity: float) -> float:
        hits = index.search(Query((Example("p0005"),), k=10, diversity=diversity))
        assert len({hit.product_id for hit in hits}) == 10
        vectors = np.stack([looks.vectors[hit.photo_id] for hit in hits])
        return float((vectors @ vectors.T)[np.triu_indices(10, 1)].mean())

    assert spread(0.9) < spread(0.4) < spread(0.0)
    plain = index.search(Query((Example("p0005"),), k=10))
    assert index.search(Query((Example("p0005"),), k=10, diversity=0.5))[0] == plain[0]


def test_diversity_means_the_same_whatever_the_scale_of_the_scores(stock: Stock) -> None:
    _, index = stock
    orders = [
        [hit.product_id for hit in index.search(Query((example,), strategy="sum", k=10, diversity=0.5))]
        for example in (Example("p0005"), Example("p0005", weight=50.0))
    ]
    assert orders[0] == orders[1]
    assert orders[0] == [
        hit.product_id for hit in index.search(Query((Example("p0005"),), k=10, diversity=0.5))
    ]


def test_clear_errors(stock: Stock) -> None:
    _, index = stock
    with pytest.raises(UnknownProduct, match="no such"):
        index.search(Query((Example("no such"),)))
    with pytest.raises(NoVector, match="no photo"):
        index.search(Query((Example("no-photo"),)))
    with pytest.raises(SpaceMismatch, match="3 numbers, the index 26"):
        index.search(Query((Example(vector=np.ones(3, np.float32)),)))
    vector = np.ones(LAYOUT.d, np.float32)
    with pytest.raises(SpaceMismatch, match="other-space"):
        index.search(Query((Example(vector=vector, space="other-space"),)))
    for scale in (1e-12, 1e30):
        with pytest.raises(UsageError, match="direction"):
            index.search(Query((Example(vector=np.full(LAYOUT.d, scale, np.float32)),)))
    with pytest.raises(UsageError, match="shape, texture, colour"):
        index.search(Query((Example("p0001"),), aspects={"smell": 1.0}))
    with pytest.raises(UsageError, match="above 0"):
        index.search(Query((Example("p0001"),), aspects=dict.fromkeys(LAYOUT.names, 0.0)))


def test_the_index_tells_about_itself(stock: Stock) -> None:
    looks, index = stock
    assert index.space == SPACE
    assert index.layout == LAYOUT
    assert index.size == sum(map(len, looks.photos.values()))
    assert index.revision == looks.shop.revision
    assert len(index.table) == PRODUCTS + 1
    assert not index.refresh()


def test_vectors_of_a_product(stock: Stock) -> None:
    looks, index = stock
    photos, vectors = index.vectors_of("p0007")
    assert photos == looks.photos["p0007"]
    np.testing.assert_array_equal(vectors, np.stack([looks.vectors[photo] for photo in photos]))
    with pytest.raises(UnknownProduct):
        index.vectors_of("no such")
    with pytest.raises(NoVector):
        index.vectors_of("no-photo")


def test_product_vectors(stock: Stock) -> None:
    looks, index = stock
    made = index.products()
    assert sorted(made.ids) == sorted(product for product, photos in looks.photos.items() if photos)
    for product, vector, photo in zip(made.ids, made.matrix, made.photo_ids, strict=True):
        assert photo == looks.photos[product][0]
        np.testing.assert_allclose(vector, query_of(looks, product), atol=1e-5)
    assert index.products() is made, "computed once for a revision"


def test_near_duplicates_are_suppressed(tmp_path: Path) -> None:
    looks = empty(tmp_path / "shop")
    blocks = drawn(40, seed=3)
    looks.put_many([(f"p{i:02d}", blocks[i : i + 1]) for i in range(40)])
    looks.put_many([(f"copy-of-p00-{i}", blocks[:1]) for i in range(30)])
    looks.put_many([(f"copy-of-p01-{i}", blocks[1:2]) for i in range(30)])
    build_generation(looks.shop, looks.shop.space(SPACE))
    index = CatalogueIndex.open(looks.shop)
    plain = index.search(Query((Example("p00"),), k=10))
    assert all(hit.product_id.startswith("copy-of-p00") for hit in plain)
    kept = [h.product_id for h in index.search(Query((Example("p00"),), k=10, near_duplicates="suppress"))]
    assert len(kept) == 10, "more is fetched until there are enough"
    assert not any(product.startswith("copy-of-p00") for product in kept)
    assert sum(product.endswith("p01") or product.startswith("copy-of-p01") for product in kept) <= 1
    # asked with a photo, the product itself is wanted, once
    vector = looks.vectors[looks.photos["p00"][0]]
    first = index.search(Query((Example(vector=vector),), k=5, near_duplicates="suppress"))
    assert "p00" in first[0].product_id
    assert sum("p00" in hit.product_id for hit in first) == 1
    everything = index.search(Query((Example("p00"),), k=100, near_duplicates="suppress"))
    assert len(everything) == 39


@pytest.mark.parametrize("choice", ["exact", "IVF4,SQ8"])
@pytest.mark.parametrize("strategy", ["average", "best"])
def test_a_product_with_many_photos_does_not_crowd_out_the_others(
    tmp_path: Path, choice: str, strategy: str
) -> None:
    looks = stocked(tmp_path / "shop", 300, photos=1)
    near = looks.vectors[looks.photos["p0000"][0]]
    rng = np.random.default_rng(0)
    blocks = LAYOUT.unit_blocks(near[None, :]) + 0.01 * rng.standard_normal((250, LAYOUT.d))
    looks.put("album", unit_blocks(blocks.astype(np.float32)))
    build_generation(looks.shop, looks.shop.space(SPACE), choice, wanted_recall=1.0)
    index = CatalogueIndex.open(looks.shop)
    hits = index.search(Query((Example("p0000"),), strategy=strategy, k=6))  # type: ignore[arg-type]
    scores = looks.scores(near)
    del scores["p0000"]
    assert hits[0].product_id == "album"
    assert [hit.score for hit in hits] == pytest.approx(sorted(scores.values(), reverse=True)[:6], abs=2e-3)
    assert len({hit.product_id for hit in hits}) == 6


def test_equal_scores_are_ordered_by_id(tmp_path: Path) -> None:
    looks = empty(tmp_path / "shop")
    block = drawn(1)
    looks.put_many([(name, block) for name in ("d", "b", "a", "c")])
    build_generation(looks.shop, looks.shop.space(SPACE))
    looks.put("bb", block)
    index = CatalogueIndex.open(looks.shop)
    hits = index.search(Query((Example(vector=LAYOUT.scale(block)[0]),), k=5))
    assert [hit.product_id for hit in hits] == ["a", "b", "bb", "c", "d"]


def test_a_shop_without_photos_has_a_table_and_nothing_to_find(tmp_path: Path) -> None:
    looks = empty(tmp_path / "shop")
    looks.put("plain", np.zeros((0, LAYOUT.d), np.float32))
    with pytest.raises(EmptyShop, match="no photo of this shop has a vector yet"):
        CatalogueIndex.open(looks.shop)
    index = CatalogueIndex.open(looks.shop, without_photos=True)
    with pytest.raises(EmptyShop, match="no photo of this shop has a vector yet"):
        index.check_photos()
    assert (index.table.ids, index.products().ids, index.space) == (["plain"], [], SPACE)
    assert index.warnings == []
    looks.put("seen", drawn(1))
    assert index.refresh()
    index.check_photos()
    assert index.products().ids == ["seen"]


def test_a_shop_that_lost_everything_is_empty(tmp_path: Path) -> None:
    looks = stocked(tmp_path / "shop", 3)
    build_generation(looks.shop, looks.shop.space(SPACE))
    index = CatalogueIndex.open(looks.shop)
    looks.delete("p0000", "p0001", "p0002")
    assert index.refresh()
    with pytest.raises(EmptyShop):
        index.search(Query((Example(vector=np.ones(LAYOUT.d, np.float32)),)))
    assert index.products().ids == []
    assert index.products().matrix.shape == (0, LAYOUT.d)
