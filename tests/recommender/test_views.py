"""The catalogue as answers are made of it: what changes is taken over, at once or a little later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from data.records import Product
from data.table import ProductTable
from data.where import parse
from recommender import views
from recommender.items import Items
from recommender.learned import _moved_table
from recommender.recommender import Answer, Recommender, Request
from recommender.source import live_items
from recommender.training import train
from recommender.views import View
from tests.index.shops import LAYOUT
from tests.recommender.conftest import START, Corner

ASKED = [
    Request("c001", k=60, at=START),
    Request("c002", k=10, at=START, where=parse("price < 30 or price is null")),
    Request("nobody", k=20, at=START),
]
NO_LOOKS = np.zeros((0, LAYOUT.d), np.float32)


@pytest.fixture
def trained(corner: Corner) -> Corner:
    """With prices, and a recommender."""
    for at in range(40):
        corner.shop.put_product(replace(corner.shop.product(f"p{at:03d}"), price=float(at)))
    train(corner.shop, corner.index)
    return corner


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """No catalogue is small; what a thread makes is made once the event is set."""
    let_go, real = threading.Event(), View.of

    def held(*given: object) -> View:
        if threading.current_thread().name == "vitrine-refresh":
            assert let_go.wait(20)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(views, "AT_ONCE", 0)
    monkeypatch.setattr(View, "of", held)
    yield let_go
    let_go.set()


def answers(recommender: Recommender) -> list[Answer]:
    return [recommender.recommend(request) for request in ASKED]


def afresh(corner: Corner) -> list[Answer]:
    return answers(Recommender.open(corner.shop, corner.index))


def shown(recommender: Recommender) -> set[str]:
    return {item.product_id for answer in answers(recommender) for item in answer.items}


def change(corner: Corner, what: str, number: int) -> None:
    """One change of the catalogue."""
    product = f"p{number % 60:03d}"
    known = corner.shop.products([product]).get(product) or Product(product)
    match what:
        case "price":
            corner.shop.put_product(replace(known, price=float(number)))
        case "stock":
            corner.shop.put_product(replace(known, in_stock=not known.in_stock))
        case "title":
            corner.shop.put_product(replace(known, title=f"called {number}"))
        case "category":
            corner.shop.put_product(replace(known, category=f"kind {number % 5}"))
        case "attribute":
            corner.shop.put_product(replace(known, attributes={"colour": f"colour {number % 3}"}))
        case "new":
            corner.add(Product(f"new{number:03d}", price=1.0), group=number % 4, seed=number)
        case "blind":
            corner.looks.put(f"blind{number:03d}", NO_LOOKS)
        case "photo":
            corner.add(product, group=number % 3, seed=1000 + number)
        case "gone" if known.category is not None:
            corner.looks.delete(product)


CHANGES = ["price", "stock", "title", "category", "attribute", "new", "blind", "photo", "gone"]


@pytest.mark.parametrize("at_once", [0, 10_000])
def test_after_any_changes_answers_are_those_of_a_new_recommender(
    trained: Corner, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(views, "AT_ONCE", at_once)
    recommender, rng = Recommender.open(trained.shop, trained.index), np.random.default_rng(3)
    recommender.warm_up()
    for turn in range(12):
        for what in rng.choice(CHANGES, 1 + turn % 3):
            change(trained, str(what), int(rng.integers(1000)))
        if not at_once:
            recommender.warm_up()
            recommender.wait(20)
        assert answers(recommender) == afresh(trained), f"after turn {turn}"


@pytest.mark.parametrize("what", ["price", "stock", "title"])
def test_prices_stock_and_titles_are_taken_over_into_what_is_there(
    trained: Corner, behind: threading.Event, what: str
) -> None:
    recommender = Recommender.open(trained.shop, trained.index)
    before = recommender._views.current()
    for number in (3, 17, 20):
        change(trained, what, number)
    after = recommender._views.current()
    assert after.items.vectors is before.items.vectors
    assert after.panel is before.panel
    assert not recommender._views._making.running
    behind.set()
    assert answers(recommender) == afresh(trained)


def test_while_the_next_is_made_nothing_is_shown_that_is_gone_or_sold_out(
    trained: Corner, behind: threading.Event
) -> None:
    recommender = Recommender.open(trained.shop, trained.index)
    before = shown(recommender)
    liked = [event.product_id for event in trained.shop.history("c001")]
    gone, sold, dear = [p for p in sorted(before) if p not in liked][:3]
    trained.looks.delete(gone, liked[0])
    trained.add(Product("fresh", price=2.0), group=1)
    trained.shop.put_product(replace(trained.shop.product(sold), in_stock=False))
    trained.shop.put_product(replace(trained.shop.product(dear), price=900.0))
    now = shown(recommender)
    assert not now & {gone, sold, liked[0], "fresh"}
    found = recommender.recommend(replace(ASKED[0], where=parse("price > 800"))).items
    assert [item.product_id for item in found] == [dear], "a filter looks at the prices of now"
    because = {
        reason.because_product_id for item in recommender.recommend(ASKED[0]).items for reason in item.reasons
    }
    assert liked[0] not in because
    behind.set()
    recommender.wait(20)
    assert "fresh" in shown(recommender)
    assert answers(recommender) == afresh(trained)


def test_nobody_waits_for_looks_that_changed(trained: Corner, behind: threading.Event) -> None:
    recommender = Recommender.open(trained.shop, trained.index)
    first = answers(recommender)
    change(trained, "photo", 8)
    assert [len(answer.items) for answer in answers(recommender)] == [len(answer.items) for answer in first]
    assert recommender._views._making.running
    behind.set()
    recommender.wait(20)
    assert answers(recommender) == afresh(trained)


def test_an_error_of_the_other_thread_is_met_by_the_next_question(
    trained: Corner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recommender = Recommender.open(trained.shop, trained.index)
    recommender.warm_up()
    monkeypatch.setattr(views, "AT_ONCE", 0)
    real: Callable[..., View] = View.of

    def fails(*given: object) -> View:
        raise ValueError("no room")

    monkeypatch.setattr(View, "of", fails)
    change(trained, "new", 1)
    recommender.warm_up()
    recommender.wait(20)
    assert "the recommender could not be brought up to date" in caplog.text
    with pytest.raises(ValueError, match="no room"):
        recommender.warm_up()
    monkeypatch.setattr(View, "of", real)
    recommender.warm_up()
    assert answers(recommender) == afresh(trained), "made by the question itself"
    change(trained, "new", 2)
    recommender.warm_up()
    recommender.wait(20)
    assert answers(recommender) == afresh(trained), "and by the thread again"


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_table_is_moved_as_by_a_permutation(data: st.DataObject) -> None:
    old, new = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 10))
    places = data.draw(st.lists(st.integers(-1, new - 1), min_size=old, max_size=old))
    rows, taken = np.full(old, -1), set[int]()
    for at, place in enumerate(places):
        if place not in taken:
            rows[at] = place
            taken.add(place)
    if data.draw(st.booleans()):
        rows[rows >= 0] = np.sort(rows[rows >= 0])
    dense = np.random.default_rng(data.draw(st.integers(0, 99))).random((old, old)).astype(np.float32)
    dense[dense < 0.5] = 0
    moved = _moved_table(sparse.csr_array(dense), rows, new)
    wanted = np.zeros((new, new), np.float32)
    stay = np.flatnonzero(rows >= 0)
    wanted[np.ix_(rows[stay], rows[stay])] = dense[np.ix_(stay, stay)]
    np.testing.assert_array_equal(moved.toarray(), wanted)
    assert moved.has_sorted_indices
    assert moved.dtype == np.float32


IDS = st.sets(st.text("abcdé0", min_size=1, max_size=4), max_size=12)


@given(IDS, IDS)
def test_products_are_the_same_whatever_was_known_before(earlier: set[str], later: set[str]) -> None:
    class NoLooks:
        ids: tuple[str, ...] = ()
        matrix = np.zeros((0, 2), np.float32)

    def table(ids: set[str]) -> ProductTable:
        made = [
            Product(name, category=None if len(name) > 3 else name[:1], price=float(ord(name[0])))
            for name in ids
        ]
        return ProductTable.of(made)

    before = live_items(table(earlier), NoLooks(), "toy")
    made, alone = (live_items(table(later), NoLooks(), "toy", known) for known in (before, None))
    assert made.ids == alone.ids == Items.build(sorted(later)).ids
    for name in ("keys", "categories", "prices", "arrived", "has_vector", "vectors"):
        np.testing.assert_array_equal(getattr(made, name), getattr(alone, name))


def test_a_table_knows_what_alone_is_different(trained: Corner) -> None:
    before = trained.index.table
    change(trained, "price", 64)
    trained.index.refresh()
    after = trained.index.table
    assert after.differs_only_in(("price",), before)
    assert not after.differs_only_in(("title",), before)
    change(trained, "attribute", 4)
    trained.index.refresh()
    assert not trained.index.table.differs_only_in(("price",), before)
    assert not ProductTable.load(trained.shop).differs_only_in(("price",), before), "it is not looked into"
