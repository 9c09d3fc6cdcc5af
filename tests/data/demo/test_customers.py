"""The simulated customers: counts, order, and every dial does what it says. No photos are drawn here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from data.demo.catalogue import sample_specs
from data.demo.customers import Customers
from data.demo.dials import Dials
from data.demo.events import Event, Simulation
from data.demo.palette import COLOURS
from data.demo.preferences import Preferences
from data.demo.stock import Stock

SEED = 7


def simulate(dials: Dials, products: int = 300, customers: int = 260) -> tuple[Stock, Customers, list[Event]]:
    stock = Stock.of(sample_specs(products, SEED), dials, SEED)
    people = Customers.sample(customers, stock, dials, SEED)
    return stock, people, Simulation(stock, people, dials, SEED).events()


def purchases(stock: Stock, events: list[Event]) -> dict[str, list[int]]:
    row = {product_id: i for i, product_id in enumerate(stock.ids)}
    bought = defaultdict(list)
    for event in events:
        if event.event == "purchase":
            bought[event.customer_id].append(row[event.product_id])
    return bought


def agreement(stock: Stock, events: list[Event], attribute: str) -> float:
    """How often two purchases of one customer agree, over how often two purchases of anybody do."""
    values = np.array([getattr(spec, attribute) for spec in stock.specs])
    bought = purchases(stock, events)
    same = [
        values[a] == values[b]
        for items in bought.values()
        for k, a in enumerate(items)
        for b in items[:k]
        if a != b
    ]
    everything = [i for items in bought.values() for i in items]
    product, value = (_chance_of_two_alike(list(kind)) for kind in (everything, values[everything]))
    return float(np.mean(same) / ((value - product) / (1 - product)))


def _chance_of_two_alike(values: Sequence[object]) -> float:
    share = np.array(list(Counter(values).values()), dtype=float)
    return float(((share / share.sum()) ** 2).sum())


@pytest.fixture(scope="module")
def usual() -> tuple[Stock, Customers, list[Event]]:
    return simulate(Dials())


def test_the_full_demo_has_enough_of_everything() -> None:
    stock, people, events = simulate(Dials(), 840, 640)
    kinds = Counter(e.event for e in events)
    per_customer = Counter(e.customer_id for e in events)
    assert 15_000 <= len(events) <= 25_000
    assert set(kinds) == {"view", "click", "like", "cart", "purchase", "rate", "return", "dislike"}
    assert kinds["view"] > kinds["click"] > kinds["cart"] > kinds["purchase"] > 1_500
    assert set(per_customer) == set(people.ids)
    assert 5 <= sum(n == 1 for n in per_customer.values()) <= 60
    assert 0.05 < 1 - stock.in_stock.mean() < 0.11
    late = stock.added_day > Dials().days - 28
    assert 0.05 < late.mean() < 0.11
    touched = {e.product_id for e in events}
    assert len(touched) > 0.9 * len(stock.ids)


def test_the_same_seed_gives_the_same_events(usual: tuple[Stock, Customers, list[Event]]) -> None:
    assert simulate(Dials())[2] == usual[2]


def test_nobody_meets_a_product_before_it_is_added(usual: tuple[Stock, Customers, list[Event]]) -> None:
    stock, _, events = usual
    added = dict(zip(stock.ids, stock.added, strict=True))
    assert all(e.timestamp.date() >= added[e.product_id] for e in events)
    recent = {i for i, day in zip(stock.ids, stock.added_day, strict=True) if day > 100}
    assert any(e.product_id in recent for e in events)


def test_returns_and_ratings_follow_purchases(usual: tuple[Stock, Customers, list[Event]]) -> None:
    bought: set[tuple[str, str]] = set()
    for event in usual[2]:
        pair = (event.customer_id, event.product_id)
        if event.event == "purchase":
            bought.add(pair)
        if event.event in ("return", "rate"):
            assert pair in bought


def test_visual_share_zero_makes_looks_irrelevant(usual: tuple[Stock, Customers, list[Event]]) -> None:
    stock, _, events = usual
    blind_stock, _, blind = simulate(replace(Dials(), visual_share=0.0), 840, 700)
    for attribute, least in (("colour", 1.3), ("pattern", 1.1), ("category", 2.0)):
        assert agreement(stock, events, attribute) > least, attribute
        assert 0.8 < agreement(blind_stock, blind, attribute) < 1.2, attribute


def test_visual_share_one_makes_the_hidden_part_irrelevant() -> None:
    def liking(dials: Dials) -> float:
        stock, people, events = simulate(dials)
        hidden = Preferences.build(stock, people, dials).hidden
        place = {c: i for i, c in enumerate(people.ids)}
        chosen = [hidden[place[c], i] for c, items in purchases(stock, events).items() for i in items]
        return float(np.mean(chosen))

    assert abs(liking(replace(Dials(), visual_share=1.0))) < 0.12
    assert liking(Dials()) > 0.4


def test_popularity_dial_concentrates_sales() -> None:
    def top_tenth(dials: Dials) -> float:
        stock, _, events = simulate(dials)
        counts = np.zeros(len(stock.ids))
        for items in purchases(stock, events).values():
            np.add.at(counts, items, 1)
        counts.sort()
        return float(counts[-len(counts) // 10 :].sum() / counts.sum())

    assert top_tenth(replace(Dials(), popularity=1.5)) > top_tenth(replace(Dials(), popularity=0.0)) * 1.4


def test_taste_drifts() -> None:
    """With drift, the last liked colours explain late purchases better than the first liked ones do."""

    def lead(dials: Dials) -> float:
        stock, people, events = simulate(dials)
        place, names = {c: i for i, c in enumerate(people.ids)}, list(COLOURS)
        colour = {i: names.index(s.colour) for i, s in zip(stock.ids, stock.specs, strict=True)}
        late = [e for e in events if e.event == "purchase" and e.timestamp > dials.end - timedelta(days=60)]
        gain = [people.colours[1, place[e.customer_id], colour[e.product_id]]
                - people.colours[0, place[e.customer_id], colour[e.product_id]] for e in late]  # fmt: skip
        return float(np.mean(gain))

    assert lead(replace(Dials(), drift=1.0)) > 0.1
    assert lead(replace(Dials(), drift=0.0)) < -0.1


def test_noise_and_the_visible_parts_act(usual: tuple[Stock, Customers, list[Event]]) -> None:
    by_colour, by_category = (
        simulate(replace(Dials(), visible=shares, errand=0.0))
        for shares in ((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    )
    for attribute, strong, weak in (
        ("colour", by_colour, by_category),
        ("category", by_category, by_colour),
    ):
        assert agreement(strong[0], strong[2], attribute) > agreement(weak[0], weak[2], attribute) * 1.3
    noisy = simulate(replace(Dials(), noise=6.0))
    assert agreement(noisy[0], noisy[2], "category") < agreement(usual[0], usual[2], "category") * 0.7


def test_an_errand_keeps_a_visit_to_one_category() -> None:
    def kept(errand: float) -> float:
        stock, _, events = simulate(replace(Dials(), errand=errand))
        category = dict(zip(stock.ids, stock.category.tolist(), strict=True))
        views = [e for e in events if e.event == "view"]
        views.sort(key=lambda e: (e.customer_id, e.timestamp))
        pairs = [(a, b) for a, b in pairwise(views) if b.timestamp - a.timestamp < timedelta(minutes=30)]
        return float(np.mean([category[a.product_id] == category[b.product_id] for a, b in pairs]))

    assert kept(4.0) > kept(0.0) + 0.2


def test_season_dial_sells_summer_things_in_summer() -> None:
    def summer_share(dials: Dials) -> float:
        stock, _, events = simulate(dials)
        row = {i: s.season for i, s in zip(stock.ids, stock.specs, strict=True)}
        hot = [row[e.product_id] for e in events if e.timestamp.month in (6, 7, 8)]
        cold = [row[e.product_id] for e in events if e.timestamp.month in (2, 3)]
        return hot.count("summer") / len(hot) - cold.count("summer") / len(cold)

    assert summer_share(replace(Dials(), season=1.2)) > summer_share(replace(Dials(), season=0.0)) + 0.1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("visual_share", 1.2),
        ("drift", -0.1),
        ("noise", 0.0),
        ("days", 5),
        ("taste", float("nan")),
        ("popularity", -1.0),
        ("visible", (0.5, 0.5)),
        ("hidden", (0.9, 0.2, 0.0)),
        ("hidden_factors", 0),
    ],
)
def test_impossible_dials_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        replace(Dials(), **{name: value})  # type: ignore[arg-type]
