"""Rewards: an event counts for the last answer before it that showed its product, within the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.errors import UsageError
from data.records import Interaction
from data.shop import Shop
from data.shown import Shown
from recommender.evaluation.policylog import read_log
from recommender.rewards import ANONYMOUS, OPEN, Rewarded, with_rewards

START = datetime(2024, 5, 1, tzinfo=UTC)
LATER = START + timedelta(days=60)


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def shown(request: str, customer: str | None, product: str, at: float, position: int = 1) -> Shown:
    return Shown(request, day(at), "recommendations", position, product, 0.5, 0.25, "vitrine@1", customer)


def outcome(
    tmp_path: Path, rows: list[Shown], did: list[tuple[str, str, str, float]], **options: Any
) -> Rewarded:
    with Shop.create(tmp_path / "shop") as shop:
        shop.recommendation_log.put(rows)
        shop.put_interactions([Interaction(c, p, what, day(at)) for c, p, what, at in did])
        options = {"asof": LATER} | options
        return with_rewards(shop.recommendation_log.frame(), shop.interactions(), **options)


def rewards(found: Rewarded) -> dict[tuple[str, str], int]:
    table = found.table
    keys = zip(table["request_id"], table["product_id"], strict=True)
    return dict(zip(keys, table["reward"].tolist(), strict=True))


def test_what_counts_and_what_does_not(tmp_path: Path) -> None:
    rows = [
        shown("r", "ann", product, 1, place)
        for place, product in enumerate(
            ("bought", "looked at", "before", "too late", "others", "sent back"), 1
        )
    ]
    events = [
        ("ann", "bought", "purchase", 3),
        ("ann", "looked at", "view", 3),
        ("ann", "before", "click", 0.5),
        ("ann", "too late", "click", 8.5),
        ("bob", "others", "click", 2),
        ("ann", "sent back", "return", 2),
        ("ann", "never shown", "purchase", 2),
    ]
    found = rewards(outcome(tmp_path, rows, events))
    assert found == {("r", row.product_id): int(row.product_id == "bought") for row in rows}


def test_an_event_counts_once_for_the_last_answer_before_it(tmp_path: Path) -> None:
    rows = [shown(f"r{n}", "ann", "p", at) for n, at in enumerate((1, 2, 4))]
    events = [("ann", "p", "click", 3), ("ann", "p", "purchase", 3.5)]
    assert rewards(outcome(tmp_path, rows, events)) == {("r0", "p"): 0, ("r1", "p"): 1, ("r2", "p"): 0}


def test_an_event_of_a_later_answer_is_not_given_to_an_earlier_one_that_is_ripe(tmp_path: Path) -> None:
    rows = [shown("ripe", "ann", "p", 1), shown("fresh", "ann", "p", 5)]
    found = outcome(tmp_path, rows, [("ann", "p", "click", 6)], asof=day(9))
    assert rewards(found) == {("ripe", "p"): 0}
    assert found.left_out == {ANONYMOUS: 0, OPEN: 1}


def test_what_cannot_be_judged_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [shown("known", "ann", "p", 1), shown("session", None, "p", 1), shown("open", "ann", "q", 59)]
    found = outcome(tmp_path, rows, [])
    assert list(found.table["request_id"]) == ["known"]
    assert found.left_out == {ANONYMOUS: 1, OPEN: 1}


def test_window_and_events_can_be_chosen(tmp_path: Path) -> None:
    rows = [shown("r", "ann", "p", 1), shown("s", "ann", "q", 1)]
    events = [("ann", "p", "view", 1.4), ("ann", "q", "view", 1.6)]
    found = outcome(tmp_path, rows, events, window=timedelta(days=0.5), events=["view"])
    assert rewards(found) == {("r", "p"): 1, ("s", "q"): 0}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"events": ["stare"]}, "stare"),
        ({"events": []}, "at least one"),
        ({"window": timedelta(0)}, "longer"),
    ],
)
def test_orders_that_make_no_sense(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        outcome(tmp_path, [], [], **options)


def test_an_empty_log_and_a_shop_without_events(tmp_path: Path) -> None:
    assert len(outcome(tmp_path / "a", [], []).table) == 0
    assert rewards(outcome(tmp_path / "b", [shown("r", "ann", "p", 1)], [])) == {("r", "p"): 0}
    assert len(outcome(tmp_path / "c", [], [("ann", "p", "click", 1)]).table) == 0


def test_off_policy_evaluation_reads_the_table(tmp_path: Path) -> None:
    rows = [shown("r", "ann", "007", 1), shown("r", "ann", "008", 1, 2)]
    table = outcome(tmp_path, rows, [("ann", "008", "click", 2)]).table
    log = read_log(table)
    assert log.products.tolist() == ["007", "008"]
    assert log.positions.tolist() == [1, 2]
    assert log.propensities.tolist() == [0.25, 0.25]
    assert log.rewards.tolist() == [0.0, 1.0]


def test_the_join_agrees_with_one_done_row_by_row(tmp_path: Path) -> None:
    draw = pd.Series(range(300)).sample(frac=1, random_state=3).tolist()
    rows = [shown(f"r{n}", f"c{n % 3}", f"p{n % 5}", draw[n] / 20) for n in range(150)]
    events = [(f"c{n % 3}", f"p{n % 4}", "click", draw[n] / 20) for n in range(150, 300)]
    found = rewards(outcome(tmp_path, rows, events, window=timedelta(days=1)))
    wanted = {(row.request_id, row.product_id): 0 for row in rows}
    for customer, product, _, at in events:
        before = [
            row
            for row in rows
            if (row.customer_id, row.product_id) == (customer, product)
            and timedelta(0) <= day(at) - row.timestamp <= timedelta(days=1)
        ]
        if before:
            last = max(before, key=lambda row: row.timestamp)
            wanted[last.request_id, last.product_id] = 1
    assert found == wanted
    assert sum(wanted.values()) > 10
