from __future__ import annotations

import numpy as np

from data.records import Product
from data.table import ProductTable
from data.where import parse
from recommender.items import Items
from recommender.request import Request
from recommender.rules import Choice, Shelf, barred, choose
from tests.recommender.makers import LOOKS, items_of

CATEGORIES = {name: name[:3] for name in LOOKS}
ITEMS = items_of(categories=CATEGORIES)
TABLE = ProductTable.of(
    Product(name, category=CATEGORIES[name], price=10.0 * at, in_stock=name != "shoe3")
    for at, name in enumerate(LOOKS)
)


def left(request: Request, met: tuple[str, ...] = ()) -> set[str]:
    out = barred(request, Shelf.of(TABLE, ITEMS), ITEMS.rows(met))
    return {name for name, row in ITEMS.row_of.items() if not out[row]}


def test_out_of_stock_is_never_shown() -> None:
    assert left(Request()) == {"shoe1", "shoe2", "hat1", "hat2"}


def test_seen_is_dropped_unless_kept() -> None:
    assert left(Request(), ("shoe1",)) == {"shoe2", "hat1", "hat2"}
    assert left(Request(seen="keep"), ("shoe1",)) == {"shoe1", "shoe2", "hat1", "hat2"}


def test_excluded_and_unknown_ids() -> None:
    assert left(Request(exclude=frozenset({"hat1", "no such"}))) == {"shoe1", "shoe2", "hat2"}


def test_a_filter_is_exact() -> None:
    assert left(Request(where=parse('category = "hat" and price < 40'))) == {"hat1"}


def picked(items: Items, order: list[str], scores: dict[str, float], choice: Choice) -> list[str]:
    values = np.asarray([scores.get(name, 0.0) for name in items.ids], np.float32)
    return [items.ids[row] for row in choose(items.rows(order), values, items, choice)]


ORDER = ["shoe1", "shoe2", "shoe3", "hat1", "hat2"]
SCORES = {"shoe1": 1.0, "shoe2": 0.9, "shoe3": 0.8, "hat1": 0.5, "hat2": 0.4}


def test_without_rules_the_ranking_stays() -> None:
    assert picked(ITEMS, ORDER, SCORES, Choice(3)) == ["shoe1", "shoe2", "shoe3"]


def test_a_cap_skips_what_is_too_much_of_one_category() -> None:
    assert picked(ITEMS, ORDER, SCORES, Choice(4, cap=1)) == ["shoe1", "hat1"]
    assert picked(ITEMS, ORDER, SCORES, Choice(3, cap=2)) == ["shoe1", "shoe2", "hat1"]


def test_products_without_category_are_not_capped() -> None:
    items = items_of()
    assert picked(items, ORDER, SCORES, Choice(3, cap=1)) == ["shoe1", "shoe2", "shoe3"]


def test_mmr_by_hand() -> None:
    # After shoe1: shoe2 has .5 × .9 - .5 × .96 = -.03, shoe3 .5 × .8 - .5 × .8 = 0, hat1 .5 × .5 - 0 = .25.
    assert picked(ITEMS, ORDER, SCORES, Choice(2, diversity=0.5)) == ["shoe1", "hat1"]
    assert picked(ITEMS, ORDER, SCORES, Choice(2, diversity=0.05)) == ["shoe1", "shoe2"]


def test_full_diversity_still_returns_k_distinct() -> None:
    assert sorted(picked(ITEMS, ORDER, SCORES, Choice(5, diversity=1.0))) == sorted(ORDER)


def test_mmr_and_cap_together() -> None:
    assert picked(ITEMS, ORDER, SCORES, Choice(5, cap=1, diversity=0.3)) == ["shoe1", "hat1"]


def test_a_long_list_goes_beyond_the_first_pool() -> None:
    names = [f"p{i:04d}" for i in range(500)]
    items = items_of({}, more=names, categories={n: "one" if i < 450 else n for i, n in enumerate(names)})
    got = picked(items, names, {n: 1 - i / 500 for i, n in enumerate(names)}, Choice(10, cap=1))
    assert got == ["p0000", *names[450:459]]
