"""Look-alikes with rules: what a merchandiser orders is what is answered, and why where it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.records import Product
from data.rules import Terms
from service.answers import Json
from service.engine import Engine
from service.requests import Look, SimilarRequest
from tests.service.fakes import FakeEmbedder

ASKED = SimilarRequest(examples=(Look(product_id="disc-red"),), k=6)
LAST = "bar-black"


def hits(engine: Engine, request: SimilarRequest = ASKED) -> list[Json]:
    return engine.similar(request).hits


def names(found: list[Json]) -> list[str]:
    return [str(hit["product_id"]) for hit in found]


def order(engine: Engine, action: Any, product: str, **fields: Any) -> int:
    if action == "pin":
        fields.setdefault("position", 1)
    made: Any = engine.add_rule(Terms(action, product, **fields))
    return int(made["rule"]["rule_id"])


def test_a_pin_is_where_it_was_put_with_its_own_score(engine: Engine) -> None:
    plain = hits(engine)
    everything = {hit["product_id"]: hit for hit in hits(engine, replace(ASKED, k=23))}
    number = order(engine, "pin", LAST, query_product_id="disc-red", position=2)
    found = hits(engine)
    assert names(found) == [names(plain)[0], LAST, *names(plain)[1:5]]
    mark: Any = found[1].pop("rule")
    assert (mark["rule_id"], mark["action"], mark["position"]) == (number, "pin", 2)
    assert found[1] == everything[LAST], "score, photo and aspects are those of the search"
    assert not [hit for hit in found if "rule" in hit]
    assert names(hits(engine, replace(ASKED, rules=False))) == names(plain)


def test_blocked_products_make_room_for_others(engine: Engine) -> None:
    plain = names(hits(engine, replace(ASKED, k=7)))
    order(engine, "block", plain[1])
    assert names(hits(engine)) == [plain[0], *plain[2:7]]


def test_a_boost_raises_from_far_behind_and_lowers(engine: Engine) -> None:
    plain = hits(engine, replace(ASKED, k=23))
    order(engine, "boost", names(plain)[20], plus=2)
    order(engine, "boost", names(plain)[0], plus=-2)
    found = hits(engine, replace(ASKED, k=23))
    assert names(found) == [names(plain)[20], *names(plain)[1:20], *names(plain)[21:], names(plain)[0]]
    first, mark = found[0], found[0]["rule"]
    assert first["score"] == plain[20]["score"]
    assert isinstance(mark, dict)
    assert mark["ordered_by"] == pytest.approx(float(str(first["score"])) + 2, abs=1e-6)


def test_rules_of_the_category_and_of_everywhere(engine: Engine) -> None:
    order(engine, "pin", LAST, query_category="disc")
    order(engine, "pin", "cross-pink", position=2)
    assert names(hits(engine))[:2] == [LAST, "cross-pink"]
    other = names(hits(engine, replace(ASKED, examples=(Look(product_id="square-red"),))))
    assert other[1] == "cross-pink"
    assert LAST not in other[:1]


def test_a_photo_from_outside_knows_only_the_rules_for_everywhere(
    engine: Engine, catalogue: Path, fake_embedder: FakeEmbedder
) -> None:
    photo = SimilarRequest(examples=(Look(photo=catalogue.parent / "disc-red.jpg"),), k=6)
    order(engine, "pin", LAST, query_product_id="disc-red")
    order(engine, "pin", "cross-blue", query_category="disc")
    assert names(hits(engine, photo))[0] == "disc-red"
    order(engine, "pin", "cross-pink")
    assert names(hits(engine, photo))[:2] == ["cross-pink", "disc-red"]


def test_rules_for_recommendations_leave_look_alikes_alone(engine: Engine) -> None:
    plain = names(hits(engine))
    order(engine, "pin", LAST, surface="recommendations")
    assert names(hits(engine)) == plain


def test_rules_hold_only_in_their_time(engine: Engine) -> None:
    plain = names(hits(engine))
    now = datetime.now(UTC)
    order(engine, "pin", LAST, starts=now + timedelta(days=1))
    assert names(hits(engine)) == plain
    order(engine, "pin", LAST, position=2, starts=now - timedelta(days=1), ends=now + timedelta(days=1))
    assert names(hits(engine))[1] == LAST


@pytest.mark.parametrize(
    ("request_", "product", "says"),
    [
        (replace(ASKED, where="in_stock"), "bar-black", "out of stock"),
        (replace(ASKED, where='category = "disc"'), "bar-red", "the filter leaves it out"),
        (replace(ASKED, exclude=frozenset({"bar-red"})), "bar-red", "excludes it"),
        (replace(ASKED, min_score=0.999), "bar-blue", "score lies below"),
        (ASKED, "disc-red", "what is asked about"),
        (ASKED, "bare", "no photo"),
    ],
)
def test_what_the_request_asks_stands_above_a_pin_and_the_answer_says_so(
    engine: Engine, request_: SimilarRequest, product: str, says: str
) -> None:
    engine.put_product(Product("bare", "no photo yet"))
    order(engine, "pin", product)
    answer = engine.similar(request_)
    assert product not in names(answer.hits)
    assert [says in text for text in answer.warnings].count(True) == 1


def test_a_deleted_product_is_skipped_and_said_so(engine: Engine) -> None:
    plain = names(hits(engine))
    number = order(engine, "pin", LAST)
    engine.delete_product(LAST)
    answer = engine.similar(ASKED)
    assert names(answer.hits) == plain
    assert answer.warnings == (
        f"rule {number} does not pin 'bar-black' at position 1: it is not in the shop any more",
    )


def test_of_two_pins_on_one_position_the_later_wins_and_both_answers_say_so(engine: Engine) -> None:
    first = order(engine, "pin", LAST)
    made: Any = engine.add_rule(Terms("pin", "cross-pink", position=1))
    assert made["overrules"] == [first]
    assert f"the later rule {made['rule']['rule_id']} wins" in made["warnings"][0]
    answer = engine.similar(ASKED)
    assert names(answer.hits)[0] == "cross-pink"
    assert "has that position" in answer.warnings[0]
    listed: Any = engine.rules()
    assert [one["overruled_by"] for one in listed] == [made["rule"]["rule_id"], None]
    engine.undo_rule()
    assert names(hits(engine))[0] == LAST


def test_diversity_near_duplicates_and_several_examples_go_together_with_rules(engine: Engine) -> None:
    order(engine, "pin", LAST, query_product_id="square-red", position=3)
    order(engine, "block", "disc-blue")
    several = SimilarRequest(
        examples=(Look(product_id="disc-red"), Look(product_id="square-red")),
        k=8,
        diversity=0.7,
        near_duplicates="suppress",
    )
    found = names(hits(engine, several))
    assert len(found) == len(set(found)) == 8
    assert found[2] == LAST
    assert "disc-blue" not in found
