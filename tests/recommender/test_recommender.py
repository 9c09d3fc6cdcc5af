"""The live recommender on a real shop: fall-backs, freshness, reasons, rules."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import BadFilter, Damaged, NotReady, UnknownProduct, UsageError
from data.records import Interaction, Product, SpaceRecord
from data.where import parse
from index.search import CatalogueIndex
from recommender.evaluation.evaluate import evaluate
from recommender.known import LONGEST
from recommender.recommender import Answer, Recommender, Request
from recommender.request import NO_HISTORY, NO_SIGNAL, ONLY_DELETED
from recommender.training import train
from tests.index.shops import LAYOUT, empty
from tests.recommender.conftest import START, Corner, build_corner


def opened(corner: Corner, trained: bool = True) -> Recommender:
    if trained:
        train(corner.shop, corner.index)
    return Recommender.open(corner.shop, corner.index)


def ids(answer: Answer) -> list[str]:
    return [item.product_id for item in answer.items]


def group(product_id: str) -> int:
    return int(product_id.removeprefix("p")) % 4


def kind(product_id: str) -> int:
    return int(product_id.removeprefix("p")) // 4 % 3


@pytest.mark.parametrize(("trained", "own"), [(True, 4), (False, 2)])
def test_a_known_customer_gets_their_own_group_and_nothing_seen(
    corner: Corner, trained: bool, own: int
) -> None:
    recommender = opened(corner, trained)
    assert recommender.trained is trained
    answer = recommender.recommend(Request("c002", k=5))
    seen = {event.product_id for event in corner.shop.history("c002")}
    assert answer.fallback is None
    assert len(set(ids(answer))) == 5
    assert not seen & set(ids(answer))
    assert sum(group(p) == 2 for p in ids(answer)) >= own


def test_scores_fall_and_the_same_question_has_the_same_answer(corner: Corner) -> None:
    recommender = opened(corner)
    answer = recommender.recommend(Request("c002", k=20))
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    assert recommender.recommend(Request("c002", k=20)) == answer


def test_shares_are_true_and_reasons_name_history_and_photo(corner: Corner) -> None:
    answer = opened(corner).recommend(Request("c001", k=8))
    seen = {event.product_id for event in corner.shop.history("c001")}
    for item in answer.items:
        assert sum(reason.share for reason in item.reasons) == pytest.approx(1.0, abs=1e-5)
        assert [r.share for r in item.reasons] == sorted((r.share for r in item.reasons), reverse=True)
        for reason in item.reasons:
            if reason.source in ("looks", "together", "category"):
                assert reason.because_product_id in seen
            if reason.source == "looks":
                photos = {photo.photo_id for photo in corner.shop.photos_of(item.product_id)}
                assert reason.photo_id in photos
    assert any(r.source == "looks" for item in answer.items for r in item.reasons)


def test_a_reason_by_attributes_tells_only_what_the_named_product_has(corner: Corner) -> None:
    looks = {"a": ("red", "round"), "b": ("blue", "square"), "r": ("red", "square"), "e": ("green", "flat")}
    for name, (colour, shape) in {**looks, "f": ("green", "flat"), "g": ("grey", "flat")}.items():
        corner.add(Product(name, attributes={"colour": colour, "shape": shape}), group=0)
    liked = [Interaction("new", name, "like", START + timedelta(days=95)) for name in ("a", "b")]
    answer = opened(corner, trained=False).recommend(Request(history=liked, k=70))
    (found,) = (i.reasons for i in answer.items if i.product_id == "r")
    (reason,) = (r for r in found if r.source == "attributes")
    words = {"a": "colour red", "b": "shape square"}
    assert reason.because_product_id in words
    assert reason.text == (
        f"like what was chosen before: {words[reason.because_product_id]}, as {reason.because_product_id}"
    )


def test_only_what_is_popular_is_called_popular(corner: Corner) -> None:
    for name in ("p-never", "p-once"):
        corner.add(Product(name, category="kind 0"), group=1)
    corner.event("c000", "p-once", day=89)
    liked = [Interaction("new", "p000", "like", START + timedelta(days=95))]
    answer = opened(corner, trained=False).recommend(Request(history=liked, k=70))
    told = {item.product_id: {r.source: r.text for r in item.reasons} for item in answer.items}
    assert told["p-never"]["category"] == "of the category kind 0, like “thing 0”"
    assert told["p-once"]["category"] == "of the category kind 0, like “thing 0”"
    assert told["p-once"]["popular"] == told["p-once"]["rising"] == "liked by one customer"
    assert told["p-never"]["trend"] == told["p-once"]["trend"] == "looks like what is popular now"
    assert told["p001"]["category"] == "popular in kind 0, like “thing 0”"
    assert told["p001"]["popular"] == "popular with all customers"
    assert told["p001"]["rising"] == "popular lately"


def test_what_was_popular_once_is_not_popular_lately(corner: Corner) -> None:
    corner.add(Product("p-old", category="kind 0"), group=1)
    for customer in ("c000", "c001", "c002"):
        corner.event(customer, "p-old", day=0)
    answer = opened(corner, trained=False).recommend(Request("nobody", k=70))
    told = {item.product_id: {r.source: r.text for r in item.reasons} for item in answer.items}
    assert told["p-old"]["popular"] == "popular with all customers"
    assert told["p-old"]["rising"] == "liked by 3 customers"


def test_a_shop_without_photos_is_recommended_by_what_customers_did(tmp_path: Path) -> None:
    looks = empty(tmp_path / "bare")
    products = [Product(f"p{i:03d}", category=f"kind {i % 4}") for i in range(40)]
    looks.put_many([(product, np.zeros((0, LAYOUT.d), np.float32)) for product in products])
    rng = np.random.default_rng(3)
    looks.shop.put_interactions(
        [
            Interaction(f"c{c:03d}", f"p{4 * rng.integers(10) + c % 4:03d}", "purchase", moment)
            for c in range(60)
            for moment in (START + timedelta(days=float(day)) for day in rng.uniform(0, 89, 8))
        ]
    )
    index = CatalogueIndex.open(looks.shop, without_photos=True)
    assert train(looks.shop, index).tuned.customers > 25
    assert evaluate(looks.shop, index, models=["item-knn", "looks", "vitrine"]).customers
    recommender = Recommender.open(looks.shop, index)
    answer = recommender.recommend(Request("c002", k=3))
    assert (answer.fallback, [group(p) for p in ids(answer)]) == (None, [2, 2, 2])
    assert "looks" not in {r.source for item in answer.items for r in item.reasons}
    Corner(looks, index).add(Product("p901", category="kind 2"), group=2)
    assert "p901" in ids(recommender.recommend(Request("c002", k=41)))


def test_without_why_there_are_no_reasons(corner: Corner) -> None:
    assert all(not item.reasons for item in opened(corner).recommend(Request("c001", why=False)).items)


def test_a_first_event_a_second_ago_is_enough_without_training_again(corner: Corner) -> None:
    recommender = opened(corner)
    assert recommender.recommend(Request("newcomer")).fallback == NO_HISTORY
    corner.shop.put_interactions([Interaction("newcomer", "p007", "like", datetime.now(UTC))])
    answer = recommender.recommend(Request("newcomer", k=5))
    assert answer.fallback is None
    assert "p007" not in ids(answer)
    assert sum(group(p) == 3 for p in ids(answer)) >= 3


def test_a_product_added_a_second_ago_is_recommended_by_its_looks(corner: Corner) -> None:
    recommender = opened(corner)
    recommender.recommend(Request("c001"))
    corner.add(Product("p901"), group=1, seed=4)
    answer = recommender.recommend(Request("c001", k=30))
    found = next(item for item in answer.items if item.product_id == "p901")
    assert found.reasons[0].source == "looks"


def test_a_deleted_product_is_gone_at_once(corner: Corner) -> None:
    recommender = opened(corner)
    first = ids(recommender.recommend(Request("c001", k=5)))[0]
    corner.looks.delete(first)
    assert first not in ids(recommender.recommend(Request("c001", k=60)))


def test_nobody_gets_what_is_popular_and_a_flag(corner: Corner) -> None:
    for day in range(5):
        for customer in range(8):
            corner.event(f"x{customer}", "p010", day=85 + day)
    answer = opened(corner).recommend(Request("nobody", k=5))
    assert answer.fallback == NO_HISTORY
    assert answer.items[0].product_id == "p010"
    assert {reason.source for reason in answer.items[0].reasons} <= {"popular", "rising", "trend", "new"}
    assert opened(corner).recommend(Request(k=5)).fallback == NO_HISTORY


def test_only_deleted_products(corner: Corner) -> None:
    corner.event("lost", "p008")
    recommender = opened(corner)
    corner.looks.delete("p008")
    answer = recommender.recommend(Request("lost", k=5))
    assert answer.fallback == ONLY_DELETED
    assert len(answer.items) == 5


def test_only_dislikes_are_no_personal_signal_but_are_not_shown(corner: Corner) -> None:
    corner.event("grump", "p010", "dislike")
    answer = opened(corner).recommend(Request("grump", k=60))
    assert answer.fallback == NO_SIGNAL
    assert "p010" not in ids(answer)


def test_a_liked_product_without_photo_or_company_is_no_personal_signal(corner: Corner) -> None:
    recommender = opened(corner)
    corner.event("odd", "p-blind")
    assert recommender.recommend(Request("odd")).fallback == NO_SIGNAL


def test_k_beyond_the_shop_gives_all_that_is_live_and_in_stock(corner: Corner) -> None:
    stock = {i for i, p in corner.shop.products(corner.looks.products).items() if p.in_stock}
    answer = opened(corner).recommend(Request("nobody", k=500))
    assert sorted(ids(answer)) == sorted(stock)
    assert answer.items[-1].reasons[0].source == "rest"


def test_a_shop_without_any_interaction_still_answers(tmp_path: Path) -> None:
    corner = build_corner(tmp_path / "bare", products=12, customers=0)
    answer = Recommender.open(corner.shop, corner.index).recommend(Request("nobody", k=20))
    assert answer.fallback == NO_HISTORY
    assert len(answer.items) == 12  # eleven in stock, and one without a photo
    with pytest.raises(NotReady, match="vitrine interactions"):
        train(corner.shop, corner.index)
    corner.shop.close()


def test_a_photo_that_goes_while_an_answer_is_made_is_no_error(
    corner: Corner, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommender = opened(corner)

    def gone(_: object, product_id: str) -> None:
        raise UnknownProduct(f"no product {product_id}")

    monkeypatch.setattr("index.view.IndexView.vectors_of", gone)
    answer = recommender.recommend(Request("c001", k=10))
    assert {r.photo_id for item in answer.items for r in item.reasons} == {None}


def test_a_session_is_answered_by_its_own_history(corner: Corner) -> None:
    moment = START + timedelta(days=95)
    session = [Interaction("visitor", product, "view", moment) for product in ("p003", "p011")]
    answer = opened(corner).recommend(Request(history=session, k=5, at=moment))
    assert answer.fallback is None
    assert sum(group(p) == 3 for p in ids(answer)) >= 3


def long_ago(first: str) -> list[Interaction]:
    """One bought product, then more views of others than make a taste."""
    views = [
        Interaction("hot", f"p{i % 20:03d}", "view", START + timedelta(days=40, minutes=i))
        for i in range(LONGEST + 20)
    ]
    return [Interaction("hot", first, "purchase", START + timedelta(days=10)), *views]


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_was_bought_long_ago_is_not_recommended_again(corner: Corner, newest_first: bool) -> None:
    recommender = opened(corner, trained=False)
    history = long_ago("p030")[:: -1 if newest_first else 1]
    asked = Request(history=history, k=61)
    assert "p030" not in ids(recommender.recommend(asked))
    assert "p030" not in {p for voice in recommender.portrait(asked, 61).voices for p in voice.products}
    corner.shop.put_interactions(history)
    stored = ids(recommender.recommend(Request("hot", k=61)))
    assert "p030" not in stored
    assert "p034" in stored


def test_the_newest_of_a_history_in_any_order_make_the_taste(corner: Corner) -> None:
    history = [replace(event, product_id="p003") for event in long_ago("p002")[1:]]
    old = [Interaction("hot", "p002", "purchase", START + timedelta(days=1)) for _ in range(LONGEST)]
    recommender = opened(corner, trained=False)
    assert recommender.portrait(Request(history=[*history, *old])) == recommender.portrait(
        Request(history=[*old, *history])
    )


def test_rules_hold_for_the_answer(corner: Corner) -> None:
    recommender = opened(corner)
    only = recommender.recommend(Request("c001", k=50, where=parse('category = "kind 2"')))
    assert {kind(p) for p in ids(only)} == {2}
    capped = recommender.recommend(Request("c001", k=8, category_cap=2))
    kinds = [kind(p) for p in ids(capped) if p != "p-blind"]
    assert max(kinds.count(k) for k in range(3)) <= 2
    first = ids(recommender.recommend(Request("c001", k=1)))
    assert first[0] not in ids(recommender.recommend(Request("c001", k=60, exclude=frozenset(first))))
    seen = {event.product_id for event in corner.shop.history("c001")}
    assert seen & set(ids(recommender.recommend(Request("c001", k=60, seen="keep"))))


def test_diversity_spreads_the_list(corner: Corner) -> None:
    recommender = opened(corner)

    def groups(diversity: float) -> int:
        answer = recommender.recommend(Request("c001", k=8, diversity=diversity))
        return len({group(p) for p in ids(answer) if p != "p-blind"})

    assert groups(0.9) > groups(0.0)


def test_another_space_switches_looks_off_and_says_what_to_do(corner: Corner) -> None:
    train(corner.shop, corner.index)
    before = corner.index.space
    moved = Moved(corner.index)
    recommender = Recommender.open(corner.shop, moved)
    assert before in recommender.warnings[0]
    assert "vitrine train" in recommender.warnings[0]
    answer = recommender.recommend(Request("c001", k=5))
    assert answer.fallback is None  # others' choices still speak
    assert not {"looks", "trend"} & {r.source for item in answer.items for r in item.reasons}


def test_a_damaged_recommender_is_not_used(corner: Corner) -> None:
    train(corner.shop, corner.index)
    victim = next((corner.shop.directory / "recommender").glob("*/popular.npy"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    with pytest.raises(Damaged, match="vitrine train"):
        Recommender.open(corner.shop, corner.index)


def test_bad_questions_are_refused(corner: Corner) -> None:
    with pytest.raises(UsageError, match="k must be"):
        Request(k=0)
    with pytest.raises(UsageError, match="diversity"):
        Request(diversity=1.5)
    with pytest.raises(UsageError, match="cap"):
        Request(category_cap=0)
    with pytest.raises(BadFilter):
        opened(corner).recommend(Request(where=parse("nonsense = 1")))


def test_several_threads_ask_while_the_catalogue_changes(corner: Corner) -> None:
    recommender = opened(corner)
    problems: list[Exception] = []

    def ask() -> None:
        try:
            for _ in range(8):
                assert len(recommender.recommend(Request("c001", k=5)).items) == 5
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(3):
        corner.add(f"p8{number:02d}", group=1, seed=number)
    for thread in threads:
        thread.join()
    assert problems == []


class Moved:
    """The same catalogue, as if it had been indexed with another embedder."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @property
    def space(self) -> str:
        return "another-space"

    def pinned(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)


def test_spaces_are_recorded(corner: Corner) -> None:
    report = train(corner.shop, corner.index)
    assert report.space == corner.index.space
    assert isinstance(corner.shop.current_space(), SpaceRecord)
    assert report.as_json()["interactions"] == 480
