"""Interactions are stored once, read in order, and gone when forgotten."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from data.errors import UnknownProduct
from data.records import PutInteractions
from data.shop import Shop
from tests.data.makers import NOON, event


def test_the_same_interaction_is_kept_once_by_id_or_by_what_it_says(shop: Shop) -> None:
    items = [event("c", "p"), event("c", "p"), event("c", "p", "click"), event("c", "p", event_id="e1")]
    assert shop.put_interactions(items) == PutInteractions(3, 1)
    assert shop.put_interactions(items) == PutInteractions(0, 4)
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5)))
    assert shop.put_interactions([event("c", "p", timestamp=elsewhere)]) == PutInteractions(0, 1)
    assert shop.put_interactions([]) == PutInteractions(0, 0)
    assert shop.customers() == [("c", 3)]


def test_of_two_with_one_id_the_first_is_kept_and_the_other_told(shop: Shop) -> None:
    both = [event("c", "first", event_id="e"), event("c", "second", event_id="e")]
    assert shop.put_interactions(both) == PutInteractions(1, 0, {1: "product_id"})
    assert shop.put_interactions(both[::-1]) == PutInteractions(0, 1, {0: "product_id"})
    later = event("d", "first", "like", event_id="e", timestamp=NOON + timedelta(seconds=1))
    assert shop.put_interactions([later]).conflicts == {0: "customer_id, event, timestamp"}
    undated = event("c", "first", event_id="e", timestamp=NOON + timedelta(seconds=1))
    assert shop.put_interactions([undated], undated={0}) == PutInteractions(0, 1)
    assert [e.product_id for e in shop.history("c")] == ["first"]


def test_history_is_oldest_first_and_a_limit_keeps_the_newest(shop: Shop) -> None:
    moments = [NOON + timedelta(microseconds=n) for n in (3, 1, 2)]
    shop.put_interactions([event("c", f"p{m.microsecond}", timestamp=m) for m in moments])
    shop.put_interactions([event("other", "p1")])
    assert [e.product_id for e in shop.history("c")] == ["p1", "p2", "p3"]
    assert [e.product_id for e in shop.history("c", 2)] == ["p2", "p3"]
    assert shop.history("c", 0) == []
    assert shop.history("nobody") == []
    kept = shop.history("c")[0]
    assert kept.timestamp == NOON + timedelta(microseconds=1)
    assert kept.event_id is not None


def test_every_product_that_a_customer_met_is_told_once(shop: Shop) -> None:
    shop.put_interactions([event("c", "p2"), event("c", "p1", "view"), event("c", "p2", "view")])
    shop.put_interactions([event("other", "p3")])
    assert shop.met("c") == ["p1", "p2"]
    assert shop.met("nobody") == []


def test_the_table_of_all_interactions(shop: Shop) -> None:
    empty = shop.interactions()
    assert list(empty.columns) == ["customer_id", "product_id", "event", "value", "timestamp"]
    assert len(empty) == 0
    assert str(empty["timestamp"].dt.tz) == "UTC"
    shop.put_interactions(
        [event("b", "p", "rate", value=4.5), event("a", "q", timestamp=NOON - timedelta(days=1))]
    )
    frame = shop.interactions()
    assert frame["customer_id"].tolist() == ["a", "b"]
    assert frame["value"].dtype == "float64"
    assert frame["value"].isna().tolist() == [True, False]
    assert frame["timestamp"].iloc[1].to_pydatetime() == NOON


def test_many_at_once(shop: Shop) -> None:
    items = [event(f"c{n % 7}", f"p{n}", timestamp=NOON + timedelta(seconds=n)) for n in range(3000)]
    assert shop.put_interactions(items).stored == 3000
    assert shop.put_interactions([*items[:10], event("new", "p")]) == PutInteractions(1, 10)
    assert sum(n for _, n in shop.customers()) == 3001
    assert shop.customers(limit=2, offset=1) == shop.customers()[1:3]


def test_forgetting_a_customer_leaves_nothing_of_them(shop: Shop) -> None:
    shop.put_interactions([event("c", "p"), event("c", "q"), event("d", "p")])
    before = shop.interactions_revision
    assert shop.forget_customer("c") == 2
    assert shop.forget_customer("c") == 0
    assert shop.interactions_revision > before
    assert shop.customers() == [("d", 1)]
    assert shop.counts()["customers"] == 1


def test_the_interactions_revision_grows_with_news_only(shop: Shop) -> None:
    before = shop.interactions_revision
    shop.put_interactions([event("c", "p")])
    after = shop.interactions_revision
    assert after > before
    shop.put_interactions([event("c", "p")])
    assert shop.interactions_revision == after
    assert shop.revision == 0, "the catalogue has not changed"


@pytest.mark.parametrize("weights", [{"view": 0.5}, {}])
def test_event_weights_are_kept_over_the_defaults(shop: Shop, weights: dict[str, float]) -> None:
    shop.event_weights = weights
    assert shop.event_weights["view"] == weights.get("view", 0.1)
    assert shop.event_weights["purchase"] == 1.0


@pytest.mark.parametrize("wanted", ["", "a\0b", "\ud800", "x" * 10_000, "'; DROP TABLE interactions"])
def test_asking_for_strange_ids_finds_nothing(shop: Shop, wanted: str) -> None:
    assert shop.history(wanted) == []
    assert shop.forget_customer(wanted) == 0
    assert shop.products([wanted]) == {}
    assert shop.known_products([wanted]) == set()
    assert shop.photos_of(wanted) == []
    assert shop.delete_products([wanted]) == 0
    with pytest.raises(UnknownProduct):
        shop.product(wanted)
