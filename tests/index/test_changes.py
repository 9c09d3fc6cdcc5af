"""What changes in the shop is seen at once, by searchers that never stop."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import NoVector, SpaceMismatch, UnknownProduct
from data.records import Product, SpaceRecord
from data.table import ProductTable
from data.where import parse
from index import delta
from index.filters import SlotTable
from index.generation import build_generation
from index.query import Example, Query
from index.search import MANY, CatalogueIndex
from tests.index.shops import LAYOUT, SPACE, Looks, drawn, stocked


@pytest.fixture
def looks(tmp_path: Path) -> Looks:
    made = stocked(tmp_path / "shop", 40)
    build_generation(made.shop, made.shop.space(SPACE))
    return made


def ask(index: CatalogueIndex, vector: np.ndarray, k: int = 1) -> list[str]:
    return [hit.product_id for hit in index.search(Query((Example(vector=vector),), k=k))]


def test_a_new_product_is_found_and_found_with(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    looks.put("new", drawn(2, seed=77))
    assert index.refresh()
    assert index.revision == looks.shop.revision
    assert not index.refresh()
    for photo in looks.photos["new"]:
        hit = index.search(Query((Example(vector=looks.vectors[photo]),), k=1))[0]
        assert (hit.product_id, hit.photo_id) == ("new", photo)
    assert "new" not in {hit.product_id for hit in index.search(Query((Example("new"),), k=100))}
    assert index.vectors_of("new")[0] == looks.photos["new"]
    assert "new" in index.products().ids
    assert index.size == sum(map(len, looks.photos.values()))
    assert index.changed == 1


def test_another_embedder_is_told_of(looks: Looks) -> None:
    looks.shop.put_space(SpaceRecord("other", "convnext_tiny", LAYOUT.as_json(), {}))
    looks.shop.set_current_space("other")
    index = CatalogueIndex.open(looks.shop)
    assert index.space == SPACE
    assert "other (convnext_tiny)" in index.warnings[0]
    assert len(index.search(Query((Example("p0001"),), k=5))) == 5


def test_photos_encoded_again_to_the_same_vectors_stay_with_the_generation(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    blocks = drawn(2, seed=77)
    looks.put("p0005", blocks)
    looks.put("p0006", blocks)
    build_generation(looks.shop, looks.shop.space(SPACE))
    looks.put("p0005", drawn(1, seed=78))
    index.refresh()
    assert index.changed == 1
    looks.put("p0005", blocks)
    assert index.refresh()
    assert index.changed == 0
    assert index.vectors_of("p0005")[0] == looks.photos["p0005"]


def test_changed_looks_replace_the_old_ones(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    old = looks.vectors[looks.photos["p0005"][0]]
    assert ask(index, old) == ["p0005"]
    looks.put("p0005", drawn(1, seed=78))
    index.refresh()
    assert ask(index, looks.vectors[looks.photos["p0005"][0]]) == ["p0005"]
    assert ask(index, old) != ["p0005"]
    assert len(index.search(Query((Example("p0001"),), k=100))) == 39


def test_a_deleted_product_is_gone_at_once_and_may_come_back(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    vector = looks.vectors[looks.photos["p0005"][0]]
    looks.delete("p0005")
    index.refresh()
    assert "p0005" not in ask(index, vector, 100)
    assert "p0005" not in index.products().ids
    with pytest.raises(UnknownProduct):
        index.search(Query((Example("p0005"),)))
    looks.put("p0005", drawn(1, seed=79))
    index.refresh()
    assert ask(index, looks.vectors[looks.photos["p0005"][0]]) == ["p0005"]


def test_a_new_product_may_go_before_the_next_generation(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    looks.put("new", drawn(2, seed=77))
    looks.put("p0005", drawn(1, seed=78))
    index.refresh()
    vector = looks.vectors[looks.photos["new"][0]]
    looks.delete("new", "p0005")
    index.refresh()
    assert len(ask(index, vector, 100)) == 39
    assert not {"new", "p0005"} & set(ask(index, vector, 100))
    with pytest.raises(UnknownProduct):
        index.vectors_of("new")


def test_a_product_that_lost_its_photos_has_no_looks(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    looks.put("p0005", np.empty((0, LAYOUT.d), np.float32))
    index.refresh()
    with pytest.raises(NoVector):
        index.search(Query((Example("p0005"),)))
    assert len(index.products().ids) == 39


def test_a_new_price_counts_in_the_next_filter(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    cheap = parse("price = 12345")
    assert index.search(Query((Example("p0001"),), where=cheap)) == []
    before = index.products()
    looks.shop.put_product(Product("p0009", price=12345.0))
    assert index.refresh()
    assert [hit.product_id for hit in index.search(Query((Example("p0001"),), where=cheap))] == ["p0009"]
    assert index.products() is before, "looks did not change, so nothing is computed again"


def test_a_new_generation_answers_as_the_delta_did(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    looks.put("new", drawn(2, seed=77))
    looks.put("p0003", drawn(2, seed=78))
    looks.delete("p0004")
    index.refresh()
    queries = [Query((Example(p),), k=50) for p in ("p0001", "new", "p0003")]
    before = [index.search(query) for query in queries]
    build_generation(looks.shop, looks.shop.space(SPACE))
    assert index.refresh()
    assert index.generation == 2
    for was, query in zip(before, queries, strict=True):
        now = index.search(query)
        assert [hit.product_id for hit in now] == [hit.product_id for hit in was]
        assert [hit.score for hit in now] == pytest.approx([hit.score for hit in was], abs=2e-6)


def test_an_older_generation_catches_up_by_its_delta(looks: Looks) -> None:
    looks.put("new", drawn(1, seed=77))
    build_generation(looks.shop, looks.shop.space(SPACE))
    looks.put("newer", drawn(1, seed=79))
    victim = looks.shop.directory / "index" / "000002" / "vectors.npy"
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    index = CatalogueIndex.open(looks.shop)
    assert index.generation == 1
    assert index.warnings
    for product in ("new", "newer"):
        assert ask(index, looks.vectors[looks.photos[product][0]]) == [product]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "delete", "build", "refresh"]), st.integers(0, 11)), max_size=12
    )
)
def test_any_history_of_changes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    looks = stocked(tmp_path_factory.mktemp("history") / "shop", 8)
    build_generation(looks.shop, looks.shop.space(SPACE))
    index = CatalogueIndex.open(looks.shop)
    for turn, (what, number) in enumerate(steps):
        product = f"p{number:04d}"
        if what == "put":
            looks.put(product, drawn(1 + number % 3, seed=1000 + turn))
        elif what == "delete" and product in looks.photos and len(looks.photos) > 1:
            looks.delete(product)
        elif what == "build":
            build_generation(looks.shop, looks.shop.space(SPACE))
        else:
            index.refresh()
    index.refresh()
    vector = LAYOUT.scale(drawn(1, seed=5))[0]
    scores = looks.scores(vector)
    hits = index.search(Query((Example(vector=vector),), k=50))
    assert {hit.product_id for hit in hits} == set(scores)
    for hit in hits:
        assert hit.score == pytest.approx(scores[hit.product_id], abs=2e-6)
    assert index.size == sum(map(len, looks.photos.values()))
    looks.shop.close()


def test_searches_go_on_while_generations_are_swapped(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    query = Query((Example("p0001"), Example("p0002")), k=10, where=parse("in_stock"), diversity=0.3)
    wanted = index.search(query)
    faults: list[BaseException] = []
    done = threading.Event()

    def keep_asking() -> None:
        try:
            while not done.is_set():
                assert index.search(query) == wanted
                index.products()
        except BaseException as error:
            faults.append(error)

    def keep_opening() -> None:
        try:
            while not done.is_set():
                fresh = CatalogueIndex.open(looks.shop)
                assert not fresh.warnings
                assert fresh.search(query) == wanted
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=target) for target in (keep_asking, keep_asking, keep_opening)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        build_generation(looks.shop, looks.shop.space(SPACE))
        assert index.refresh()
    done.set()
    for thread in threads:
        thread.join()
    assert not faults
    assert index.generation == 7


@pytest.mark.parametrize("choice", ["exact", "IVF8,SQ8"])
def test_changing_again_and_again_leaves_what_there_is(
    tmp_path: Path, choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.delta.PART", 4)  # dead slots are cleared away from a few on
    looks = stocked(tmp_path / "shop", 60)
    build_generation(looks.shop, looks.shop.space(SPACE), choice)
    index = CatalogueIndex.open(looks.shop)
    old = index.pinned()
    before = {product: old.vectors_of(product)[1].copy() for product in looks.photos}
    rng = np.random.default_rng(0)
    for turn in range(12):
        chosen = rng.choice(50, 9, replace=False)
        looks.put_many([(f"p{at:04d}", drawn(1 + turn % 3, seed=int(at) + 100 * turn)) for at in chosen])
        if turn == 6:
            looks.delete("p0055", "p0003")
        looks.put("p0003", drawn(1, seed=turn))
        assert index.refresh()
        assert index.size == sum(map(len, looks.photos.values()))
        assert sorted(index.products().ids) == sorted(looks.photos)
        probe = LAYOUT.scale(drawn(1, seed=turn + 900))[0]
        wanted = sorted(looks.scores(probe).items(), key=lambda entry: -entry[1])
        hits = index.search(Query((Example(vector=probe),), k=100))
        np.testing.assert_allclose([hit.score for hit in hits], [score for _, score in wanted], atol=1e-5)
        assert sorted(hit.product_id for hit in hits) == sorted(product for product, _ in wanted)
        for product, photos in looks.photos.items():
            names, vectors = index.vectors_of(product)
            assert names == photos
            np.testing.assert_array_equal(vectors, [looks.vectors[photo] for photo in photos])
    delta = index.pinned().snapshot.delta
    assert delta.slots < 100, "of 120 and more that were made, dead ones are cleared away"
    for product, vectors in before.items():
        np.testing.assert_array_equal(old.vectors_of(product)[1], vectors)


def test_a_few_hundred_changes_do_not_turn_a_quick_search_into_an_exact_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = stocked(tmp_path / "shop", 4000, photos=1)
    build_generation(looks.shop, looks.shop.space(SPACE), "IVF16,SQ8")
    index = CatalogueIndex.open(looks.shop)
    looks.put_many([(f"p{at:04d}", drawn(1, seed=5000 + at)) for at in range(0, 3000, 10)])
    index.refresh()
    monkeypatch.setattr("index.serving.Scans.exact", lambda *given: pytest.fail("compared exactly"))
    for at in range(1, 40):
        hits = ask(index, looks.vectors[looks.photos[f"p{at:04d}"][0]], 5)
        assert hits[0] == f"p{at:04d}"
        assert len(hits) == 5


def behind(looks: Looks) -> CatalogueIndex:
    """An index that was opened before so many products were put that no question takes them in."""
    index = CatalogueIndex.open(looks.shop)
    vectors = drawn(MANY, seed=5)
    looks.put_many([(f"late{i:03}", vectors[i : i + 1]) for i in range(MANY)])
    return index


def seen_meanwhile(index: CatalogueIndex, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lets the other thread's work wait until the caller has seen the view; its revisions are noted."""
    let_go, seen = threading.Event(), list[int]()
    real = delta.Delta.after

    def held(*given: object) -> delta.Delta:
        if threading.current_thread().name == "vitrine-refresh":
            assert let_go.wait(20)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(delta.Delta, "after", held)
    for _ in range(3):
        index.freshen()
        seen.append(index.revision)
    let_go.set()
    index.wait()
    return seen


def test_a_few_changes_are_seen_by_the_very_next_question(looks: Looks) -> None:
    index = CatalogueIndex.open(looks.shop)
    vectors = drawn(MANY - 1, seed=5)
    looks.put_many([(f"late{i:03}", vectors[i : i + 1]) for i in range(MANY - 1)])
    index.freshen()
    assert ask(index, looks.vectors[looks.photos["late007"][0]]) == ["late007"]
    looks.shop.put_product(Product("p0001", price=7.0))
    index.freshen()
    assert index.revision == looks.shop.revision


def test_nobody_waits_for_many_changes_which_are_seen_a_little_later(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = behind(looks)
    before = index.revision
    assert seen_meanwhile(index, monkeypatch) == [before] * 3
    assert index.revision == looks.shop.revision
    for product in ("late000", f"late{MANY - 1:03}"):
        assert ask(index, looks.vectors[looks.photos[product][0]]) == [product]


def test_whoever_wants_all_changes_waits_for_them(looks: Looks) -> None:
    index = behind(looks)
    index.freshen()
    index.refresh()
    assert index.revision == looks.shop.revision


def test_what_was_taken_in_gently_is_what_is_taken_in_at_once(looks: Looks) -> None:
    index = behind(looks)
    looks.delete("p0003", "late100")
    index.freshen()
    index.wait()
    at_once = CatalogueIndex.open(looks.shop)
    for vector in looks.vectors.values():
        assert ask(index, vector, 5) == ask(at_once, vector, 5)


def test_an_error_in_the_other_thread_is_met_by_the_next_question(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = behind(looks)
    with monkeypatch.context() as patch:
        patch.setattr(looks.shop, "vectors_of_products", _breaks)
        index.freshen()
        index.wait()
        with pytest.raises(SpaceMismatch, match="widths"):
            index.freshen()
    index.freshen()
    assert index.revision == looks.shop.revision
    looks.put_many([(f"late{i:03}", drawn(1, seed=9 + i)) for i in range(MANY)])
    index.freshen()  # and then it is the other thread's work again
    index.wait()
    assert index.revision == looks.shop.revision


def _breaks(*_: object) -> None:
    raise SpaceMismatch("vectors of different widths lie in one space")


def test_filters_follow_every_kind_of_change_and_match_anew_only_where_products_come_or_go(
    looks: Looks,
) -> None:
    index = CatalogueIndex.open(looks.shop)
    where = parse("price < 50 and in_stock")

    def answer() -> set[str]:
        index.refresh()
        query = Query((Example(vector=looks.vectors[looks.photos["p0001"][0]]),), k=100, where=where)
        found = {hit.product_id for hit in index.search(query)}
        assert found == {hit.product_id for hit in CatalogueIndex.open(looks.shop).search(query)}
        return found

    def rows() -> object:
        return index.pinned().__dict__["_slot_table"]._row_of_slot

    for number, product in enumerate(sorted(looks.products)):
        looks.shop.put_product(Product(product, price=float(number), in_stock=True))
    assert "p0003" in answer()
    first = rows()
    looks.shop.put_product(Product("p0003", price=10.0, in_stock=False))
    assert "p0003" not in answer()
    assert rows() is first
    looks.shop.put_product(Product("p0003", price=9.0, in_stock=False))
    index.refresh()
    assert index.table.by_id("p0003").price == 9.0  # read without a filter in between
    looks.shop.put_product(Product("p0003", price=10.0, in_stock=False))
    assert "p0003" not in answer()
    assert rows() is first
    looks.shop.put_product(Product("p0003", price=11.0, in_stock=True))
    looks.shop.put_product(Product("p0004", title="a new word", price=90.0, in_stock=True))
    assert {"p0003", "p0004"} & answer() == {"p0003"}
    assert rows() is first
    looks.put(Product("new", price=1.0, in_stock=True), drawn(1, seed=5))
    assert "new" in answer()
    assert rows() is not first
    looks.delete("p0003")
    assert "p0003" not in answer()
    looks.put(Product("p0005", price=2.0, in_stock=True), drawn(1, seed=6))
    assert "p0005" in answer()
    build_generation(looks.shop, looks.shop.space(SPACE))
    assert "new" in answer()


@pytest.mark.parametrize("seed", range(4))
def test_what_was_matched_before_and_what_is_matched_anew_are_the_same(looks: Looks, seed: int) -> None:
    """Products come, go, come again and change between questions, several at a time or none."""
    chance = np.random.default_rng(seed)
    index = CatalogueIndex.open(looks.shop)
    where = parse("price < 50")
    query = Query((Example(vector=looks.vectors[looks.photos["p0001"][0]]),), k=100, where=where)
    for step in range(12):
        for _ in range(chance.integers(0, 4)):
            product = (
                f"p{chance.integers(0, 30):04d}" if chance.random() < 0.6 else f"new{chance.integers(5)}"
            )
            if chance.random() < 0.35:
                looks.shop.delete_products([product])  # which may not be there
            else:
                told = Product(product, price=float(chance.integers(0, 100)), in_stock=True)
                if chance.random() < 0.5:
                    looks.shop.put_product(told)
                else:
                    looks.put(told, drawn(1, seed=step))
        index.refresh()
        table = index.pinned()._filter()
        anew = SlotTable(table.snapshot, ProductTable.load(looks.shop))
        mine = [table.table.ids[row] if row >= 0 else None for row in table._row_of_slot]
        wanted = [anew.table.ids[row] if row >= 0 else None for row in anew._row_of_slot]
        alive = table.snapshot.alive
        assert [n for n, here in zip(mine, alive, strict=True) if here] == [
            n for n, here in zip(wanted, alive, strict=True) if here
        ]
        np.testing.assert_array_equal(table.mask(where), anew.mask(where))
        assert [h.product_id for h in index.search(query)] == [
            h.product_id for h in CatalogueIndex.open(looks.shop).search(query)
        ]
