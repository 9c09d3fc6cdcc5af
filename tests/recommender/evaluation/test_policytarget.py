"""A model as the target policy: what it learns, what it may know of a customer, and what it would show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from data.errors import NotReady, UsageError
from recommender.dataset import Dataset
from recommender.evaluation import policytarget
from recommender.evaluation.policylog import PolicyLog
from recommender.evaluation.policytarget import Rules, answers_of, target_of
from recommender.histories import DAY, Histories
from recommender.items import ALWAYS, Bools, Floats
from tests.recommender.makers import data_of, items_of, shop_like

ITEMS = items_of()
EVENTS = [("ann", "shoe1", 1.0, 1.0), ("bob", "hat1", 1.0, 2.0), ("ann", "hat2", 1.0, 20.0)]
DATA = data_of(ITEMS, EVENTS)


def log_of(*rows: tuple[str, str, int, str, float]) -> PolicyLog:
    """Rows of request, customer, position, product, day."""
    requests, customers, positions, products, days = zip(*rows, strict=True)
    return PolicyLog(
        np.asarray(requests, object),
        np.asarray(customers, object),
        np.asarray(products, object),
        np.asarray(positions, np.int64),
        np.full(len(rows), 0.5),
        np.zeros(len(rows)),
        times=np.asarray(days, np.float64) * DAY,
    )


@dataclass(frozen=True)
class Fixed:
    """The products in an order of its own, whoever asks; it remembers the histories it was asked with."""

    order: tuple[str, ...]
    asked: list[Histories]
    name: str = "fixed"
    silence: float = -1.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        self.asked.append(histories)
        row = np.zeros(len(ITEMS), np.float32)
        row[ITEMS.rows(self.order)] = np.arange(len(self.order), 0, -1)
        return np.repeat(row[None], len(histories), axis=0)


def test_one_where_it_puts_the_same_product_at_the_same_position() -> None:
    model = Fixed(("hat1", "shoe2", "shoe3", "hat2", "shoe1"), [])
    log = log_of(
        ("r1", "new", 1, "hat1", 5.0),
        ("r1", "new", 2, "shoe3", 5.0),
        ("r1", "new", 3, "shoe2", 5.0),
        ("r2", "new", 1, "shoe2", 6.0),
        ("r2", "new", 2, "shoe2", 6.0),
        ("r2", "new", 3, "gone", 6.0),
    )
    assert answers_of(model, log, DATA).tolist() == [1, 0, 0, 0, 1, 0]


def test_a_question_is_answered_from_what_was_before_it() -> None:
    model = Fixed(("shoe1", "hat2", "hat1"), [])
    log = log_of(
        ("r1", "ann", 1, "hat2", 10.0),
        ("r2", "ann", 1, "hat1", 30.0),
        ("r3", "ann", 1, "hat2", 20.0),
        ("r4", "stranger", 1, "shoe1", 30.0),
    )
    assert answers_of(model, log, DATA).tolist() == [1, 1, 1, 1]
    histories = model.asked[0]
    assert np.diff(histories.starts).tolist() == [1, 2, 1, 0], "an event at the very moment comes after it"
    assert histories.now.tolist() == [10 * DAY, 30 * DAY, 20 * DAY, 30 * DAY]
    assert answers_of(model, log, DATA, repeat=True).tolist() == [0, 0, 0, 1], "what was met may come again"


def test_what_is_hidden_or_not_yet_there_is_not_shown() -> None:
    model = Fixed(("shoe1", "hat2", "hat1"), [])
    hidden = np.zeros(len(ITEMS), np.bool_)
    hidden[ITEMS.row_of["shoe1"]] = True
    log = log_of(("r1", "new", 1, "hat2", 5.0), ("r1", "new", 2, "hat1", 5.0))
    assert answers_of(model, log, DATA).tolist() == [0, 0]
    assert answers_of(model, log, DATA, hidden).tolist() == [1, 1]
    arrived = np.where(hidden, 7 * DAY, ALWAYS)
    late = replace(DATA, items=ITEMS.arriving(arrived))
    assert answers_of(model, log, late).tolist() == [1, 1]


def test_a_model_learns_from_before_the_first_answer_only(monkeypatch: pytest.MonkeyPatch) -> None:
    data = shop_like(4)  # too few to tune on
    cut = 150.0
    log = log_of(("r1", "c001", 1, "p001", cut), ("r2", "c002", 1, "p001", 190.0))
    seen: list[Dataset] = []
    tuned = policytarget.lessons_of
    monkeypatch.setattr(policytarget, "lessons_of", lambda past: seen.append(past) or tuned(past))
    found = target_of("popularity", log, data)
    assert found.interactions == int((data.events.times < cut * DAY).sum()) == len(seen[0].events)
    assert (seen[0].events.times < cut * DAY).all()
    # What happens to others afterwards changes nothing.
    later = data.events.times >= cut * DAY
    other = data.with_events(
        replace(
            data.events, items=np.where(later, (data.events.items + 7) % len(data.items), data.events.items)
        )
    )
    log = log_of(*[("r", "c001", at, f"p{at:03d}", cut) for at in range(1, 40)])
    first, second = target_of("popularity", log, data), target_of("popularity", log, other)
    assert (first.probabilities == second.probabilities).all()


def test_a_product_that_the_log_shows_was_there_and_in_stock() -> None:
    data = shop_like(4)  # too few to tune on
    everything = [(f"r{at}", "stranger", 1, name, 150.0) for at, name in enumerate(data.items.ids)]

    def first(shop: Dataset, sold_out: set[str], without: str = "") -> set[str]:
        log = log_of(*[row for row in everything if row[3] != without])
        found = target_of("popularity", log, shop, Rules(sold_out=frozenset(sold_out)))
        assert found.sold_out == len({without} & sold_out)
        return {name for name, one in zip(log.products, found.probabilities, strict=True) if one}

    (best,) = first(data, set())
    late = data.items.arrived.copy()
    late[data.items.row_of[best]] = 160 * DAY
    assert first(replace(data, items=data.items.arriving(late)), {best, "gone"}) == {best}
    assert first(data, set(), without=best) == set(), "the best is still shown first"
    (second,) = first(data, {best}, without=best)
    assert second != best


def test_the_trained_ranker_can_be_the_target() -> None:
    data = shop_like(120)
    log = log_of(*[(f"r{c}", f"c{c:03d}", 1, f"p{c % 6:03d}", 180.0) for c in range(40)])
    found = target_of("vitrine", log, data)
    assert set(found.probabilities) <= {0.0, 1.0}
    assert found.as_json()["policy"] == "vitrine"
    assert found.as_json()["until"].startswith("1970-06-30")


def test_wrong_orders() -> None:
    log = log_of(("r1", "ann", 1, "hat2", 10.0))
    with pytest.raises(UsageError, match="no model 'x'"):
        target_of("x", log, DATA)
    with pytest.raises(UsageError, match="one target policy"):
        target_of("all", log, DATA)
    with pytest.raises(UsageError, match="no column timestamp"):
        target_of("popularity", replace(log, times=None), DATA)
    with pytest.raises(UsageError, match="more than one customer"):
        answers_of(Fixed((), []), log_of(("r", "ann", 1, "hat1", 1.0), ("r", "bob", 2, "hat1", 1.0)), DATA)
    with pytest.raises(UsageError, match="count from 1"):
        answers_of(Fixed((), []), log_of(("r", "ann", 0, "hat1", 1.0)), DATA)
    with pytest.raises(NotReady, match="from before the log's first answer"):
        target_of("popularity", log_of(("r", "ann", 1, "hat1", 0.5)), DATA)
