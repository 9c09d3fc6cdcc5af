"""The digest of a fold: what it sees and what it does not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from recommender.dataset import Dataset, Events
from recommender.evaluation.splits import SPLITS, WINDOWS, split
from recommender.items import Items
from tests.recommender.makers import shop_like

DATA = shop_like()
FOLD = split(DATA, "time")


def test_what_is_kept_with_a_report() -> None:
    told = json.loads(json.dumps(FOLD.as_json(), allow_nan=False))
    assert told["sha256"] == FOLD.digest
    assert told["fit"]["interactions"] + told["test"]["interactions"] == len(DATA.events)
    assert told["test"]["customers"] == len(FOLD.test)
    assert len(told["validation"]) == WINDOWS
    assert (
        len({told["fit"]["sha256"], told["test"]["sha256"], *(v["sha256"] for v in told["validation"])})
        == 2 + WINDOWS
    )
    assert told["until"] == FOLD.described["test_from"]


def test_every_split_has_its_own_digest() -> None:
    assert len({split(DATA, name).digest for name in SPLITS}) == len(SPLITS)


def test_the_order_of_customers_and_products_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(len(DATA.customers))
    place = np.argsort(order)
    events = DATA.events
    turned = Dataset(
        items=Items.build(list(reversed(DATA.items.ids))),
        customers=tuple(DATA.customers[c] for c in order),
        events=Events.build(place[events.customers], events.items, events.weights, events.times),
        asof=DATA.asof,
    )
    assert split(turned, "time").digest == FOLD.digest


def test_one_other_event_on_either_side_is_seen() -> None:
    for events in (FOLD.fit.events, FOLD.tested):
        items = events.items.copy()
        items[5] = (items[5] + 1) % len(DATA.items)
        other = replace(events, items=items)
        changed = (
            replace(FOLD, tested=other)
            if events is FOLD.tested
            else replace(FOLD, fit=FOLD.fit.with_events(other))
        )
        assert changed.digest != FOLD.digest
