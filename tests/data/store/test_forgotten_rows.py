"""Rows of the log that waited in some process while a customer was forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from data.shop import Shop
from data.shown import Shown
from tests.data.makers import NOON


def test_rows_that_waited_are_stored_without_their_customers_and_later_ones_with(shop: Shop) -> None:
    shown = Shown("r1", NOON, "home", 1, "p", 0.5, 1.0, "vitrine@1", "c", None)
    shop.recommendation_log.put([shown])
    assert shop.recommendation_log.count("c") == 1
    waiting = replace(shown, request_id="r2", timestamp=datetime.now(UTC))
    shop.forget_customer("c")
    shop.recommendation_log.put([waiting, replace(waiting, request_id="r3", customer_id="other")])
    assert shop.recommendation_log.count("c") == 0
    assert shop.recommendation_log.count() == 2, "what was shown is still known, not to whom"
    later = replace(shown, request_id="r4", timestamp=datetime.now(UTC) + timedelta(seconds=1))
    shop.recommendation_log.put([later])
    assert shop.recommendation_log.count("c") == 1
