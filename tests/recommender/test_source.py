from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from data.events import DEFAULT_WEIGHTS
from recommender.evaluation.leakage import other_future
from recommender.evaluation.splits import split
from recommender.histories import DAY
from recommender.source import dated, live_items, load_dataset, weights_of
from tests.recommender.conftest import Corner
from tests.recommender.makers import data_of, items_of, shop_like


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
    items = items_of({}, more=list(items.ids), arrived={"noted": 10.4, "sold before": 50, "bulk": 500})
    data = data_of(items, [("c", "sold before", 1, 20), ("c", "noted", 1, 10)], asof=100)
    got = dict(zip(items.ids, dated(items, data.events, data.asof).arrived / DAY, strict=True))
    assert got == {"noted": 10, "sold before": -np.inf, "bulk": -np.inf, "unknown": -np.inf}


def test_an_import_in_bulk_dates_nothing_whatever_was_chosen_before_it() -> None:
    names = [f"p{i}" for i in range(10)]
    days = {**dict.fromkeys(names[:6], 50.2), "p5": 50.9, "p6": 10, "p7": 20, "p8": 30, "p9": 90}
    items = items_of({}, more=names, arrived=days)
    data = data_of(items, [("c", "p0", 1, 20), ("c", "p1", 1, 60)], asof=100)
    got = dict(zip(items.ids, dated(items, data.events, data.asof).arrived / DAY, strict=True))
    assert {got[name] for name in names[:6]} == {-np.inf}
    assert [got[name] for name in names[6:]] == [10, 20, 30, 90]


def test_dates_do_not_say_what_was_chosen_after_the_cut() -> None:
    shop = shop_like()
    late = shop.items.arriving(np.full(len(shop.items), 190.0 * DAY))
    shop = replace(shop, items=late)
    fold = split(shop, "time")
    assert fold.until is not None
    assert fold.until < 190 * DAY
    for world in (shop, other_future(shop, fold, 1)):
        assert np.isneginf(dated(world.items, world.events, world.asof).arrived).all()


def test_what_came_after_the_import_of_a_shop_is_new(corner: Corner) -> None:
    corner.add("p-new", 1)
    corner.index.refresh()
    now = corner.index.pinned()
    names, moments = now.table.ids, [moment.timestamp() for moment in now.table.first_seen if moment]
    imported = np.asarray(moments) - 10 * DAY * np.asarray([name != "p-new" for name in names])
    table = replace(now.table, _first_seen=tuple(datetime.fromtimestamp(m, UTC) for m in imported))
    items = live_items(table, now.products(), now.space)
    arrived = dict(zip(items.ids, items.arrived, strict=True))
    assert np.isfinite(arrived.pop("p-new"))
    assert set(arrived.values()) == {-np.inf}
