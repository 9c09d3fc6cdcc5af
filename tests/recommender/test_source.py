from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.events import DEFAULT_WEIGHTS
from recommender.histories import DAY
from recommender.source import dated, load_dataset, weights_of
from tests.recommender.conftest import Corner
from tests.recommender.makers import data_of, items_of


def test_weights_carry_the_sign_of_the_event() -> None:
    frame = pd.DataFrame(
        {"event": ["purchase", "dislike", "rate", "rate", "view"], "value": [3.0, np.nan, 5.0, 2.0, np.nan]}
    )
    assert weights_of(frame, DEFAULT_WEIGHTS).tolist() == pytest.approx([1.0, -0.8, 1.0, -0.5, 0.1])


def test_a_shop_becomes_a_dataset(corner: Corner) -> None:
    corner.event("c000", "p-blind", day=95)
    data = load_dataset(corner.shop, corner.index)
    assert len(data.items) == 61
    assert not data.items.has_vector[data.items.row_of["p-blind"]]
    assert len(data.customers) == 60
    assert data.asof > data.events.times.max()
    assert data.items.space == corner.index.space
    assert data.items.category_names == ("kind 0", "kind 1", "kind 2")


def test_what_cannot_be_used_is_counted(corner: Corner) -> None:
    before = load_dataset(corner.shop, corner.index)
    of_p004 = int((before.events.items == before.items.row_of["p004"]).sum())
    assert of_p004
    corner.looks.delete("p004")
    corner.index.refresh()
    after = load_dataset(corner.shop, corner.index)
    assert after.unusable["product_deleted"] == of_p004
    assert len(after.events) == len(before.events) - of_p004


def test_dates_of_arrival_are_believed_only_where_they_can_be_true() -> None:
    items = items_of({}, more=["noted", "sold before", "bulk", "unknown"])
    items = items_of({}, more=list(items.ids), arrived={"noted": 10, "sold before": 50, "bulk": 500})
    data = data_of(items, [("c", "sold before", 1, 20), ("c", "noted", 1, 60)], asof=100)
    got = dict(zip(items.ids, dated(items, data.events, data.asof).arrived / DAY, strict=True))
    assert got == {"noted": 10, "sold before": 20, "bulk": -np.inf, "unknown": -np.inf}
