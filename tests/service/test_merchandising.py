"""The order of rules, on lists that one can check by eye."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from data.rules import Rule, Terms
from service.merchandising import Plan, Spot, boosted, lifted, pinned, pins_within

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RANKED = [("a", 0.9), ("b", 0.8), ("c", 0.7), ("d", 0.6), ("e", -0.5)]


def rule(number: int, action: Any, product: str, **fields: Any) -> Rule:
    if action == "pin":
        fields.setdefault("position", 1)
    return Rule(number, Terms(action, product, **fields), "local", NOW, number)


def shown(*rules: Rule, k: int = 5, there: str = "abcde") -> list[str]:
    plan = Plan.of(rules)
    spots = boosted([one for one in RANKED if one[0] in there], plan)
    return [spot.product_id for spot in pinned(spots, pins_within(plan, there, k), dict(RANKED))[:k]]


def test_without_rules_nothing_moves() -> None:
    assert not Plan.of([])
    assert shown() == ["a", "b", "c", "d", "e"]


def test_a_block_a_pin_and_a_boost() -> None:
    assert shown(rule(1, "block", "b")) == ["a", "c", "d", "e"]
    assert shown(rule(1, "pin", "d", position=2)) == ["a", "d", "b", "c", "e"]
    assert shown(rule(1, "boost", "c", factor=1.2)) == ["a", "c", "b", "d", "e"]
    assert shown(rule(1, "boost", "a", plus=-0.25)) == ["b", "c", "a", "d", "e"]


def test_block_beats_pin_beats_boost_whatever_their_order_and_scope() -> None:
    block, pin, boost = (
        rule(1, "block", "e"),
        rule(2, "pin", "e", query_product_id="q"),
        rule(3, "boost", "e", query_product_id="q", factor=9),
    )
    assert shown(boost, pin, block) == ["a", "b", "c", "d"]
    assert Plan.of([boost, pin, block]).lost == ((pin, "rule 1 blocks it"),)
    assert shown(boost, pin) == ["e", "a", "b", "c", "d"]


def test_the_more_specific_pin_wins_a_position_and_among_equals_the_later() -> None:
    everywhere, category, product = (
        rule(7, "pin", "c"),
        rule(6, "pin", "d", query_category="dress"),
        rule(5, "pin", "e", query_product_id="q"),
    )
    assert shown(everywhere, category, product) == ["e", "a", "b", "c", "d"]
    assert shown(everywhere, category) == ["d", "a", "b", "c", "e"]
    plan = Plan.of([rule(1, "pin", "c"), rule(2, "pin", "d")])
    assert plan.pinned.keys() == {"d"}
    assert [(lost.rule_id, why) for lost, why in plan.lost] == [(1, "rule 2 has that position")]


def test_a_product_is_pinned_once() -> None:
    plan = Plan.of([rule(1, "pin", "c", position=1), rule(2, "pin", "c", position=3)])
    assert list(plan.pins or {}) == [3]
    assert plan.lost[0][1] == "rule 2 pins it elsewhere"


def test_a_pin_that_loses_its_position_leaves_a_boost_in_force() -> None:
    rules = [rule(1, "pin", "d"), rule(2, "pin", "e"), rule(3, "boost", "d", plus=0.25)]
    assert shown(*rules) == ["e", "a", "d", "b", "c"]


def test_a_pin_beyond_the_end_is_the_last_and_one_beyond_k_is_not_in_the_answer() -> None:
    assert shown(rule(1, "pin", "a", position=9), k=9) == ["b", "c", "d", "e", "a"]
    assert shown(rule(1, "pin", "a", position=9), k=3) == ["b", "c", "d"]
    two = (rule(1, "pin", "a", position=9), rule(2, "pin", "b", position=8))
    assert shown(*two, k=9) == ["c", "d", "e", "b", "a"]


def test_a_pinned_product_that_cannot_be_shown_leaves_no_hole() -> None:
    rules = (rule(1, "pin", "z", position=1), rule(2, "pin", "d", position=2))
    assert shown(*rules) == ["a", "d", "b", "c", "e"]


@pytest.mark.parametrize(
    ("score", "fields", "unit", "expected"),
    [
        (0.5, {"factor": 1.5}, 1.0, 0.75),
        (-0.5, {"factor": 2.0}, 1.0, -0.25),
        (-0.5, {"factor": 0.5}, 1.0, -1.0),
        (0.5, {"plus": 0.2}, 10.0, 2.5),
        (0.5, {"plus": -0.1}, 1.0, 0.4),
    ],
)
def test_a_boost_changes_what_a_product_is_ordered_by(
    score: float, fields: dict[str, float], unit: float, expected: float
) -> None:
    assert lifted(score, rule(1, "boost", "a", **fields), unit) == pytest.approx(expected)


def test_the_score_is_kept_and_the_rule_is_named() -> None:
    boost = rule(1, "boost", "c", plus=0.5)
    spots = boosted(RANKED, Plan.of([boost]))
    assert spots[0] == Spot("c", 0.7, 0.7 + 0.5, boost)
    assert {spot.rule for spot in spots[1:]} == {None}


def test_boosting_a_ranked_list_is_sorting_it_by_the_boosted_scores() -> None:
    chance = random.Random(7)
    for _ in range(200):
        names = [f"p{n:02}" for n in range(12)]
        scores = {name: round(chance.uniform(-1, 1), 1) for name in names}
        ranked = sorted(scores.items(), key=lambda one: (-one[1], one[0]))
        rules = [
            rule(n, "boost", name, factor=chance.choice([0.5, 1.5, 3.0]))
            for n, name in enumerate(chance.sample(names, 4), 1)
        ]
        by_product = {r.terms.product_id: r for r in rules}
        order = {n: lifted(s, by_product[n]) if n in by_product else s for n, s in scores.items()}
        wanted = sorted(order, key=lambda name: (-order[name], name))
        assert [spot.product_id for spot in boosted(ranked, Plan.of(rules))] == wanted


def test_others_keep_their_order_in_a_list_that_is_not_sorted() -> None:
    varied = [("a", 0.9), ("d", 0.6), ("b", 0.8), ("c", 0.7)]
    spots = boosted(varied, Plan.of([rule(1, "boost", "c", factor=1.2)]))
    assert [spot.product_id for spot in spots] == ["a", "c", "d", "b"]
