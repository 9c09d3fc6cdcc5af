"""The log of recommendations: what goes in comes out, old rows and forgotten customers go."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from data.errors import VitrineError
from data.migrations.runner import config, upgrade
from data.records import Product
from data.shop import Shop
from data.shown import Shown
from data.store import recommendations
from tests.data.makers import NOON, event


def row(request: str = "r1", position: int = 1, product: str = "p1", **fields: Any) -> Shown:
    known: dict[str, Any] = {
        "timestamp": NOON,
        "surface": "session",
        "score": 0.5,
        "propensity": 1.0,
        "policy": "vitrine@0123",
    }
    return Shown(request_id=request, position=position, product_id=product, **known | fields)


def test_what_was_put_comes_back_by_position(shop: Shop) -> None:
    first = row(customer_id="c", fallback="no_history", propensity=0.25)
    second = row(position=2, product="p2", propensity=None)
    shop.recommendation_log.put([second, first, row("r2")])
    assert shop.recommendation_log.answer("r1") == [first, second]
    assert shop.recommendation_log.answer("nobody\0") == []
    assert (shop.recommendation_log.count(), shop.recommendation_log.count("c")) == (3, 1)
    assert shop.recommendation_log.count("c\0") == 0


def test_as_a_table_oldest_first_and_from_a_moment_on(shop: Shop) -> None:
    later = NOON + timedelta(microseconds=1)
    shop.recommendation_log.put(
        [row("late", timestamp=later), row("early", 2, propensity=None), row("early")]
    )
    table = shop.recommendation_log.frame()
    assert list(zip(table["request_id"], table["position"], strict=True)) == [
        ("early", 1),
        ("early", 2),
        ("late", 1),
    ]
    assert math.isnan(table["propensity"][1])
    assert table["timestamp"][2] == later
    assert list(shop.recommendation_log.frame(later)["request_id"]) == ["late"]


def test_an_empty_log_is_an_empty_table(shop: Shop) -> None:
    table = shop.recommendation_log.frame()
    assert len(table) == 0
    assert {"request_id", "customer_id", "position", "product_id", "propensity"} <= set(table.columns)


def test_one_position_of_an_answer_cannot_be_logged_twice(shop: Shop) -> None:
    with pytest.raises(VitrineError):
        shop.recommendation_log.put([row(), row(product="other")])
    assert shop.recommendation_log.count() == 0, "the transaction left nothing"


def test_old_rows_go_in_portions_and_others_stay(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommendations, "PRUNED_AT_ONCE", 2)
    old = [row(f"old{n}", place) for n in range(5) for place in (1, 2)]
    shop.recommendation_log.put([*old, row("new", timestamp=NOON + timedelta(days=1))])
    assert shop.recommendation_log.prune(NOON) == 0
    assert shop.recommendation_log.prune(NOON + timedelta(hours=1)) == 10
    assert list(shop.recommendation_log.frame()["request_id"]) == ["new"]


def test_a_forgotten_customer_is_not_in_the_log_either(shop: Shop) -> None:
    shop.put_interactions([event("c", "p1")])
    shop.recommendation_log.put([row(customer_id="c"), row("r2", customer_id="d"), row("r3")])
    assert shop.forget_customer("c") == 1
    assert shop.recommendation_log.count() == 2
    assert shop.recommendation_log.count("c") == 0


def test_a_shop_of_the_first_version_gets_the_log_and_keeps_its_records(shop: Shop) -> None:
    from alembic import command

    shop.put_product(Product("kept"))
    shop.recommendation_log.put([row()])
    settings = config()
    with shop._database.engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0001")
    assert shop._database.version() == "0001"
    with pytest.raises(VitrineError):
        shop.recommendation_log.count()
    upgrade(shop._database.engine)
    assert shop.recommendation_log.count() == 0
    assert shop.product("kept").product_id == "kept"
