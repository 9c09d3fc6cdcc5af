"""Records check themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from data.errors import UsageError
from data.events import DEFAULT_WEIGHTS, check_weights, signed_weight
from data.records import EVENTS, Interaction, Product
from tests.data.makers import NOON


@pytest.mark.parametrize(
    "fields",
    [
        {"product_id": ""}, {"product_id": "a\nb"}, {"price": -0.01}, {"price": float("nan")},
        {"price": float("inf")}, {"attributes": {"title": "x"}}, {"attributes": {"price": 3.0}},
        {"attributes": {"": "x"}},
    ],
)  # fmt: skip
def test_products_that_cannot_be(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Product(**{"product_id": "p", **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"customer_id": ""}, {"product_id": "\0"}, {"event": "stare"}, {"timestamp": datetime(2024, 1, 1)},
        {"timestamp": datetime(1969, 1, 1, tzinfo=UTC)}, {"value": float("inf")}, {"event": "rate"},
        {"event": "rate", "value": 5.1}, {"event": "rate", "value": 0.0}, {"event_id": "a\nb"},
    ],
)  # fmt: skip
def test_interactions_that_cannot_be(fields: dict[str, Any]) -> None:
    whole = {"customer_id": "c", "product_id": "p", "event": "view", "timestamp": NOON, **fields}
    with pytest.raises(UsageError):
        Interaction(**whole)


def test_ratings_pull_both_ways_and_other_values_do_not_matter() -> None:
    assert [signed_weight("rate", v) for v in (1, 2, 3, 4, 5)] == [-1, -0.5, 0, 0.5, 1]
    assert signed_weight("purchase", 7, {"purchase": 2.0}) == 2.0
    assert signed_weight("dislike", None) == -DEFAULT_WEIGHTS["dislike"]
    assert signed_weight("return", None, {"view": 1.0}) == -DEFAULT_WEIGHTS["return"]
    assert set(DEFAULT_WEIGHTS) == set(EVENTS)
    assert max(DEFAULT_WEIGHTS.values()) == DEFAULT_WEIGHTS["purchase"]


def test_event_weights_are_checked() -> None:
    assert check_weights({"view": 0.0})["view"] == 0.0
    for bad in ({"stare": 1.0}, {"view": -1.0}, {"view": float("nan")}):
        with pytest.raises(UsageError):
            check_weights(bad)
