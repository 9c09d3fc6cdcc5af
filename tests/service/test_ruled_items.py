"""Recommendations with rules, and what the log keeps of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.records import Interaction
from service.answers import Json, RecommendAnswer
from service.engine import Engine
from service.requests import EvaluateRequest, RecommendRequest
from service.ruled_items import Draw
from service.shown_log import LogSettings
from tests.data.makers import NOON
from tests.service.fakes import FakeEmbedder
from tests.service.test_ruled_hits import names, order

ASKED = RecommendRequest(customer_id="customer-03", k=5)


def items(engine: Engine, request: RecommendRequest = ASKED) -> list[Json]:
    return engine.recommend(request).items


def unseen(engine: Engine) -> list[str]:
    """All products that may be recommended to the customer, best first."""
    return names(items(engine, replace(ASKED, k=24)))


def test_pin_block_and_boost(engine: Engine) -> None:
    first, *rest = unseen(engine)
    # What a product is worth depends on which others may be recommended: those are without the blocked one.
    plain = names(items(engine, replace(ASKED, k=24, exclude=frozenset({first}))))
    assert sorted(plain) == sorted(rest)
    order(engine, "block", first)
    order(engine, "pin", plain[-1], position=2)
    order(engine, "boost", plain[8], plus=2)
    found = items(engine)
    assert names(found) == [plain[8], plain[-1], *plain[:3]]
    marks: list[Any] = [item.get("rule") for item in found]
    assert [mark and mark["action"] for mark in marks] == ["boost", "pin", None, None, None]
    assert found[1]["reasons"]
    assert names(items(engine, replace(ASKED, rules=False)))[0] == first


def test_scores_are_untouched(engine: Engine) -> None:
    scores = {item["product_id"]: item["score"] for item in items(engine, replace(ASKED, k=24))}
    order(engine, "boost", unseen(engine)[3], factor=50)
    found = items(engine)
    assert [item["score"] for item in found] == [scores[item["product_id"]] for item in found]


def test_a_rule_for_a_product_or_category_holds_for_who_dealt_with_it_last(engine: Engine) -> None:
    def last(product: str) -> RecommendRequest:
        seen = [Interaction("session", one, "view", NOON) for one in ("square-blue", product)]
        return RecommendRequest(history=tuple(seen), k=5)

    order(engine, "pin", "cross-pink", query_product_id="disc-red")
    order(engine, "pin", "cross-green", query_category="disc", position=2)
    assert names(items(engine, last("disc-red")))[:2] == ["cross-pink", "cross-green"]
    assert names(items(engine, last("disc-blue")))[1] == "cross-green"
    plain = names(items(engine, replace(last("bar-red"), rules=False)))
    assert names(items(engine, last("bar-red"))) == plain
    engine.add_interactions([Interaction("newcomer", "disc-red", "like", NOON)])
    assert names(items(engine, RecommendRequest(customer_id="newcomer")))[0] == "cross-pink"


def test_what_cannot_be_shown_is_skipped_and_said_so(engine: Engine) -> None:
    bought = next(
        event.product_id for event in engine.history("customer-03") if "black" not in event.product_id
    )
    seen = order(engine, "pin", bought)
    gone = order(engine, "pin", "disc-black", position=2)
    answer = engine.recommend(ASKED)
    assert names(answer.items) == unseen(engine)[:5]
    assert answer.warnings[-2:] == (
        f"rule {seen} does not pin {bought!r} at position 1: the customer dealt with it already",
        f"rule {gone} does not pin 'disc-black' at position 2: it is out of stock",
    )
    assert names(engine.recommend(replace(ASKED, seen="keep")).items)[0] == bought
    filtered = engine.recommend(replace(ASKED, seen="keep", where='category = "nothing"'))
    assert filtered.items == []


def test_rules_that_fill_the_answer_and_more(engine: Engine) -> None:
    plain = unseen(engine)
    for position, product in enumerate(reversed(plain[:6]), 1):
        order(engine, "pin", product, position=position)
    assert names(items(engine)) == list(reversed(plain[:6]))[:5]


@pytest.fixture
def exploring(shop: Path, fake_embedder: FakeEmbedder) -> Iterator[Engine]:
    with Engine.open(shop, log=LogSettings(explore=0.5)) as opened:
        yield opened


def logged(engine: Engine, answer: RecommendAnswer) -> list[Any]:
    assert engine.parts.log is not None
    assert engine.parts.log.flush()
    return list(engine.shop.recommendation_log.answer(answer.request_id))


def test_the_log_has_true_positions_and_a_pin_has_the_propensity_one(
    engine: Engine, exploring: Engine
) -> None:
    pinned = unseen(engine)[-1]
    order(exploring, "pin", pinned, position=2)
    places, count = Counter[tuple[str, int]](), 150
    told: dict[tuple[str, int], float] = {}
    for _ in range(count):
        answer = exploring.recommend(replace(ASKED, k=3, why=False), "test")
        for position, item in enumerate(answer.items, 1):
            places[str(item["product_id"]), position] += 1
    rows = logged(exploring, answer)
    assert [(row.position, row.product_id) for row in rows] == list(enumerate(names(answer.items), 1))
    assert {row.policy for row in rows} == {"untrained+rules"}
    for row in exploring.shop.recommendation_log.frame().itertuples():
        told[row.product_id, row.position] = row.propensity
    assert told[pinned, 2] == 1.0
    assert places[pinned, 2] == count
    for spot, chance in told.items():
        # Five standard deviations of a share among 150: the seed of each draw is the answer's random id.
        assert abs(places[spot] / count - chance) < 5 * (chance * (1 - chance) / count) ** 0.5 + 1e-9, spot


def test_without_rules_the_policy_is_named_as_before(exploring: Engine) -> None:
    rows = logged(exploring, exploring.recommend(ASKED, "test"))
    assert {row.policy for row in rows} == {"untrained"}
    order(exploring, "block", "disc-red", query_category="bar", surface="similar")
    rows = logged(exploring, exploring.recommend(ASKED, "test"))
    assert {row.policy for row in rows} == {"untrained"}, "no rule speaks of this answer"


def test_exploration_draws_from_what_rules_leave(engine: Engine) -> None:
    from service import ruled_items
    from service.suggesting import _asked, _plan

    pin = unseen(engine)[-1]
    order(engine, "pin", pin, position=1)
    request = replace(ASKED, k=3)
    plan = _plan(engine.parts, request)
    recommender = engine.parts.recommender()
    seen = set()
    for key in map(str, range(40)):
        found = ruled_items.recommend(recommender, _asked(request, 3), plan, Draw(0.5, key))
        spots = [spot.product_id for spot in found.spots]
        assert spots[0] == pin
        assert len(set(spots)) == 3
        assert found.propensities[0] == 1.0
        assert all(0 < p < 1 for p in found.propensities[1:])
        seen |= {*spots[1:]}
    assert len(seen) == 6, "the pool is twice as large as the answer, beside what is pinned"


def test_an_evaluation_is_not_affected(engine: Engine, tmp_path: Path) -> None:
    def evaluated(folder: str) -> object:
        request = EvaluateRequest(models=("popularity",), seeds=1, report=tmp_path / folder)
        found: Any = engine.evaluate(request).evaluation
        return [(one["model"], one["metrics"]) for one in found["models"]]

    before = evaluated("before")
    for product in unseen(engine):
        order(engine, "block", product)
    assert items(engine) == []
    assert evaluated("after") == before
